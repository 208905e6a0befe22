"""What the kit checks of answers."""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes._plugins.reading import at
from rushes.calls import Answer
from rushes.problems import listing
from rushes.recordings import reads_of, recordings_in
from rushes.task import Receipt, Refusal, Status
from rushes.testing._answers import STATUSES, json_answer, malformed, put_at, shown
from rushes.testing._documented import changed, documented, names_read, near, replaced
from rushes.testing._payload_checks import QUIET
from rushes.testing._under_test import HIDDEN, VariantUnderTest
from rushes.testing._values import json_values

__tracebackhide__ = HIDDEN
NO_WORDS = ("odd_word", "", None, 7, ["completed"], {"a": "failed"})
NO_IDS: tuple[Any, ...] = (None, "", " ", [], {}, True)
NEEDED = frozenset(("completed", "failed"))
"""States that every provider has a word for, besides one for a task that is under way."""


class ReadingChecks(VariantUnderTest):
    """Answers: understood as listed, never misunderstood, never too odd for a reader."""

    @cached_property
    def _names_read(self) -> list[str]:
        return names_read(self)

    @cached_property
    def _odd_bodies(self) -> st.SearchStrategy[Any]:
        return near(documented(self), self._names_read) | json_values()

    def test_receipts_are_read_as_listed(self) -> None:
        """Each documented answer to a submit is read as its remote id; without it, no receipt."""
        assert self.named(), self.says("list at least one answer to a submit")
        for body, remote_id in self.named():
            receipt = self.ask("parse_submit", answer=json_answer(body))
            assert isinstance(receipt, Receipt), self.says(
                f"parse_submit reads no receipt from {body}"
            )
            assert receipt.remote_id == remote_id, self.says(
                f"parse_submit reads the id {receipt.remote_id!r}, not {remote_id!r}, from {body}"
            )
            number = int(remote_id) if remote_id.isdecimal() else None
            for odd in NO_IDS:
                without = replaced(replaced(body, remote_id, odd), number, odd)
                receipt = self.ask("parse_submit", answer=json_answer(without))
                assert not isinstance(receipt, Receipt), self.says(
                    f"parse_submit reads {receipt} from an answer without an id: {without}"
                )

    def test_words_are_read_as_listed(self) -> None:
        """Each documented status word means the listed state; both ends have a word.

        A provider without status words has a complete answer for each instead.
        """
        for word, state in self.states().items():
            status = self.ask("parse_status", answer=json_answer(self.worded(word)))
            assert isinstance(status, Status), self.says(
                f"parse_status does not understand the status word {word!r}"
            )
            assert status.state == state, self.says(
                f"parse_status reads the status word {word!r} as {status.state}, not {state}"
            )
        states = {*self.states().values()} or {status.state for _, status, *_ in self.statuses}
        lack = "no status word means" if self.states() else "no answer in `statuses` is read as"
        assert states >= NEEDED, self.says(f"{lack} {listing(sorted(NEEDED - states))}")
        assert states & {"queued", "in_progress"}, self.says(
            f"{lack} queued or in_progress: a task that is under way"
        )

    def test_statuses_are_read_as_listed(self) -> None:
        """Each complete answer is read as the listed status."""
        for body, wanted, *sent in self.statuses:
            task = self.task_of(sent[0] if sent else self.accepted[0])
            receipt = Receipt((wanted and wanted.remote_id) or self.remote_id)
            answer = json_answer(body)
            status = self.ask("parse_status", answer=answer, task=task, receipt=receipt)
            assert status == wanted, self.says(
                f"parse_status reads {status}, not {wanted}, from {body}"
            )

    def test_polls_end_as_listed(self) -> None:
        """The listed answers to the calls of a poll, all of them, come to the listed status."""
        for said, wanted in self.followed:
            answers = [one if isinstance(one, Answer) else json_answer(one) for one in said]
            receipt = self.receipt(self.remote_id)
            result, calls = self.exchange("poll", *answers, receipt=receipt)
            assert len(calls) == len(answers), self.says(
                f"poll makes {len(calls)} calls, not {len(answers)}, if it is answered {said}"
            )
            status = self.ask("parse_status", answer=result, receipt=receipt)
            assert status == wanted, self.says(
                f"a poll that is answered {said} comes to {status}, not {wanted}"
            )

    def test_refusals_are_read_as_listed(self) -> None:
        """Each listed error answer is read as the listed kind, by the hook that the core calls."""
        for status, body, kind in self.refusals:
            answer = json_answer(body, status)
            verdict = self.ask("parse_submit", answer=answer)
            verdict = verdict or self.ask("parse_refusal", answer=answer)
            assert isinstance(verdict, Refusal), self.says(
                f"HTTP {status} {body} is not read as a refusal"
            )
            assert verdict.kind == kind, self.says(
                f"HTTP {status} {body} is read as {verdict.kind!r}, not {kind!r}"
            )
            for words in _messages(body):
                assert words in verdict.message, self.says(
                    f"the provider's words {words!r} are not in the message {verdict.message!r}"
                )

    def test_recordings_are_read_as_recorded(self) -> None:
        """Each recorded job was sent as it would be today, and its answers are read as then."""
        for recording in recordings_in(self.recordings_path()):
            if recording.variant != self.variant.id:
                continue
            report = self.check(recording.payload)
            assert report.valid, self.says(
                f"the payload that was recorded on {recording.date} is refused now: "
                + "; ".join(map(str, report.problems))
            )
            now = self.blamed(reads_of, self.loaded(), report.complete_payload(), recording.answers)
            for recorded, read in zip(recording.answers, now, strict=True):
                assert read == recorded.read, self.says(
                    f"{recorded.hook} reads {read}, not {recorded.read}, from an answer recorded "
                    f"on {recording.date} from {recording.source}: {shown(recorded.answer())}"
                )

    def test_a_wait_is_as_long_as_the_provider_says(self) -> None:
        """A refusal that says to wait waits for the seconds of Retry-After."""
        bodies = [{}, *(body for _, body, kind in self.refusals if kind == "wait")]
        for body in bodies:
            answer = Answer(429, {"retry-after": "7"}, msgspec.json.encode(body))
            refusal = self.ask("parse_submit", answer=answer)
            refusal = refusal or self.ask("parse_refusal", answer=answer)
            if refusal.kind == "wait":
                assert refusal.retry_after == 7, self.says(
                    f"a refusal with Retry-After: 7 waits for {refusal.retry_after} seconds"
                )

    def test_an_unknown_word_is_not_understood(self) -> None:
        """A status word that is not documented is neither success nor failure."""
        states = self.states()
        if not states:
            pytest.skip(f"{self.variant.id} has no status words")
        near_words = [odd for word in states for odd in _near_word(word)]
        for odd in (odd for odd in (*NO_WORDS, *near_words) if odd not in [*states]):
            bodies = [put_at(body, self.word_path(), odd) for body, *_ in self.statuses]
            for body in (self.worded(odd), *bodies):
                status = self.ask("parse_status", answer=json_answer(body))
                assert status is None, self.says(
                    f"the unlisted status word {odd!r} is read as {status.state}: {body}"
                )

    def test_malformed_answers_have_typed_outcomes(self) -> None:
        """No answer makes a hook raise, and no answer without an id is read as a receipt.

        After a server error, it is unknown whether the task was created.
        """
        for answer in malformed():
            verdict = self.ask("parse_submit", answer=answer)
            assert verdict is None or isinstance(verdict, Refusal), self.says(
                f"an answer without an id is read as a receipt: {shown(answer)}: {verdict}"
            )
            status = self.ask("parse_status", answer=answer)
            assert status is None, self.says(
                f"a malformed answer is read as {status}: {shown(answer)}"
            )
            refusal = self.ask("parse_refusal", answer=answer)
            assert isinstance(refusal, Refusal), self.says(
                f"parse_refusal reads {refusal!r} from {shown(answer)}"
            )
            if answer.status >= 500:
                kinds = {verdict.kind if verdict else "unknown", refusal.kind}
                assert kinds == {"unknown"}, self.says(
                    f"{shown(answer)} leaves it open, but is read as {listing(sorted(kinds))}"
                )

    def test_no_value_is_too_odd(self) -> None:
        """Each listed answer, with an odd value in each place in turn, has a typed outcome."""
        for body in changed(documented(self), self._names_read):
            self._has_an_outcome(json_answer(body))

    @QUIET
    @given(data=st.data(), status=st.sampled_from(STATUSES))
    def test_parsing_is_total(self, data: st.DataObject, status: int) -> None:
        """Any JSON has a typed outcome, especially JSON similar to the listed answers."""
        body = data.draw(self._odd_bodies)
        try:
            answer = json_answer(body, status)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return
        self._has_an_outcome(answer)

    def _has_an_outcome(self, answer: Answer) -> None:
        """Call every reader; only a listed word may result in a state."""
        read = self.ask("parse_submit", answer=answer)
        assert read is None or isinstance(read, (Receipt, Refusal)), self.says(
            f"parse_submit reads {read!r} from {shown(answer)}"
        )
        self.ask("parse_refusal", answer=answer)
        status = self.ask("parse_status", answer=answer)
        if status is not None:
            self._assert_well_formed(status, answer)
        word = at(answer.json(), self.word_path())
        if status is not None and isinstance(word, (str, int)):
            listed = {_plain(each) for each in self.states()}
            assert _plain(word) in listed, self.says(
                f"the unlisted status word {word!r} is read as {status.state}: {shown(answer)}"
            )

    def _assert_well_formed(self, status: Status, answer: Answer) -> None:
        """Check that a status holds numbers and addresses of the right kind.

        A status is decoded by its own type: that finds a number which is true or false, and
        whatever else a constructor lets pass.
        """
        try:
            msgspec.convert(msgspec.to_builtins(status), Status, strict=True)
        except msgspec.ValidationError as error:
            sentence = self.says(f"a status is malformed: {error}: {status}; from {shown(answer)}")
            raise AssertionError(sentence) from None
        assert status.progress is None or 0 <= status.progress <= 100, self.says(
            f"a status holds a number out of range: {status}; from {shown(answer)}"
        )
        for result in status.results:
            address = result.call or (result.url and result.url.strip())
            assert address, self.says(f"a result has no address: {status}; from {shown(answer)}")
        numbers = (status.cost, *(result.expires_at for result in status.results))
        assert all(number is None or math.isfinite(number) for number in numbers), self.says(
            f"a status holds a number out of range: {status}; from {shown(answer)}"
        )


def _near_word(word: str | int) -> tuple[Any, ...]:
    """Return what a careless reader would take for a status word."""
    if isinstance(word, int):
        return (str(word), -word - 1, word + 0.5, word + 1000, [word])
    return (f"{word}!", word[:-1], f"{word}x", f"x{word}", f"not_{word}", f"{word}_up")


def _plain(word: str | int) -> str | int:
    return word.strip().lower() if isinstance(word, str) else word


def _messages(body: Any) -> Iterator[str]:
    """Yield every message of an error answer, in the provider's own words."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if name == "message" and isinstance(value, str):
            yield value
        yield from _messages(value)
