"""A call as it is sent: its address taken apart, every header, and how long each step may take."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import httpcore
import httpx
from msgspec import Struct

from rushes._flow import NotSent, Send, Stream
from rushes._network.addresses import PORTS, Address, address_of
from rushes._network.settings import NetworkSettings
from rushes._structs.unshown import Unshown
from rushes.problems import show
from rushes.urls import without_secrets

PIECE = 16 * 1024
"""Bytes of a body to write at once."""
_WITH_BODY = ("POST", "PUT", "PATCH")
_FRAMING = ("connection", "content-length", "host", "transfer-encoding")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")


class Request(Unshown, frozen=True, kw_only=True):
    """A call as it is sent; `connect` and `read` are in seconds, `read` for the next bytes."""

    method: str
    url: str
    address: Address
    headers: Mapping[str, str]
    body: bytes
    fresh: bool
    """Whether it needs a new connection, on which no other call was made before."""
    once: bool
    """Whether no other call follows on its connection, which is closed."""
    connect: float
    read: float

    def __repr__(self) -> str:
        """Show no header: one contains the key, and tracebacks that show locals show this."""
        return f"<Request {self.method} {without_secrets(self.url)}>"


class Incoming(Struct, frozen=True):
    """An answer whose head has arrived; `pieces` are those of its body, sync or async."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    pieces: Any


def request_of(effect: Send | Stream, settings: NetworkSettings) -> Request:
    """Make the request of a call.

    Paid calls and downloads have new connections. That of a paid call is kept for the polls that
    follow; that of a download is marked `close`. Raises NotSent if it cannot be sent. The call's
    headers are not kept in a local variable: a traceback may show its locals.
    """
    call, method = effect.call, effect.call.method.upper()
    try:
        address = address_of(call.url)
    except (httpx.InvalidURL, ValueError) as error:
        where = show(without_secrets(call.url))
        raise NotSent(f"{where} is not a valid address: {error}") from without_frames(error)
    if method == "CONNECT" or not _TOKEN.fullmatch(method):
        raise NotSent(f"{method!r} is not a method that a call can have")
    body = call.body or b""
    once = isinstance(effect, Stream)
    paid = isinstance(effect, Send) and effect.dispatch is not None
    return Request(
        method=method,
        url=call.url,
        address=address,
        headers={
            "Host": address.authority,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "rushes",
            "Connection": "close" if once else "keep-alive",
            **_checked(call.headers),
            **({"Content-Length": str(len(body))} if body or method in _WITH_BODY else {}),
        },
        body=body,
        fresh=once or paid,
        once=once,
        connect=min(settings.timeouts.connect, effect.total),
        read=min(settings.timeouts.read, effect.total),
    )


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as they are sent; raise NotSent if HTTP does not allow one of them."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise NotSent(f"the header {name!r} has a character that HTTP does not allow in one")
        if name.lower() in _FRAMING:
            raise NotSent(f"the header {name!r} is set by the transport; a call cannot set it")
    return {name.title(): value for name, value in headers.items()}


def for_httpx(request: Request) -> httpx.Request:
    """Make the request that an embedder's httpx transport is given."""
    return httpx.Request(
        request.method,
        request.url,
        headers=_encoded(request),
        content=request.body,
        extensions=_times(request),
    )


def for_httpcore(request: Request) -> httpcore.Request:
    """Make the request that a connection of httpcore's is given."""
    address = request.address
    port = None if address.port == PORTS[address.scheme] else address.port  # as a proxy is told it
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=address.scheme, host=address.host, port=port, target=address.target),
        headers=_encoded(request),
        content=Pieces(request.body),
        extensions=_times(request),
    )


def _encoded(request: Request) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items()]


def _times(request: Request) -> dict[str, dict[str, float]]:
    return {"timeout": {"connect": request.connect, "read": request.read, "write": request.read}}


def received(response: httpx.Response) -> Incoming:
    """Return what an embedder's httpx transport has received; httpx's own reading loses pieces."""
    return Incoming(response.status_code, response.headers.raw, response.stream)


class Pieces:
    """A body in pieces, sync or async; the deadline is checked before each piece."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), PIECE):
            yield self._body[start : start + PIECE]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def without_frames(error: Exception) -> Exception:
    """Remove the libraries' frames from an error: they hold the request as sent, with the key."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
