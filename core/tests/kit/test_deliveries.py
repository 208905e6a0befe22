"""The kit on plugins that read deliveries: each mistake fails the test for it."""

import base64
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kit_toy import PAGE, Payload, Toy, failures, kit
from msgspec import UNSET
from msgspec.structs import replace
from rushes import (
    Answer,
    Call,
    Delivery,
    Event,
    Steps,
    TransportURL,
    Variant,
    absent,
    hookimpl,
    is_recent,
    is_signed,
    pick_text,
    rule,
)

LISTED, FORGED, ODD = (
    "test_deliveries_are_read_as_listed",
    "test_a_forged_delivery_is_not_verified",
    "test_no_delivery_is_too_odd",
)
ADDRESS = "test_the_address_to_call_is_sent"
SECRET = "toy-webhook-secret"
BODY = b'{"event": "e-1", "clip": {"id": "c-1"}}'
TIME = "1800000000"


def signed(body: bytes) -> str:
    digest = hmac.digest(SECRET.encode(), TIME.encode() + b"." + body, "sha256")
    return base64.b64encode(digest).decode()


DELIVERY = Delivery({"toy-time": TIME, "toy-signature": signed(BODY)}, BODY)
EVENT = Event(remote_id="c-1", verified=True, id="e-1")


class Correct(Toy):
    """Reads deliveries that are signed with their time."""

    def is_genuine(self, delivery: Delivery, time: str, keys: list[bytes]) -> bool:
        message = time.encode("utf-8", "replace") + b"." + delivery.body
        signature = delivery.headers.get("toy-signature", "")
        return is_signed(message, [signature], keys, encoding="base64")

    def is_timely(self, time: str, now: float) -> bool:
        return is_recent(time, now)

    @hookimpl
    def parse_webhook(
        self, delivery: Delivery, secrets: Sequence[str], now: float
    ) -> Event | Steps[Event | None] | None:
        time, keys = delivery.headers.get("toy-time", ""), [one.encode() for one in secrets]
        if not self.is_genuine(delivery, time, keys) or not self.is_timely(time, now):
            return None
        body = delivery.json()
        about, event = pick_text(body, "clip", "id"), pick_text(body, "event")
        return Event(remote_id=about, verified=True, id=event)


class Trusting(Correct):
    def is_genuine(self, delivery: Delivery, time: str, keys: list[bytes]) -> bool:
        return True


class IgnoresTime(Correct):
    def is_timely(self, time: str, now: float) -> bool:
        return True


class SignsBodyOnly(Correct):
    def is_genuine(self, delivery: Delivery, time: str, keys: list[bytes]) -> bool:
        return bool(delivery.body) and delivery.body == BODY and bool(keys)


class TakesFirstKey(Correct):
    def is_genuine(self, delivery: Delivery, time: str, keys: list[bytes]) -> bool:
        return super().is_genuine(delivery, time, keys[:1] or [SECRET.encode()])


