"""fal's notifications, signed with one of its Ed25519 keys: it publishes them as a JWKS (RFC 8037).

https://fal.ai/docs/documentation/model-apis/inference/webhooks
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
from rushes import (
    Answer,
    Call,
    Delivery,
    Event,
    Steps,
    Variant,
    hookimpl,
    is_recent,
    pick,
    pick_text,
)

HEADERS = tuple(
    f"x-fal-webhook-{name}" for name in ("request-id", "user-id", "timestamp", "signature")
)


@hookimpl
def parse_webhook(variant: Variant, delivery: Delivery, now: float) -> Steps[Event | None]:
    """Fetch fal's public keys, and read a delivery that one of them signed."""
    if any(name not in delivery.headers for name in HEADERS):
        return None
    *signed, signature = (delivery.headers[name] for name in HEADERS)
    body = delivery.json()
    about = pick_text(body, "request_id")
    if about is None or not is_recent(signed[-1], now):
        return None
    published = yield Call.get(variant.url("/.well-known/jwks.json", "rest"))
    message = "\n".join((*signed, hashlib.sha256(delivery.body).hexdigest()))
    if not _is_signed(message.encode("utf-8", "replace"), signature, published):
        return None
    return Event(remote_id=about, verified=True, id=about, answer=_answer(body))


def _answer(body: Any) -> Answer | None:
    """Return what a poll would be answered, as `poll` puts it together; None if it does not say."""
    word = pick_text(body, "status")
    if word != "ERROR" and pick_text(body, "payload", "video", "url") is None:
        return None
    status = {**body, "status": "ERROR" if word == "ERROR" else "COMPLETED"}
    return Answer(200, {}, msgspec.json.encode(status))


def _is_signed(message: bytes, signature: str, published: Answer) -> bool:
    """Whether one of the published keys signed a message."""
    # Only whoever receives notifications needs it, and it takes a while to import.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in _keys(published):
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def _keys(published: Answer) -> Iterator[bytes]:
    keys = pick(published.json(), "keys")
    for key in keys if isinstance(keys, list) else ():
        if (text := pick_text(key, "x")) and text.isascii():
            yield base64.urlsafe_b64decode(f"{text}==")
