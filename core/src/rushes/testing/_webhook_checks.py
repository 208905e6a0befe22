"""What the kit checks of deliveries: what a provider sends to an endpoint of ours."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import msgspec

from rushes._payload.fields import with_text
from rushes.calls import pick
from rushes.problems import listing
from rushes.task import Status
from rushes.testing._answers import BODIES
from rushes.testing._under_test import HIDDEN, NOW, VariantUnderTest
from rushes.webhooks import Delivery, Event

__tracebackhide__ = HIDDEN
ODD_TEXTS = ("", " ", "0", "-1", "9" * 400, "NaN", "\u0661", "v1=", "v1=\u00e9", "=,=,", "\ud800")
CALLBACK = "https://hooks.example.com/webhooks/provider"
"""An address that a provider is to call."""
MAX_BYTES = 300
"""How many bytes of a body are changed, one after the other."""
MAX_TEXT = 16
"""In how many places of a header something odd is put."""
LATE = (-1e6, 1e6)
"""Seconds between a delivery and its reading that no provider allows."""


class WebhookChecks(VariantUnderTest):
    """Deliveries: read as listed, and refused if anything that was signed differs."""

    def _event(
        self, delivery: Delivery, secrets: Sequence[str] | None = None, now: float = NOW
    ) -> Event | None:
        """Read a delivery, with the listed secrets unless others are given."""
        known = self.webhook_secrets if secrets is None else secrets
        event, _ = self.read_delivery(delivery, known, now)
        return event if isinstance(event, Event) else None

    def test_deliveries_are_read_as_listed(self) -> None:
        """Each listed delivery is read as its event; an answer in it is understood as a status."""
        understood = any(event for _, event in self.deliveries)
        assert understood or not self.loaded().reads_webhooks, self.says(
            "it has a hook parse_webhook; list at least one delivery in `deliveries`"
        )
        for delivery, wanted in self.deliveries:
            event = self._event(delivery)
            assert event == wanted, self.says(
                f"parse_webhook reads {event}, not {wanted}, from {_shown(delivery)}"
            )
            if event is not None and event.answer is not None:
                status = self.ask("parse_status", answer=event.answer)
                assert isinstance(status, Status), self.says(
                    f"parse_status does not understand the answer in {_shown(delivery)}"
                )

    def test_a_forged_delivery_is_not_verified(self) -> None:
        """A verified delivery is none with another body, header or secret, too early or late."""
        for delivery, wanted in self.deliveries:
            if wanted is None or not wanted.verified:
                continue
            for forged in _forged(delivery):
                self._assert_not_verified(self._event(forged), f"is changed to {_shown(forged)}")
            for secrets in (["another secret"], [""], []) if self.webhook_secrets else ():
                event = self._event(delivery, secrets)
                self._assert_not_verified(event, f"is not signed with one of {secrets}")
            for late in LATE:
                event = self._event(delivery, now=NOW + late)
                self._assert_not_verified(event, f"is read {late:+,.0f} seconds later")

    def _assert_not_verified(self, event: Event | None, how: str) -> None:
        assert event is None or not event.verified, self.says(
            f"parse_webhook calls a delivery verified that {how}: {event}"
        )

    def test_the_address_to_call_is_sent(self) -> None:
        """If there is a `callback_field`, every job may have one: it is valid, and is sent."""
        variant = self.variant
        if variant.callback_field is None:
            return
        for example in self.accepted:
            payload = self.check(example).complete_payload()
            body = msgspec.to_builtins(payload)
            if pick(body, *variant.callback_field.split(".")):
                continue
            asking = with_text(payload, variant.callback_field, CALLBACK)
            problems = self.check(msgspec.to_builtins(asking)).problems
            assert not problems, self.says(
                f"with {CALLBACK} in {variant.callback_field}, {example} has problems: "
                f"{listing(map(str, problems))}"
            )
            call = self.ask("submit", payload=asking, client_id="job-1")
            sent = f"{unquote(call.url)} {(call.body or b'').decode()}"
            assert CALLBACK in sent, self.says(
                f"submit does not send what is in {variant.callback_field}: {call.url} {call.body}"
            )

    def test_no_delivery_is_too_odd(self) -> None:
        """No body and no header makes the hook raise; what names no task is no event."""
        if not self.loaded().reads_webhooks:
            return
        headers = [{}, *(delivery.headers for delivery, _ in self.deliveries)]
        odd = [Delivery(each, body) for each in headers for body in BODIES]
        odd += [
            Delivery({**delivery.headers, name: text}, delivery.body)
            for delivery, _ in self.deliveries
            for name in delivery.headers
            for text in ODD_TEXTS
        ]
        for delivery in odd:
            event = self._event(delivery)
            self._assert_not_verified(event, f"is odd: {_shown(delivery)}")
            assert event is None or event.remote_id is not None, self.says(
                f"parse_webhook reads an event from a delivery that names no task and is not "
                f"signed: {_shown(delivery)}"
            )
        for delivery, _ in self.deliveries:
            for name, text in delivery.headers.items():
                for spoiled in _with_a_surrogate(text):  # one of several signatures may still fit
                    self._event(Delivery({**delivery.headers, name: spoiled}, delivery.body))


def _forged(delivery: Delivery) -> list[Delivery]:
    """Return a delivery with one thing changed: a byte of the body, or a header."""
    headers, body = delivery.headers, delivery.body
    bodies = [
        body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        for at in range(min(len(body), MAX_BYTES))
    ]
    forged = [Delivery(headers, other) for other in (*bodies, body + b" ", b"")]
    for name, text in headers.items():
        forged.append(Delivery(_without(headers, name), body))
        forged += [Delivery({**headers, name: other}, body) for other in (text[:-1], f"{text}0")]
    return forged


def _with_a_surrogate(text: str) -> list[str]:
    """Return copies of a header, each with what cannot be encoded in one of the first places."""
    return [f"{text[:at]}\ud800{text[at:]}" for at in range(1, min(len(text), MAX_TEXT))]


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: text for each, text in headers.items() if each != name}


def _shown(delivery: Delivery) -> str:
    """Write a delivery in a failure: its own repr shows no body, which may quote a secret."""
    return f"{dict(delivery.headers)} {delivery.body[:MAX_BYTES]!r}"
