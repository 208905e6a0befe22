"""Calls translated for httpx and httpcore, and their responses translated back.

A failure before any of the request was sent is NotSent; one that may have reached the other side is
Interrupted: https://www.python-httpx.org/exceptions/
"""

import email.utils
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
import msgspec

from rushes._flow import Interrupted, NotSent, Send, Stalled, Stream
from rushes._network.active_call import ActiveCall, keep_libraries_silent
from rushes._network.decoding import decoded
from rushes._network.long_texts import WithoutLongTexts
from rushes._network.settings import NetworkSettings
from rushes.calls import Answer
from rushes.urls import without_secrets

PIECE = 16 * 1024
"""Bytes of a body to write at once."""
MAX_ANSWER = 4 * 1024 * 1024
"""How many bytes an answer may have, unpacked, unless it is a download."""
BEGINNING = 4096
"""Bytes to read of an answer that should be a video and is not."""
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
    """Whether a call gets a new connection that no other call uses."""
    return isinstance(effect, Stream) or effect.creating


def request_of(effect: Send | Stream, settings: NetworkSettings) -> httpx.Request:
    """Make the httpx request of a call; a connection that is used once is marked `close`.

    The call's headers are not kept in a local variable: a traceback may show its locals.
    """
    read = min(settings.timeouts.read, effect.total)
    connect = min(settings.timeouts.connect, effect.total)
    where = repr(without_secrets(effect.call.url))
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
        raise NotSent(f"{where} is not a valid address: {error}") from without_frames(error)
    if request.url.scheme not in ("http", "https"):
        raise NotSent(f"{where} is not an http(s) address")
    if request.method == "CONNECT":
        raise NotSent("CONNECT asks a proxy for a tunnel; it cannot be used for a call")
    return request


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


def core_of(request: httpx.Request, effect: Send | Stream) -> httpcore.Request:
    """Make the httpcore request of an httpx request."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=Pieces(effect.call.body or b""),
        extensions=request.extensions,
    )


def received(core: httpcore.Response) -> httpx.Response:
    """Make the httpx response of an httpcore response."""
    stream: Any = core.stream
    return httpx.Response(core.status, headers=core.headers, stream=stream)


def body_of(response: httpx.Response) -> Any:
    """Return the body as it arrives; httpx would lose buffered bytes if the connection fails."""
    return response.stream


@contextmanager
def failures(active: ActiveCall) -> Iterator[None]:
    """Turn the libraries' exceptions into NotSent or Interrupted."""
    try:
        yield
    except _FAILED as error:
        text = str(error).strip()
        words = f"{type(error).__name__}: {text}" if text else type(error).__name__
        words = words if active.seconds_left > 0 else active.timeout_message
        if isinstance(error, _NEVER_LEFT):
            active.mark_unsent()  # as reported by an embedder's transport
        failure: type[Exception] = Interrupted if active.sent else NotSent
        if active.sent and active.seconds_left > 0 and isinstance(error, _STALLED):
            failure = Stalled
        raise failure(words) from without_frames(error)


def without_frames(error: Exception) -> Exception:
    """Remove the libraries' frames from an error: they hold the request as sent, with the key."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def check_deadline(active: ActiveCall) -> None:
    """Raise Interrupted if the time of an exchange is over."""
    if active.seconds_left <= 0:
        raise Interrupted(active.timeout_message)


def bounded(body: bytearray, most: int) -> bytes:
    """Return the beginning of a body; raise Interrupted if it is too large for any answer."""
    if len(body) > MAX_ANSWER:
        raise Interrupted(f"the answer is larger than {MAX_ANSWER} bytes")
    return bytes(body[:most])


def kept_of(effect: Send) -> Callable[[bytes], bytes]:
    """Return what keeps of each piece of an answer's body what is wanted: usually all of it."""
    return WithoutLongTexts().keep if effect.thin else bytes


def answer_of(response: httpx.Response, body: bytes = b"") -> Answer:
    """Make the Answer of a response."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    # A recipient with a clock records when an answer without a Date arrived (RFC 9110, 6.6.1).
    dated = "date" in headers
    headers.setdefault("date", email.utils.formatdate(usegmt=True))
    return Answer(response.status_code, headers, body, dated)


def unpacked_answer(response: httpx.Response, body: bytes) -> Answer:
    """Make the Answer of a response, its body unpacked; raise Interrupted if that fails."""
    answer = answer_of(response)
    try:
        headers, body = decoded(answer.headers, body, MAX_ANSWER)
    except Interrupted as failure:
        raise Interrupted(f"HTTP {answer.status}, but {failure}") from failure
    return msgspec.structs.replace(answer, headers=headers, body=body)
