"""The kit on a provider whose answers have no status word, and whose ids are paths."""

from pathlib import Path
from typing import Any

import pytest
from kit_toy import URL, Toy, failures, kit
from rushes import Answer, Call, Receipt, Result, Status, Steps, Variant, hookimpl, pick, pick_text

NAME = "models/toy/operations/c1"
RUNNING: Any = ({"name": NAME}, Status(state="in_progress", remote_id=NAME))
DONE: Any = (
    {"name": NAME, "done": True, "url": URL},
    Status(state="completed", remote_id=NAME, results=(Result(url=URL),)),
)
FAILED: Any = ({"name": NAME, "done": True}, Status(state="failed", remote_id=NAME))


class Operations(Toy):
    """Says by a flag whether a clip is done; the id is a part of the address."""

    def __init__(self, path: str = "{+id}") -> None:
        super().__init__(status_path="/v2/{+id}")
        self.path = path

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        body = answer.json()
        name, done, url = pick_text(body, "name"), pick(body, "done"), pick_text(body, "url")
        if name is None or done not in (None, True):
            return None
        if done is None:
            return Status(state="in_progress", remote_id=name)
        results = (Result(url=url),) if url else ()
        return Status(state="completed" if url else "failed", remote_id=name, results=results)

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        named = self.path == "{+id}"
        address = variant.url("/v2/{+id}", id=receipt.remote_id)
        plain = f"{variant.url('/v2/')}{receipt.remote_id}"
        answer = yield Call.get(address if named else plain)
        return answer


TESTS = (
    "test_words_are_read_as_listed",
    "test_statuses_are_read_as_listed",
    "test_a_poll_is_calls_and_an_answer",
    "test_the_other_calls_can_be_made",
)


def broken(folder: Path, plugin: Toy, *statuses: Any) -> dict[str, str]:
    return failures(kit(folder, plugin, words="", statuses=statuses), *TESTS)


def test_complete_answers_stand_for_words(tmp_path: Path) -> None:
    assert not broken(tmp_path, Operations(), RUNNING, DONE, FAILED)


def test_there_is_no_unknown_word(tmp_path: Path) -> None:
    made = kit(tmp_path, Operations(), words="", statuses=(RUNNING, DONE, FAILED))
    with pytest.raises(pytest.skip.Exception, match="no status words"):
        made.test_an_unknown_word_is_not_understood()


@pytest.mark.parametrize(
    ("statuses", "lacking"),
    [
        ((RUNNING, DONE), "is read as failed"),
        ((RUNNING, FAILED), "is read as completed"),
        ((DONE, FAILED), "is read as queued or in_progress"),
    ],
)
def test_each_end_needs_an_answer(tmp_path: Path, statuses: Any, lacking: str) -> None:
    found = broken(tmp_path, Operations(), *statuses)
    assert list(found) == ["test_words_are_read_as_listed"]
    assert f"no answer in `statuses` {lacking}" in found["test_words_are_read_as_listed"]


def test_an_id_with_slashes_is_encoded_all_the_same(tmp_path: Path) -> None:
    found = broken(tmp_path, Operations("as it is"), RUNNING, DONE, FAILED)
    assert "is not encoded" in found["test_a_poll_is_calls_and_an_answer"]