class TakesHeaderForGranted(Correct):
    @hookimpl
    def parse_webhook(self, delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
        assert delivery.headers["toy-time"]
        found: Any = super().parse_webhook(delivery, secrets, now)
        return found  # type: ignore[no-any-return]


class EncodesWhatLooksLikeATime(Correct):
    """Raises if what follows the first digits cannot be encoded."""

    def is_genuine(self, delivery: Delivery, time: str, keys: list[bytes]) -> bool:
        if time.startswith("1800"):
            time.encode()
        return super().is_genuine(delivery, time, keys)


class AsksForTheKey(Correct):
    """Fetches the public key first."""

    @hookimpl
    def parse_webhook(
        self, delivery: Delivery, secrets: Sequence[str], now: float
    ) -> Steps[Event | None]:
        answer = yield Call.get("https://keys.toy.example/keys.json")
        key = pick_text(answer.json(), "key") or ""
        found: Any = Correct.parse_webhook(self, delivery, [key], now)
        return found  # type: ignore[no-any-return]


class HoldsAnAnswer(Correct):
    @hookimpl
    def parse_webhook(self, delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
        found: Any = super().parse_webhook(delivery, secrets, now)
        answer = Answer(200, {}, delivery.body)
        return found and Event(remote_id="c-1", verified=True, id="e-1", answer=answer)


class Calling(Payload, kw_only=True):
    """A payload that names whom to call."""

    notify: TransportURL = absent()


CALLING: dict[str, Any] = {"payload": Calling, "callback_field": "notify"}


class DropsTheAddress(Correct):
    """Leaves out what concerns the delivery."""

    @hookimpl
    def submit(self, variant: Variant, payload: Any, client_id: str) -> Call:
        url = variant.url(variant.submit_path)
        return Call.post_json(url, replace(payload, notify=UNSET), {"X-Key": client_id})


@rule("Nobody is called.", fields=("notify",), source=PAGE)
def nobody_is_called(payload: Calling) -> bool:
    return not payload.notify


def failing(folder: Path, plugin: Any, **tables: Any) -> dict[str, str]:
    given = {"deliveries": [(DELIVERY, EVENT)], "webhook_secrets": [SECRET], **tables}
    return failures(kit(folder, plugin, **given), LISTED, FORGED, ODD)


def test_a_correct_reader_passes(tmp_path: Path) -> None:
    assert failing(tmp_path, Correct()) == {}


@pytest.mark.parametrize(
    ("plugin", "test", "words"),
    [
        (Trusting(), FORGED, "verified that is changed"),
        (SignsBodyOnly(), FORGED, "verified that is changed"),
        (IgnoresTime(), FORGED, "seconds later"),
        (TakesFirstKey(), FORGED, "is not signed with one of []"),
        (TakesHeaderForGranted(), ODD, "raised KeyError"),
        (EncodesWhatLooksLikeATime(), ODD, "raised UnicodeEncodeError"),
        (HoldsAnAnswer(), LISTED, "parse_webhook reads"),
    ],
)
def test_a_mistake_fails_the_test_for_it(
    tmp_path: Path, plugin: Any, test: str, words: str
) -> None:
    assert words in failing(tmp_path, plugin)[test]


def test_an_answer_that_is_not_understood_fails(tmp_path: Path) -> None:
    wanted = Event(remote_id="c-1", verified=True, id="e-1", answer=Answer(200, {}, BODY))
    found = failing(tmp_path, HoldsAnAnswer(), deliveries=[(DELIVERY, wanted)])
    assert "does not understand the answer" in found[LISTED]


def test_a_reader_without_a_listed_delivery_fails(tmp_path: Path) -> None:
    assert "list at least one delivery" in failing(tmp_path, Correct(), deliveries=[])[LISTED]


def test_a_delivery_that_is_not_understood_is_listed_with_none(tmp_path: Path) -> None:
    listed = [(DELIVERY, EVENT), (Delivery({}, BODY), None)]
    assert failing(tmp_path, Correct(), deliveries=listed) == {}
    found = failing(tmp_path, Correct(), deliveries=[(DELIVERY, EVENT), (DELIVERY, None)])
    assert "not None, from" in found[LISTED]
    assert "list at least one" in failing(tmp_path, Correct(), deliveries=listed[1:])[LISTED]


def test_another_event_than_listed_fails(tmp_path: Path) -> None:
    other = Event(remote_id="c-2", verified=True, id="e-1")
    found = failing(tmp_path, Correct(), deliveries=[(DELIVERY, other)])
    assert "parse_webhook reads" in found[LISTED]


def test_calls_that_a_reader_makes_are_answered(tmp_path: Path) -> None:
    exchanges = {"parse_webhook": [{"key": SECRET}]}
    assert failing(tmp_path, AsksForTheKey(), webhook_secrets=[], exchanges=exchanges) == {}
    exchanges = {"parse_webhook": [{"key": "another"}]}
    found = failing(tmp_path, AsksForTheKey(), webhook_secrets=[], exchanges=exchanges)
    assert "parse_webhook reads None" in found[LISTED]


def test_an_address_to_call_is_sent(tmp_path: Path) -> None:
    for plugin, words in (
        (Correct(**CALLING), None),
        (DropsTheAddress(**CALLING), "submit does not send what is in notify"),
        (Correct(**CALLING, rules=(nobody_is_called,)), "has problems: notify: Nobody is called"),
    ):
        found = failures(kit(tmp_path, plugin, deliveries=[(DELIVERY, EVENT)]), ADDRESS)
        assert (words is None) == (found == {}), found
        assert (words or "") in str(found)
