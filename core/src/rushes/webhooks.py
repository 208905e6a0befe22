"""What a provider calls us with: a delivery, the event it tells of, and how one is verified."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from rushes._structs.type_info import ready
from rushes._structs.unshown import Unshown
from rushes.calls import Answer

__all__ = ["Delivery", "Event", "is_recent", "is_signed"]


class Delivery(Unshown, frozen=True):
    """One request to our endpoint. Header names are in lower case; the body is as received."""

    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Return the body decoded as JSON, or None if it is not valid JSON."""
        return Answer(200, {}, self.body).json()

    def __repr__(self) -> str:
        return f"<a delivery ({', '.join(self.headers)}; {len(self.body)} bytes)>"


class Event(Struct, frozen=True, kw_only=True):
    """What a delivery tells.

    `remote_id` is the provider's id of the task that it is about, None if it is about none (a test
    of the endpoint). `id` is the event's own: one that comes again has the same. `verified` says
    whether it has a signature that was checked and is right; an event that is not verified is only
    a reason to poll. `answer` is what a poll would be answered, if the delivery contains that;
    `parse_status` reads it like the answer to a poll.
    """

    remote_id: str | None
    verified: bool
    id: str | None = None
    answer: Answer | None = None


ready(Event)


def is_signed(
    message: bytes,
    signatures: Iterable[str],
    secrets: Iterable[bytes],
    *,
    encoding: Literal["hex", "base64"] = "hex",
) -> bool:
    """Whether one of several signatures is a message's HMAC-SHA256 with one of several secrets.

    Each is compared in constant time, and all of them are, whichever is right (RFC 2104). Raises
    ValueError for another encoding.
    """
    if encoding not in ("hex", "base64"):
        raise ValueError(f"encoding is 'hex' or 'base64', not {encoding!r}")
    given = [signature.encode("utf-8", "replace") for signature in signatures]
    right = [
        hmac.compare_digest(_written(hmac.digest(secret, message, "sha256"), encoding), signature)
        for secret in secrets
        if secret  # anybody can sign with an empty one
        for signature in given
    ]
    return any(right)


def _written(digest: bytes, encoding: str) -> bytes:
    return digest.hex().encode() if encoding == "hex" else base64.b64encode(digest)


def is_recent(timestamp: str, now: float, skew: float = 300.0) -> bool:
    """Whether a timestamp, in seconds since 1970, is at most `skew` seconds early or late."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 15):
        return False
    return abs(now - int(timestamp)) <= skew
