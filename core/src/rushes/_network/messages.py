"""Calls in the words of httpx and httpcore, and what they give back in ours.

What failed before anything of the request left is NotSent; whatever may have reached the other side
is Interrupted: https://www.python-httpx.org/exceptions/
"""

import email.utils
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from rushes._flow import Interrupted, NotSent, Send, Stalled, Stream
from rushes._network.decoding import decoded
from rushes._network.exchange import Exchange, keep_libraries_silent
from rushes._network.settings import Settings
from rushes.calls import Answer
from rushes.urls import shown

PIECE = 16 * 1024
"""Bytes of a body that are written at once."""
MAX_ANSWER = 4 * 1024 * 1024
"""Bytes that an answer to anything but a download may have, unpacked."""
BEGINNING = 4096
"""Bytes that are read of an answer that was to be a video and is none."""
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_FAILED = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)
_STALLED = (httpcore.ReadTimeout, httpx.ReadTimeout)

keep_libraries_silent()


def fresh(effect: Send | Stream) -> bool:
    """Whether a call gets a connection that nobody else uses, before or after."""
    return isinstance(effect, Stream) or effect.creating


def request_of(effect: Send | Stream, settings: Settings) -> httpx.Request:
    """Put a call into httpx's words; a connection that is used once says so.

    The call's own headers are nobody's local variable here: a traceback may show its locals.
    """
    read = min(settings.timeouts.read, effect.total)
    connect = min(settings.timeouts.connect, effect.total)
    where = repr(shown(effect.call.url))
    try:
        request = httpx.Request(
            effect.call.method,
            effect.call.url,
            headers={
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "rushes",
                "Connection": "close" if fresh(effect) else "keep-alive",
                **{name.title(): value for name, value in effect.call.headers.items()},
            },
            content=effect.call.body,
            extensions={"timeout": {"connect": connect, "read": read, "write": read}},
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{where} is no address: {error}") from without_frames(error)
    if request.url.scheme not in ("http", "https"):
        raise NotSent(f"{where} is no http(s) address")
    if request.method == "CONNECT":
        raise NotSent("CONNECT asks a proxy for a way through; it is no call")
    return request


class Pieces:
    """A body in pieces, for either half of httpcore; the deadline is looked at before each."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), PIECE):
            yield self._body[start : start + PIECE]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def core_of(request: httpx.Request, effect: Send | Stream) -> httpcore.Request:
    """Put a request into httpcore's words."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=Pieces(effect.call.body or b""),
        extensions=request.extensions,
    )


def received(core: httpcore.Response) -> httpx.Response:
    """Put what httpcore received into httpx's words."""
    stream: Any = core.stream
    return httpx.Response(core.status, headers=core.headers, stream=stream)


def body_of(response: httpx.Response) -> Any:
    """Return the body as it comes; what httpx gathers to fill a chunk is lost with a connection."""
    return response.stream


@contextmanager
def failures(exchange: Exchange) -> Iterator[None]:
    """Turn what the libraries raise into our two words."""
    try:
        yield
    except _FAILED as error:
        text = str(error).strip()
        words = f"{type(error).__name__}: {text}" if text else type(error).__name__
        words = words if exchange.left > 0 else exchange.words
        if isinstance(error, _NEVER_LEFT):
            exchange.stayed()  # an embedder's transport says so
        failure: type[Exception] = Interrupted if exchange.sent else NotSent
        if exchange.sent and exchange.left > 0 and isinstance(error, _STALLED):
            failure = Stalled
        raise failure(words) from without_frames(error)


def without_frames(error: Exception) -> Exception:
    """Take the libraries' frames off an error: they hold the request as sent, key and all."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def in_time(exchange: Exchange) -> None:
    """Raise Interrupted where an exchange is over."""
    if exchange.left <= 0:
        raise Interrupted(exchange.words)


def bounded(body: bytearray, most: int) -> bytes:
    """Return the beginning of a body; raise Interrupted where it is more than any answer has."""
    if len(body) > MAX_ANSWER:
        raise Interrupted(f"the answer is larger than {MAX_ANSWER} bytes")
    return bytes(body[:most])


def answer_of(response: httpx.Response, body: bytes = b"") -> Answer:
    """Put an answer into our words."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    # Whoever has a clock notes when an answer without a Date came (RFC 9110, 6.6.1).
    headers.setdefault("date", email.utils.formatdate(usegmt=True))
    return Answer(response.status_code, headers, body)


def whole(response: httpx.Response, body: bytes) -> Answer:
    """Put an answer into our words, its body unpacked; raise Interrupted where that fails."""
    answer = answer_of(response)
    try:
        headers, body = decoded(answer.headers, body, MAX_ANSWER)
    except Interrupted as failure:
        raise Interrupted(f"HTTP {answer.status}, but {failure}") from failure
    return Answer(answer.status, headers, body)
