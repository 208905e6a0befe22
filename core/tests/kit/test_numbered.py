"""The kit on a provider that numbers its tasks, and whose status words are numbers, too."""

from pathlib import Path
from typing import Any

import msgspec
from acme_declared import ANSWERS, declared
from kit_toy import failures, kit
from rushes import Answer, Result, Status, hookimpl, pick

URL = "https://films.example.org/1.mp4"
WORDS: Any = {0: "queued", 1: "completed", 7: "failed"}
NUMBERED = msgspec.structs.replace(
    ANSWERS, task="clips[]", task_id=("clip",), numbered=True, words=WORDS
)
DONE = {"clips": [{"ref": 71, "stage": 1, "links": [URL]}]}
STATUS = Status(state="completed", remote_id="71", results=(Result(url=URL),))
TESTS = (
    "test_receipts_are_read_as_listed",
    "test_words_are_read_as_listed",
    "test_statuses_are_read_as_listed",
    "test_an_unknown_word_is_not_understood",
    "test_malformed_answers_have_typed_outcomes",
    "test_no_value_is_too_odd",
    "test_parsing_is_total",
)


@hookimpl
def parse_status(answer: Answer) -> Status | None:
    """Take whatever is not 0 or 7 for the end."""
    word = pick(answer.json(), "clips", 0, "stage")
    state: Any = {0: "queued", 7: "failed"}.get(word, "completed") if type(word) is int else None
    return state and Status(state=state)


def broken(folder: Path, **changes: Any) -> dict[str, str]:
    plugin = declared(answers=NUMBERED, **changes)
    read = {"receipts": [({"clip": 71}, "71")], "statuses": [(DONE, STATUS)], "refusals": ()}
    parts = {"words": "", "word_at": "", "accepted": [{"model": "zoom", "text": "k"}], **read}
    return failures(kit(folder, plugin, **parts), *TESTS)


def test_numbers_are_read_like_words(tmp_path: Path) -> None:
    assert broken(tmp_path) == {}


def test_a_number_that_is_not_listed_is_not_understood(tmp_path: Path) -> None:
    found = broken(tmp_path, hooks=(parse_status,))["test_an_unknown_word_is_not_understood"]
    assert "the unlisted status word -1 is read as completed" in found
