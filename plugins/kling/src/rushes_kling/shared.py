"""What both generations of Kling's API share: address, keys, error codes, callbacks.

https://kling.ai/document-api/api/get-started/error-codes and .../callbacks
"""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rushes import (
    Answer,
    Codes,
    Delivery,
    Event,
    Polling,
    Provider,
    Uploads,
    absent,
    is_recent,
    is_signed,
)

PAGES = "https://kling.ai/document-api"
CODES = Codes(
    path="code",
    means={
        **dict.fromkeys((1000, 1001, 1002, 1003, 1004), "key"),
        1100: "refused",  # the account is abnormal
        **dict.fromkeys((1101, 1102), "balance"),
        1103: "refused",  # the account has no right to this model
        **dict.fromkeys((1200, 1201, 1202, 1203), "refused"),
        **dict.fromkeys((1300, 1301), "content"),
        1302: "wait",  # too many calls
        1303: "wait",  # too many tasks at once; each counts until it ends
        1304: "refused",  # the IP address is not among those allowed
        **dict.fromkeys((5000, 5001, 5002), "unknown"),
    },
    success=(0,),
    otherwise="refused",
)
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Watermark(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether to make a second video, with a watermark."""

    enabled: bool = absent(False)


def images(max_mib: int) -> Uploads:
    """Return how local images are sent: as base64 text, without a prefix."""
    return Uploads(
        types=("image/jpeg", "image/png"),
        max_bytes=max_mib * 1024 * 1024,  # the larger of the two meanings of MB
        inline="{base64}",
    )


def provider(**own: Any) -> Provider:
    """Declare one of the two generations: one provider with one account and two APIs."""
    return Provider(
        spec=2,
        id="kling",
        base_url="https://api-singapore.klingai.com",
        variables={
            "api_key": "KLINGAI_API_KEY",
            "access_key": "KLINGAI_ACCESS_KEY",
            "secret_key": "KLINGAI_SECRET_KEY",
        },
        # A second submit with the same id of ours makes a second task, which is paid for, although
        # the pages call the id unique: it is for look-ups only.
        look_up="by_client_id",
        polling=Polling(first=10, every=10, at_most=1800, floor=5),  # no page advises an interval
        facts=(
            "Written from Kling's public documentation as of 2026-11-22, not run against Kling.",
        ),
        **own,
    )


def event(
    delivery: Delivery, secrets: Sequence[str], now: float, about: str | None, data: Any
) -> Event | None:
    """Return the event of a callback about a task; `data` is what a poll would have as `data`.

    Callbacks are signed, as by Standard Webhooks, if the account has a webhook secret.
    """
    if about is None:
        return None
    answer = Answer(200, {}, msgspec.json.encode({"code": 0, "data": data}))
    name, time, signatures = (delivery.headers.get(header, "") for header in SIGNED)
    if not signatures:
        return Event(remote_id=about, verified=False, answer=answer)
    message = f"{name}.{time}.".encode("utf-8", "replace") + delivery.body
    given = [one.removeprefix("v1,") for one in signatures.split()]
    keys = [_key(secret) for secret in secrets]
    if not is_signed(message, given, keys, encoding="base64") or not is_recent(time, now):
        return None
    return Event(remote_id=about, verified=True, id=name or None, answer=answer)


def _key(secret: str) -> bytes:
    """Return the key of a webhook secret; none if it is not one."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"))
    except ValueError:
        return b""
