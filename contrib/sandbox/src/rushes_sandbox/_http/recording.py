"""Reads, limits and records every request before a gateway handles it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rushes_sandbox._http.exchange import Exchange

#: The largest body that is kept, in bytes: APIMart's largest image and the form around it.
MAX_BODY = 21 * 1024 * 1024

#: How many more bytes are read and discarded, so that a client that sends too much still gets the
#: error response.
MAX_DISCARDED = 64 * 1024 * 1024


class RecordingMiddleware:
    """ASGI middleware: puts the exchange, with its whole body, into `scope["exchange"]`."""

    def __init__(self, app: ASGIApp, exchanges: list[Exchange], *, record: bool) -> None:
        self._app = app
        self._exchanges = exchanges
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = Exchange.from_scope(scope)
        if not await _read_body(exchange, receive):
            return
        if self._record:
            self._exchanges.append(exchange)
        unread: list[Message] = [
            {"type": "http.request", "body": exchange.body, "more_body": False}
        ]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        async def record_status(message: Message) -> None:
            # Before sending: a client that has the response can rely on the record.
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        await self._app({**scope, "exchange": exchange}, replay, record_status)


async def _read_body(exchange: Exchange, receive: Receive) -> bool:
    """Read the body; False if the client disconnected before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            exchange.too_large = True
            parts.clear()
        else:
            parts.append(part)
        if not message.get("more_body", False) or size > MAX_BODY + MAX_DISCARDED:
            exchange.body = b"".join(parts)
            return True
