"""The endpoint as an ASGI application, to be mounted in another one or run on its own.

It stands on the open internet. So nothing is read beyond `MAX_BYTES`, nothing is waited for beyond
`PATIENCE`, an answer tells a stranger nothing about tasks, and of a delivery only the provider's id
and what came of it are logged.
"""

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from rushes import (
    AsyncClient,
    ConfigurationError,
    DeliveryError,
    NotOfferedError,
    RushesError,
    UnknownVariantError,
)

__all__ = ["MAX_BYTES", "PATIENCE", "Endpoint"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BYTES = 1024 * 1024
"""The largest delivery that is read; those of the providers have some kilobytes."""
PATIENCE = 10.0
"""Seconds for a delivery to arrive whole, and again for it to be verified and recorded."""

_NOBODY = "no such provider, or it sends nothing"
_PROVIDER = re.compile(r"[a-z0-9-]{1,100}")
_log = logging.getLogger("rushes.webhooks")


class _Answer(Exception):
    """Ends the work on a request: what is answered, and what more is logged."""

    def __init__(self, status: int, says: str, why: object = "", **headers: str) -> None:
        super().__init__(says)
        self.status, self.says, self.why, self.headers = status, says, why, headers


class Endpoint:
    """Takes what providers send to `/PROVIDER`, and says at `/health` how it is.

    `client` belongs to whoever makes this, and must stay open: its journal has to be the one of
    those who wait for the tasks, and it has to know the secrets that providers sign with.

    The answer is 200 if a delivery is taken, and also if it came before or is about a task that is
    not ours; 401 if the provider did not sign it, or it is too old; 404 for a provider that is not
    installed or sends nothing; 405, 408, 413 for what is no POST, not here in time, or too large;
    503 if it cannot be judged or recorded now, so that the provider sends it again.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        #: How many deliveries were answered with which status.
        self.answered: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"]).removeprefix(scope.get("root_path", "")).strip("/")
        if path == "health" and scope["method"] in ("GET", "HEAD"):
            await _send(send, await self._health(), scope)
            return
        provider = path.removesuffix("/callback")  # apimart adds this to the address it is given
        try:
            answer = await self._taken(provider, scope, receive)
        except _Answer as other:
            answer = other
        except Exception as error:  # noqa: BLE001 - a stranger's delivery must not end the server
            answer = _Answer(500, "the delivery cannot be taken", type(error).__name__)
        self.answered[answer.status] += 1
        level = logging.ERROR if answer.status >= 500 else logging.WARNING
        _log.log(
            logging.INFO if answer.status == 200 else level,
            "answered: provider=%.64r status=%s reason=%s",
            provider,
            answer.status,
            " ".join(str(answer.why or answer.says).split())[:300],
        )
        await _send(send, answer, scope)

    async def _taken(self, provider: str, scope: Scope, receive: Receive) -> _Answer:
        """Have one delivery verified and recorded; raises the answer if it is not."""
        if scope["method"] != "POST":
            raise _Answer(405, "a delivery is a POST", allow="POST")
        if not _PROVIDER.fullmatch(provider):
            raise _Answer(404, _NOBODY)
        headers = _headers(scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and (len(length) > 15 or int(length) > MAX_BYTES):
            raise _Answer(413, f"a delivery has at most {MAX_BYTES} bytes")
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _body(receive)
        except TimeoutError:
            raise _Answer(408, f"the delivery was not here within {PATIENCE:g} seconds") from None
        try:
            async with asyncio.timeout(PATIENCE):
                task = await self._client.receive(provider, headers, body)
        except TimeoutError:
            raise _not_now("it took too long") from None
        except (UnknownVariantError, NotOfferedError) as error:
            raise _Answer(404, _NOBODY, error) from None
        except DeliveryError as error:
            if error.again:
                raise _not_now(error) from None
            raise _Answer(401, "the delivery is not what the provider signs", error) from None
        except ConfigurationError as error:  # the journal is away, a secret is missing
            raise _not_now(error) from None
        return _Answer(200, "taken", f"task={task.id}" if task else "not about a task of ours")

    async def _health(self) -> _Answer:
        """Say whether deliveries can be taken: whether the journal answers."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.tasks(limit=1)
        except (RushesError, TimeoutError):
            return _Answer(503, "the journal is away")
        return _Answer(200, "ok")


def _not_now(why: object) -> _Answer:
    return _Answer(503, "the delivery cannot be taken now", why, retry_after="30")


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by their names in lower case; several of one name are one list."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Answer(400, "the delivery ended early")
        parts += message.get("body", b"")
        if len(parts) > MAX_BYTES:
            raise _Answer(413, f"a delivery has at most {MAX_BYTES} bytes")
        if not message.get("more_body"):
            return bytes(parts)


async def _send(send: Send, answer: _Answer, scope: Scope) -> None:
    body = json.dumps({"message": answer.says}).encode()
    named = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in answer.headers.items()},
    }
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _live(receive: Receive, send: Send) -> None:
    """Start and end with a server that says so; there is nothing to prepare."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
