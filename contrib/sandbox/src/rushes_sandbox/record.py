"""The one place that every exchange passes: bodies are read, limited and kept here."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The largest body that is read at all, in bytes: APIMart's largest image and its wrapping.
LARGEST_BODY = 21 * 1024 * 1024

#: How much more is read and thrown away, so that a sender gets to hear why it was refused.
PATIENCE = 64 * 1024 * 1024


@dataclass(eq=False)
class Exchange:
    """One request, and the HTTP status it was answered with (None when it was not)."""

    method: str
    path: str
    #: Header names are in lower case; of a repeated header the last value is kept.
    headers: dict[str, str]
    body: bytes = b""
    status: int | None = None
    #: Whether the body was larger than what is read.
    too_large: bool = field(default=False, repr=False)


class Recorder:
    """An ASGI layer around the whole server.

    A handler finds the exchange in `request.scope["exchange"]`, its body read to the end.
    """

    def __init__(self, app: ASGIApp, exchanges: list[Exchange], *, record: bool = True) -> None:
        self._app = app
        self._exchanges = exchanges
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = opened(scope)
        if not await _read(exchange, receive):
            return
        if self._record:
            self._exchanges.append(exchange)
        whole: list[Message] = [{"type": "http.request", "body": exchange.body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        async def note(message: Message) -> None:
            # Before it is sent: who has the answer can rely on the record.
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        await self._app({**scope, "exchange": exchange}, replay, note)


def opened(scope: Scope) -> Exchange:
    """Start an exchange: what is known before the body is read."""
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    return Exchange(scope["method"], scope["path"], headers)


async def _read(exchange: Exchange, receive: Receive) -> bool:
    """Read the body; False when the client went away before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            exchange.too_large = True
            parts.clear()
        else:
            parts.append(part)
        if not message.get("more_body", False) or size > LARGEST_BODY + PATIENCE:
            exchange.body = b"".join(parts)
            return True
