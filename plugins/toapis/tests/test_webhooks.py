"""ToAPIs' webhooks: only what one of the live secrets signed, lately, is an event."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Delivery, Event
from rushes_toapis.gateway import parse_webhook

SECRETS = ["whsec-new-0123456789", "whsec-old-0123456789"]
NOW = 1_760_000_000.0
BODY = json.dumps(
    {"type": "generation.completed", "data": {"task_id": "task_1", "status": "completed"}}
).encode()


def signed(
    body: bytes = BODY, event: str = "evt_1", time: str = f"{NOW:.0f}", secret: str = SECRETS[0]
) -> Delivery:
    """Sign a delivery as the page says."""
    message = f"{event}.{time}.".encode() + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    named = {"id": event, "timestamp": time, "signature": f"v1={digest}"}
    return Delivery({f"x-toapis-webhook-{name}": text for name, text in named.items()}, body)


def changed(delivery: Delivery, body: bytes | None = None, **headers: str) -> Delivery:
    named = {f"x-toapis-webhook-{name}": text for name, text in headers.items()}
    return Delivery({**delivery.headers, **named}, delivery.body if body is None else body)


def written(digest: bytes) -> str:
    return f"v1={digest.hex()}"


def read(delivery: Delivery, now: float = NOW, secrets: Any = SECRETS) -> Event | None:
    return parse_webhook(delivery, secrets, now)


@pytest.mark.parametrize("secret", SECRETS)
def test_an_event_signed_with_a_live_secret_is_verified(secret: str) -> None:
    assert read(signed(secret=secret)) == Event(remote_id="task_1", verified=True, id="evt_1")


def test_while_a_secret_is_replaced_both_sign() -> None:
    new, old = (signed(secret=secret).headers["x-toapis-webhook-signature"] for secret in SECRETS)
    both = changed(signed(), signature=f"{old}, {new}")
    for live in (SECRETS, SECRETS[:1], SECRETS[1:]):
        assert read(both, secrets=live)
    assert not read(both, secrets=["another"])
    assert not read(both, secrets=[])


@given(at=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_refused(at: int, byte: int) -> None:
    body = BODY[:at] + bytes([byte]) + BODY[at + 1 :]
    assert bool(read(changed(signed(), body))) == (body == BODY)


@given(
    event=st.text(max_size=8),
    time=st.integers(-400, 400).map(lambda late: f"{NOW + late:.0f}") | st.text(max_size=12),
    signature=st.text(max_size=12) | st.binary(min_size=32, max_size=32).map(written),
    secret=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)  # fmt: skip
def test_any_other_id_time_signature_or_secret_is_refused(
    event: str, time: str, signature: str, secret: str
) -> None:
    right = signed()
    assert not read(changed(right, id=event))
    assert bool(read(changed(right, timestamp=time))) == (time == f"{NOW:.0f}")
    assert not read(changed(right, signature=signature))
    assert not read(signed(secret=secret))
    assert not read(right, secrets=[secret])


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
def test_early_and_late_ones_are_refused(late: int) -> None:
    assert bool(read(signed(), NOW + late)) == (abs(late) <= 300)


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_every_header_is_needed(name: str) -> None:
    headers = dict(signed().headers)
    del headers[f"x-toapis-webhook-{name}"]
    assert read(Delivery(headers, BODY)) is None


def test_another_version_of_signatures_is_not_one() -> None:
    header = signed().headers["x-toapis-webhook-signature"]
    assert read(changed(signed(), signature=header.replace("v1", "v2"))) is None


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"type": "endpoint.test"}', b"\xff"])
def test_an_event_about_no_task_is_one_all_the_same(body: bytes) -> None:
    assert read(signed(body)) == Event(remote_id=None, verified=True, id="evt_1")
