"""OpenRouter's webhooks: what the workspace's secret signed, lately, is an event."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Delivery, Event
from rushes_openrouter.provider import parse_webhook

SECRETS = ["whsec-new-0123456789", "whsec-old-0123456789"]
NOW = 1_760_000_000.0
DATA = {"id": "gen-vid-1", "status": "failed", "error": "Content policy violation"}
BODY = json.dumps({"type": "video.generation.failed", "data": DATA}).encode()


def signed(body: bytes = BODY, time: str = f"{NOW:.0f}", secret: str = SECRETS[0]) -> Delivery:
    """Sign a delivery as the page says."""
    digest = hmac.new(secret.encode(), f"{time},".encode() + body, hashlib.sha256).hexdigest()
    return Delivery({"x-openrouter-signature": f"t={time},v1={digest}"}, body)


def read(delivery: Delivery, now: float = NOW, secrets: list[str] = SECRETS) -> Event | None:
    found: Event | None = parse_webhook(delivery, secrets, now)
    return found


@pytest.mark.parametrize("secret", SECRETS)
def test_an_event_signed_with_a_live_secret_is_verified(secret: str) -> None:
    event = read(signed(secret=secret))
    assert event is not None
    assert (event.remote_id, event.verified, event.id) == ("gen-vid-1", True, "gen-vid-1-failed")
    assert event.answer is not None
    assert event.answer.json() == DATA


def test_without_a_secret_an_event_is_a_reason_to_poll() -> None:
    for delivery in (signed(), Delivery({}, BODY)):
        event = read(delivery, secrets=[])
        assert event is not None
        assert not event.verified


def test_an_unsigned_event_is_refused_where_there_is_a_secret() -> None:
    assert read(Delivery({}, BODY)) is None


@given(at=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_refused(at: int, byte: int) -> None:
    body = BODY[:at] + bytes([byte]) + BODY[at + 1 :]
    assert bool(read(Delivery(signed().headers, body))) == (body == BODY)


@given(
    time=st.text("0123456789t=,v1 ", max_size=12),
    signature=st.text(max_size=12),
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
def test_another_time_signature_or_secret_is_refused(
    time: str, signature: str, secret: str
) -> None:
    right = signed().headers["x-openrouter-signature"]
    for header in (f"t={time},v1={right[-64:]}", f"{right[:-64]}{signature}"):
        assert not read(Delivery({"x-openrouter-signature": header}, BODY))
    assert not read(signed(secret=secret))
    assert not read(signed(), secrets=[secret])


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
def test_early_and_late_ones_are_refused(late: int) -> None:
    assert bool(read(signed(), NOW + late)) == (abs(late) <= 300)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"data": null}', b'{"data": {"id": " "}}', b"\xff"]
)
def test_a_delivery_about_no_job_is_none(body: bytes) -> None:
    assert read(signed(body)) is None
