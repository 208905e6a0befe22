"""What the kit checks of answers."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rushes._plugins.reading import at
from rushes.calls import Answer
from rushes.task import Receipt, Refusal, Status
from rushes.testing._answers import STATUSES, answer, malformed, put_at
from rushes.testing._documented import asked_for, changed, documented, near, replaced
from rushes.testing._payload_checks import QUIET
from rushes.testing._under_test import VariantUnderTest
from rushes.testing._values import json_values

NO_WORDS = ("odd_word", "", None, 7, ["completed"], {"a": "failed"})
NO_IDS: tuple[Any, ...] = (None, "", " ", [], {}, True)
NEEDED = frozenset(("completed", "failed"))
"""States that every provider has a word for, besides one for a task that is under way."""


class ReadingChecks(VariantUnderTest):
    """Answers: understood as listed, never misunderstood, never too odd for a reader."""

    def _asked(self) -> list[str]:
        kept: list[str] = vars(self).setdefault("asked", None) or asked_for(self)
        vars(self)["asked"] = kept
        return kept

    def test_receipts_are_read_as_listed(self) -> None:
        """Each documented answer to a submit is read as its remote id; without it, no receipt."""
        assert self.named(), "list at least one answer to a submit"
        for body, remote_id in self.named():
            receipt = self.ask("parse_submit", answer=answer(body))
            assert isinstance(receipt, Receipt), f"{body}: no receipt"
            assert receipt.remote_id == remote_id, f"{body}: {receipt}"
            for odd in NO_IDS:
                without = replaced(body, remote_id, odd)
                receipt = self.ask("parse_submit", answer=answer(without))
                assert not isinstance(receipt, Receipt), f"{without} has no id: {receipt}"

    def test_words_are_read_as_listed(self) -> None:
        """Each documented status word means the listed state; both ends have a word."""
        for word, state in self.states().items():
            status = self.ask("parse_status", answer=answer(self.worded(word)))
            assert isinstance(status, Status), f"{word}: not understood"
            assert status.state == state, f"{word}: read as {status.state}"
        told = set(self.states().values())
        assert told >= NEEDED, f"no word for {sorted(NEEDED - told)}"
        assert told & {"queued", "in_progress"}, "no word for a task that is under way"

    def test_statuses_are_read_as_listed(self) -> None:
        """Each complete answer is read as the listed status."""
        for body, wanted in self.statuses:
            told = self.ask("parse_status", answer=answer(body))
            assert told == wanted, f"{body}: {told}"

    def test_refusals_are_read_as_listed(self) -> None:
        """Each listed error answer is read as the listed kind, by the hook that the core calls."""
        for status, body, kind in self.refusals:
            given_ = answer(body, status)
            verdict = self.ask("parse_submit", answer=given_)
            verdict = verdict or self.ask("parse_refusal", answer=given_)
            assert isinstance(verdict, Refusal), f"{status} {body}: no refusal"
            assert verdict.kind == kind, f"{status} {body}: {verdict}"
            for words in _messages(body):
                assert words in verdict.message, f"{words!r} is not told: {verdict.message!r}"

    def test_a_wait_is_as_long_as_the_provider_says(self) -> None:
        """A refusal that says to wait waits for the seconds of Retry-After."""
        bodies = [{}, *(body for _, body, kind in self.refusals if kind == "wait")]
        for body in bodies:
            told = Answer(429, {"retry-after": "7"}, msgspec.json.encode(body))
            refusal = self.ask("parse_submit", answer=told)
            refusal = refusal or self.ask("parse_refusal", answer=told)
            if refusal.kind == "wait":
                assert refusal.retry_after == 7, f"Retry-After is 7 seconds: {refusal}"

    def test_an_unknown_word_is_not_understood(self) -> None:
        """A status word that is not documented is neither success nor failure."""
        states = self.states()
        near_words = [
            odd
            for word in states
            for odd in (f"{word}!", word[:-1], f"{word}x", f"x{word}", f"not_{word}", f"{word}_up")
            if odd not in states
        ]
        for odd in (*NO_WORDS, *near_words):
            bodies = [put_at(body, self.word_path(), odd) for body, _ in self.statuses]
            for body in (self.worded(odd), *bodies):
                status = self.ask("parse_status", answer=answer(body))
                assert status is None, f"{body}: {odd!r} is read as {status.state}"

    def test_malformed_answers_have_typed_outcomes(self) -> None:
        """No answer makes a hook raise, and no answer without an id is read as a receipt.

        After a server error, it is unknown whether the task was created.
        """
        for given_ in malformed():
            verdict = self.ask("parse_submit", answer=given_)
            assert verdict is None or isinstance(verdict, Refusal), f"{given_}: {verdict}"
            assert self.ask("parse_status", answer=given_) is None, given_
            refusal = self.ask("parse_refusal", answer=given_)
            assert isinstance(refusal, Refusal), f"{given_}: {refusal}"
            if given_.status >= 500:
                kinds = {verdict.kind if verdict else "unknown", refusal.kind}
                assert kinds == {"unknown"}, f"{given_} is read as {kinds}"

    def test_no_value_is_too_odd(self) -> None:
        """Each listed answer, with an odd value in each place in turn, has a typed outcome."""
        for body in changed(documented(self), self._asked()):
            self._has_an_outcome(answer(body))

    @QUIET
    @given(data=st.data(), status=st.sampled_from(STATUSES))
    def test_parsing_is_total(self, data: st.DataObject, status: int) -> None:
        """Any JSON has a typed outcome, especially JSON similar to the listed answers."""
        body = data.draw(near(documented(self), self._asked()) | json_values())
        try:
            given_ = answer(body, status)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return
        self._has_an_outcome(given_)

    def _has_an_outcome(self, given_: Answer) -> None:
        """Call every reader; only a listed word may result in a state."""
        read = self.ask("parse_submit", answer=given_)
        assert read is None or isinstance(read, (Receipt, Refusal))
        assert isinstance(self.ask("parse_refusal", answer=given_), Refusal)
        told = self.ask("parse_status", answer=given_)
        if told is not None:
            _assert_well_formed(told, given_)
        word = at(given_.json(), self.word_path())
        if told is not None and isinstance(word, str):
            known = {listed.lower() for listed in self.states()}
            assert word.strip().lower() in known, f"{given_}: {word!r} is read as {told.state}"


def _messages(body: Any) -> Iterator[str]:
    """Yield every message of an error answer, in the provider's own words."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if name == "message" and isinstance(value, str):
            yield value
        yield from _messages(value)


def _assert_well_formed(status: Status, given_: Answer) -> None:
    """Check that a status holds numbers and addresses of the right kind, whatever it is read from.

    A status is decoded by its own type: that finds a number which is true or false, and whatever
    else a constructor lets pass.
    """
    try:
        msgspec.convert(msgspec.to_builtins(status), Status, strict=True)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{given_}: {error}: {status}") from error
    assert status.progress is None or 0 <= status.progress <= 100, f"{given_}: {status}"
    for result in status.results:
        address = result.call or (result.url and result.url.strip())
        assert address, f"{given_}: a result without an address: {status}"
    numbers = (status.cost, *(result.expires_at for result in status.results))
    assert all(number is None or math.isfinite(number) for number in numbers), f"{given_}: {status}"
