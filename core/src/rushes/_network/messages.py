"""What has arrived as an Answer, and the libraries' exceptions as our own two.

A failure before any of the request was sent is NotSent; one that may have reached the other side is
Interrupted: https://www.python-httpx.org/exceptions/
"""

import email.utils
import time
from collections.abc import Callable
from functools import lru_cache

import httpcore
import httpx
import msgspec

from rushes._flow import Interrupted, NotSent, Send, Stalled
from rushes._network.active_call import ActiveCall, keep_libraries_silent
from rushes._network.decoding import decoded
from rushes._network.long_texts import WithoutLongTexts
from rushes._network.requests import Incoming
from rushes.calls import Answer

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
FAILED = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)
"""What the libraries raise when an exchange fails."""
_TIMED_OUT = (httpcore.TimeoutException, httpx.TimeoutException)
_STALLED = (httpcore.ReadTimeout, httpx.ReadTimeout)
_EARLY = 0.02
"""Seconds by which a timer may end before it is due: uvloop counts milliseconds, and Windows ticks
of 16 (https://docs.python.org/3/library/asyncio-platforms.html)."""

keep_libraries_silent()


def failed(error: Exception, active: ActiveCall) -> Exception:
    """Return the NotSent or Interrupted that one of the libraries' exceptions means."""
    over = active.seconds_left <= (_EARLY if isinstance(error, _TIMED_OUT) else 0)
    if isinstance(error, _NEVER_LEFT):
        active.mark_unsent()  # as reported by an embedder's transport
    text = str(error).strip()
    words = f"{type(error).__name__}: {text}" if text else type(error).__name__
    words = active.timeout_message if over else words
    if not active.sent:
        return NotSent(words)
    stalled = isinstance(error, _STALLED) and not over
    return Stalled(words) if stalled else Interrupted(words)


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


def answer_of(incoming: Incoming, body: bytes = b"") -> Answer:
    """Make the Answer of what has arrived."""
    headers: dict[str, str] = {}
    for name, value in incoming.headers:
        try:
            text = value.decode().strip(" \t")
        except UnicodeDecodeError:
            text = value.decode("latin-1").strip(" \t")
        key = name.decode("latin-1").lower()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    # A recipient with a clock records when an answer without a Date arrived (RFC 9110, 6.6.1).
    dated = "date" in headers
    if not dated:
        headers["date"] = _date(int(time.time()))
    return Answer(incoming.status, headers, body, dated)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)


def unpacked_answer(incoming: Incoming, body: bytes) -> Answer:
    """Make the Answer of what has arrived, its body unpacked; raise Interrupted if that fails."""
    answer = answer_of(incoming, body)
    if "content-encoding" not in answer.headers:
        return answer
    try:
        headers, body = decoded(answer.headers, body, MAX_ANSWER)
    except Interrupted as failure:
        raise Interrupted(f"HTTP {answer.status}, but {failure}") from failure
    return msgspec.structs.replace(answer, headers=headers, body=body)
