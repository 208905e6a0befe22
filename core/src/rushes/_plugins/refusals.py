"""What an error answer means by its HTTP status, and when it says to come back."""

import email.utils
from collections.abc import Mapping

from rushes.answers import RefusalKind
from rushes.calls import Answer, pick, pick_text
from rushes.task import Refusal

UNSAYING = frozenset((408, 409, 425))
"""Statuses, besides every 5xx, after which a task may or may not exist."""
_KINDS: Mapping[int, RefusalKind] = {401: "key", 402: "balance", 403: "key", 429: "wait"}
"""What some statuses of 4xx mean; any other is simply a refusal."""


def refusal_by_status(status: int, answer: Answer, message: str | None = None) -> Refusal:
    """Say what an HTTP status means for a call; `message` is the provider's own, if it is known.

    Otherwise the message is looked for in its usual places.
    """
    data = answer.json()
    message = (
        message
        or pick_text(data, "error", "message")
        or pick_text(data, "message")
        or pick_text(data, "error")
        or f"HTTP status {status}"
    )
    if encoding := answer.headers.get("content-encoding"):
        message += f", sent with the unsupported content encoding {encoding!r}"
    code = pick(data, "error", "code")
    kind: RefusalKind = "unknown"
    if 400 <= status < 500 and status not in UNSAYING:
        kind = _KINDS.get(status, "refused")
    return Refusal(
        kind=kind,
        message=message,
        code=str(code) if isinstance(code, (str, int)) else None,
        retry_after=retry_after(answer),
    )


def retry_after(answer: Answer) -> float | None:
    """Read Retry-After in seconds (RFC 9110, 10.2.3); a date is compared to the answer's Date."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    then, now = http_date(text), http_date(answer.headers.get("date", ""))
    return min(max(0.0, then - now), 1e9 - 1) if then is not None and now is not None else None


def http_date(text: str) -> float | None:
    """Read a date as HTTP writes it (RFC 9110, 5.6.7), in seconds since 1970."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
