"""Google's webhooks: only what one of the live secrets signed, lately, is an event."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Delivery, Event
from rushes_google.gateway import parse_webhook

KEYS = [b"new-0123456789-0123456789", b"old-0123456789-0123456789"]
SECRETS = ["whsec_" + base64.b64encode(key).decode() for key in KEYS]
NOW = 1_760_000_000.0
NAME = "models/veo-3.1-generate-preview/operations/abc123"
BODY = json.dumps({"type": "video.generated", "version": "v1", "data": {"id": NAME}}).encode()
MADE = Event(remote_id=NAME, verified=True, id="msg_1")


def written(digest: bytes) -> str:
    return "v1," + base64.b64encode(digest).decode()


def signed(
    body: bytes = BODY, event: str = "msg_1", time: str = f"{NOW:.0f}", key: bytes = KEYS[0]
) -> Delivery:
    """Sign a delivery as Standard Webhooks says."""
    message = f"{event}.{time}.".encode() + body
    named = {"id": event, "timestamp": time}
    named["signature"] = written(hmac.digest(key, message, hashlib.sha256))
    return Delivery({f"webhook-{name}": text for name, text in named.items()}, body)


def changed(delivery: Delivery, body: bytes | None = None, **headers: str) -> Delivery:
    named = {f"webhook-{name}": text for name, text in headers.items()}
    return Delivery({**delivery.headers, **named}, delivery.body if body is None else body)


def read(delivery: Delivery, now: float = NOW, secrets: Any = SECRETS) -> Event | None:
    return parse_webhook(delivery, secrets, now)


@pytest.mark.parametrize("key", KEYS)
def test_an_event_signed_with_a_live_secret_is_verified(key: bytes) -> None:
    assert read(signed(key=key)) == MADE


def test_while_a_secret_is_replaced_both_sign() -> None:
    new, old = (signed(key=key).headers["webhook-signature"] for key in KEYS)
    both = changed(signed(), signature=f"{old} {new}")
    for live in (SECRETS, SECRETS[:1], SECRETS[1:], [SECRETS[0].removeprefix("whsec_")]):
        assert read(both, secrets=live)
    for none in (["whsec_"], ["whsec_!"], ["another"], [""], []):
        assert not read(both, secrets=none)


def test_a_secret_that_is_none_signs_nothing() -> None:
    """An empty key is one that everybody has."""
    for secret in ("", "whsec_", "whsec_%%%", "caf\u00e9"):
        assert not read(signed(key=b""), secrets=[secret])


@given(at=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_refused(at: int, byte: int) -> None:
    body = BODY[:at] + bytes([byte]) + BODY[at + 1 :]
    assert bool(read(changed(signed(), body))) == (body == BODY)


@given(
    event=st.text(max_size=8),
    time=st.integers(-400, 400).map(lambda late: f"{NOW + late:.0f}") | st.text(max_size=12),
    signature=st.text(max_size=12) | st.binary(min_size=32, max_size=32).map(written),
)  # fmt: skip
def test_any_other_id_time_or_signature_is_refused(event: str, time: str, signature: str) -> None:
    right = signed()
    assert not read(changed(right, id=event))
    assert bool(read(changed(right, timestamp=time))) == (time == f"{NOW:.0f}")
    assert not read(changed(right, signature=signature))


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
def test_early_and_late_ones_are_refused(late: int) -> None:
    assert bool(read(signed(), NOW + late)) == (abs(late) <= 300)


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_every_header_is_needed(name: str) -> None:
    headers = dict(signed().headers)
    del headers[f"webhook-{name}"]
    assert read(Delivery(headers, BODY)) is None


def test_an_empty_id_is_none() -> None:
    assert read(signed(event="")) is None


def test_another_version_of_signatures_is_not_one() -> None:
    header = signed().headers["webhook-signature"]
    assert read(changed(signed(), signature=header.replace("v1", "v1a"))) is None
    assert read(changed(signed(), signature=header.removeprefix("v1,"))) is None


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"type": "ping"}', b"\xff"])
def test_an_event_about_no_task_is_one_all_the_same(body: bytes) -> None:
    assert read(signed(body)) == Event(remote_id=None, verified=True, id="msg_1")
