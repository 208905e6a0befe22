"""What the kit checks of calls and answers."""

from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rushes.calls import Answer, Call
from rushes.flow import drive, steps
from rushes.task import Receipt, Refusal, Status
from rushes.testing.answers import STATUSES, answer, malformed
from rushes.testing.barred import barred
from rushes.testing.payload_checks import QUIET
from rushes.testing.subject import PUBLIC, Subject
from rushes.testing.values import json_values
from rushes.urls import origin

STATES = get_args(next(f.type for f in msgspec.structs.fields(Status) if f.name == "state"))


class WireChecks(Subject):
    """Calls and answers: encodable, understood as listed, never misunderstood."""

    def test_submit_gives_one_call_that_can_be_sent(self) -> None:
        """The creating call is a POST of JSON to the provider's own origin."""
        for example in self.accepted:
            call = self.call(self.check(example))
            assert call.method == "POST"
            assert origin(call.url) == origin(PUBLIC)
            assert call.body
            assert isinstance(msgspec.json.decode(call.body), dict)

    def test_a_key_that_replays_is_sent(self) -> None:
        """Where the provider replays by key, another key makes another call, the same the same."""
        report = self.check(self.accepted[0])
        one, same, other = (self.call(report, name) for name in ("job-1", "job-1", "job-2"))
        assert one == same
        assert (one != other) == (self.variant.idempotency == "replay")

    def test_a_base_url_may_end_in_its_version(self) -> None:
        """A configured base URL with a slash or the version at its end gives the same address."""
        report = self.check(self.accepted[0])
        payload = report.payload
        urls = {
            self.loaded(base).call("submit", payload=payload, client_id="job-1").url
            for base in (PUBLIC, f"{PUBLIC}/", f"{PUBLIC}/v1", f"{PUBLIC}/v1/")
        }
        assert len(urls) == 1
        assert "/v1/v1" not in next(iter(urls))

    def test_receipts_are_read_as_listed(self) -> None:
        """Each documented answer to a submit gives its remote id."""
        assert self.receipts
        for body, remote_id in self.receipts:
            receipt = self.loaded().call("parse_submit", answer=answer(body))
            assert isinstance(receipt, Receipt), f"{body}: no receipt"
            assert receipt.remote_id == remote_id

    def test_words_are_read_as_listed(self) -> None:
        """Each documented status word means the listed state; every state has a word."""
        told = set()
        for listed in self.words.split():
            word, _, state = listed.partition(":")
            status = self.loaded().call("parse_status", answer=answer(self.worded(word)))
            assert isinstance(status, Status), f"{word}: not understood"
            assert status.state == (state or word), word
            told.add(status.state)
        assert told == set(STATES), f"no word for {sorted(set(STATES) - told)}"

    def test_statuses_are_read_as_listed(self) -> None:
        """Each whole answer tells all that is listed."""
        for body, wanted in self.statuses:
            assert self.loaded().call("parse_status", answer=answer(body)) == wanted, body

    def test_refusals_are_read_as_listed(self) -> None:
        """Each listed error answer means what is listed, by the hook that the core would ask."""
        for status, body, kind in self.refusals:
            given_ = answer(body, status)
            verdict = self.loaded().call("parse_submit", answer=given_)
            verdict = verdict or self.loaded().call("parse_refusal", answer=given_)
            assert isinstance(verdict, Refusal), f"{status} {body}: no refusal"
            assert verdict.kind == kind, f"{status} {body}: {verdict}"

    def test_an_unknown_word_is_not_understood(self) -> None:
        """A status word that nobody documents is neither success nor failure."""
        for odd in ("odd_word", "", None, 7, "completed!", "fail", ["completed"], {"a": "failed"}):
            status = self.loaded().call("parse_status", answer=answer(self.worded(odd)))
            assert status is None, f"{odd!r} is read as {status}"

    def test_malformed_answers_have_typed_outcomes(self) -> None:
        """No answer makes a hook raise, and none without an id is a receipt."""
        loaded = self.loaded()
        with barred():
            for given_ in malformed():
                verdict = loaded.call("parse_submit", answer=given_)
                assert verdict is None or isinstance(verdict, Refusal), f"{given_}: {verdict}"
                assert loaded.call("parse_status", answer=given_) is None, given_
                assert isinstance(loaded.call("parse_refusal", answer=given_), Refusal)

    @QUIET
    @given(body=json_values(), status=st.sampled_from(STATUSES))
    def test_parsing_is_total(self, body: Any, status: int) -> None:
        """Any JSON at all has a typed outcome at every reader."""
        try:
            given_ = answer(body, status)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return
        loaded = self.loaded()
        read = loaded.call("parse_submit", answer=given_)
        assert read is None or isinstance(read, (Receipt, Refusal))
        assert isinstance(loaded.call("parse_refusal", answer=given_), Refusal)
        told = loaded.call("parse_status", answer=given_)
        assert told is None or isinstance(told, Status)

    def test_a_poll_is_calls_and_an_answer(self) -> None:
        """Polling yields calls to the provider's origin, ids encoded, and returns an answer."""
        loaded = self.loaded()
        seen: list[Call] = []

        def perform(call: Any) -> Answer:
            seen.append(call)
            return answer(self.worded(self.words.split()[0]))

        generator = loaded.call("poll", receipt=Receipt("odd/id?x=1#y"))
        value, _ = drive(steps(generator, lambda call: call), perform)  # type: ignore[arg-type,return-value]
        assert isinstance(value, Answer)
        assert all(origin(call.url) == origin(PUBLIC) for call in seen)
        assert all("odd/id?x" not in call.url for call in seen)
