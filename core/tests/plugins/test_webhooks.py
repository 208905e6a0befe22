"""Deliveries of providers: read by a hook, which may make calls, and is blamed for what it does."""

import base64
import hashlib
import hmac
from contextlib import closing
from typing import Any

import pytest
from acme_declared import declared
from hypothesis import given
from hypothesis import strategies as st
from rushes import (
    Answer,
    BrokenPluginError,
    Call,
    Delivery,
    Event,
    Steps,
    Variant,
    hookimpl,
    is_recent,
    is_signed,
)
from rushes._check.trial import trial
from rushes._keys.redacting import Secret
from rushes._plugins.loading import build

DELIVERY = Delivery({"x": "y"}, b'{"ref": "c-1"}')
KEYS = st.binary(min_size=1, max_size=40)


def read(*hooks: Any, answer: Answer | None = None) -> tuple[Event | None, list[Call]]:
    """Read a delivery with a plugin's hooks, answering its calls."""
    made: list[Call] = []
    with closing(
        build(declared(hooks=hooks), [], "it").parse_webhook(DELIVERY, [Secret("s" * 20)], 5.0)
    ) as steps:
        try:
            made.append(next(steps))
            while True:
                made.append(steps.send(answer or Answer(200)))
        except StopIteration as stop:
            return stop.value, made


def test_without_a_hook_nothing_is_understood() -> None:
    assert read() == (None, [])


def test_a_hook_is_given_all_that_it_needs_and_may_make_calls() -> None:
    @hookimpl
    def parse_webhook(
        variant: Variant, delivery: Delivery, secrets: list[str], now: float
    ) -> Steps[Event | None]:
        keys = yield Call.get(variant.url("/jwks"))
        joined = f"{keys.body.decode()} {secrets[0]} {now:g} {delivery.headers['x']}"
        return Event(remote_id=joined, verified=True, answer=Answer(200, {}, delivery.body))

    event, made = read(parse_webhook, answer=Answer(200, {}, b"keys"))
    assert [call.url for call in made] == ["https://api.acme.example/jwks"]
    assert event == Event(
        remote_id=f"keys {'s' * 20} 5 y", verified=True, answer=Answer(200, {}, DELIVERY.body)
    )


@pytest.mark.parametrize("wrong", ["an event", 7, Event(remote_id=7, verified=True)])  # type: ignore[arg-type]
@pytest.mark.parametrize("steps", [True, False])
def test_what_is_no_event_is_blamed_on_the_plugin(wrong: Any, steps: bool) -> None:
    @hookimpl
    def parse_webhook() -> Any:
        def generator() -> Any:
            yield Call.get("https://api.acme.example/jwks")
            return wrong

        return generator() if steps else wrong

    with pytest.raises(BrokenPluginError, match="acme/zoom: the hook parse_webhook raised"):
        read(parse_webhook)


def test_an_error_of_the_hook_does_not_show_the_secret() -> None:
    @hookimpl
    def parse_webhook(secrets: list[str]) -> None:
        raise ValueError("bad " + secrets[0][:])

    with pytest.raises(BrokenPluginError) as caught:
        read(parse_webhook)
    assert "s" * 20 not in str(caught.value)
    with pytest.raises(BrokenPluginError, match="parse_webhook"):
        trial(build(declared(hooks=(parse_webhook,)), [], "it"))


@given(message=st.binary(max_size=60), secrets=st.lists(KEYS, min_size=1, max_size=3),
       others=st.lists(st.text(max_size=40), max_size=3), data=st.data())  # fmt: skip
def test_one_right_signature_by_one_live_secret_is_enough(
    message: bytes, secrets: list[bytes], others: list[str], data: Any
) -> None:
    secret = data.draw(st.sampled_from(secrets))
    right = hmac.new(secret, message, hashlib.sha256).hexdigest()
    signatures = data.draw(st.permutations([*others, right]))
    assert is_signed(message, signatures, secrets)
    assert not is_signed(message + b"x", [right], secrets)
    assert not is_signed(message, [right[:-1]], secrets)
    assert not is_signed(message, [right], [])
    assert not is_signed(message, [], secrets)
    assert not is_signed(message, [hmac.new(b"", message, hashlib.sha256).hexdigest()], [b""])
    with pytest.raises(ValueError, match="'hex' or 'base64'"):
        is_signed(message, [right], secrets, encoding="base32")  # type: ignore[arg-type]


def test_standard_webhooks_are_verified_with_it() -> None:
    """The example of https://github.com/standard-webhooks: a base64 secret and signature."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + b'{"test": 2432232314}'
    signature = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert is_signed(message, [signature], [secret], encoding="base64")
    assert not is_signed(message, [signature], [secret])
    assert is_recent("1614265330", 1614265330.0)


@given(st.integers(-2_000, 2_000))
def test_a_timestamp_may_be_five_minutes_early_or_late(late: int) -> None:
    assert is_recent("1000000", 1_000_000.0 + late) == (abs(late) <= 300)


@pytest.mark.parametrize("text", ["", "-5", "1e9", " 1000", "1_000", "٣", "nan", "9" * 400])
def test_what_is_no_timestamp_is_not_recent(text: str) -> None:
    assert not is_recent(text, 1000.0)
