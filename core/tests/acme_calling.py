"""The made-up provider once more: it calls an address when a clip changes, and signs what it says.

Signed are the time and the body, with a secret, or with a key that it publishes.
"""

import hmac
import json
from collections.abc import Sequence
from typing import Any

from acme_declared import ANSWERS, SHARED, upload
from acme_zoom import PAGE, Payload
from msgspec import Struct
from rushes import (
    Answer,
    Call,
    Delivery,
    Event,
    Provider,
    Steps,
    To,
    TransportURL,
    Variant,
    absent,
    hookimpl,
    is_recent,
    is_signed,
    pick,
    pick_text,
)

SECRET, OLD_SECRET = "acme-webhook-secret-81", "acme-webhook-secret-80"


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """About the delivery."""

    notify: TransportURL = absent()
    note: str = absent()


class Calling(Payload, kw_only=True):
    """A clip, and whom to call."""

    delivery: Options = absent(Options())


def _reader(function: Any) -> Any:
    """Mark a function as the hook `parse_webhook`, whatever its own name is."""
    function.__name__ = "parse_webhook"
    return hookimpl(function)


def _is_genuine(delivery: Delivery, secrets: Sequence[str], now: float) -> bool:
    time = delivery.headers.get("acme-time", "")
    message = time.encode("utf-8", "replace") + b"." + delivery.body
    signatures = [delivery.headers.get("acme-signature", "")]
    keys = [secret.encode() for secret in secrets]
    return is_signed(message, signatures, keys) and is_recent(time, now)


def _event(delivery: Delivery, *, verified: bool) -> Event | None:
    body = delivery.json()
    about = pick_text(body, "clip", "ref")
    answer = Answer(200).with_json(body) if pick(body, "clip", "stage") else None
    name = pick_text(body, "event")
    return Event(remote_id=about, verified=verified, id=name, answer=answer)


@_reader
def by_secret(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read what is signed with a secret."""
    return _event(delivery, verified=True) if _is_genuine(delivery, secrets, now) else None


@_reader
def unsigned(delivery: Delivery) -> Event | None:
    """Read what anybody can send."""
    event = _event(delivery, verified=False)
    return event if event and event.remote_id else None


@_reader
def by_published_key(variant: Variant, delivery: Delivery, now: float) -> Steps[Event | None]:
    """Read what is signed with a key that the provider publishes; here it is no secret."""
    published = yield Call.get(variant.url("/keys.json"))
    keys = pick(published.json(), "keys")
    names = [str(key) for key in keys] if isinstance(keys, list) else []
    return _event(delivery, verified=True) if _is_genuine(delivery, names, now) else None


def calling(reader: Any = by_secret, model: str = "zoom", **changes: Any) -> Variant:
    """Return a variant that calls."""
    facts = {"callback_field": "delivery.notify", "answers": ANSWERS, **changes}
    acme = Provider(**{**SHARED, "hooks": (upload, reader), **facts})
    return acme.variant(
        model,
        payload=Calling,
        page=PAGE,
        fields={"prompt": To("text"), "images.reference": To("pictures[]")},
    )


def delivery(
    ref: str, now: float, *, stage: str = "", event: str = "e-1", secret: str = SECRET
) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a delivery about a clip."""
    clip = {"ref": ref, **({"stage": stage} if stage else {})}
    body = json.dumps({"event": event, "clip": clip}).encode()
    time = str(int(now))
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, "sha256").hexdigest()
    return {"Acme-Time": time, "ACME-SIGNATURE": digest}, body
