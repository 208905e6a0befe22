"""The kit on providers that are asked for several tasks in one call."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_declared import ANSWERS, declared
from kit_toy import failures, kit
from rushes import Answer, Call, Steps, Variant, hookimpl

TEST = "test_tasks_asked_for_together_are_told_apart"
LISTING = msgspec.structs.replace(ANSWERS, task="clips[]")
URL = "https://films.example.org/1.mp4"
DONE = {"clips": [{"ref": "r-1", "stage": "ready", "links": [URL]}]}


def failure(folder: Path, **changes: Any) -> str:
    """Return what the kit says of a provider that lists tasks, changed so."""
    paths = {"status_path": "/v1/clips?of={id}", "statuses_path": "/v1/clips?of={ids}"}
    statuses = changes.pop("statuses", ((DONE, None),))
    plugin = declared(**{"answers": LISTING, **paths, **changes})
    accepted = [{"model": "zoom", "text": "k"}]
    parts = {"receipts": (), "words": "", "word_at": "", "statuses": statuses}
    return failures(kit(folder, plugin, accepted=accepted, **parts), TEST).get(TEST, "")


def test_one_that_lists_by_id_is_right(tmp_path: Path) -> None:
    assert failure(tmp_path) == ""


def test_one_whose_own_answer_is_an_item_of_the_list_is_right(tmp_path: Path) -> None:
    answers = msgspec.structs.replace(ANSWERS, task="", listed="clips[]", own_id=("ref",))
    statuses = ((DONE["clips"][0], None),)
    assert failure(tmp_path, answers=answers, statuses=statuses) == ""


def test_one_that_lists_nothing_is_not_asked(tmp_path: Path) -> None:
    assert failure(tmp_path, statuses_path=None) == ""


@hookimpl
def poll(variant: Variant) -> Steps[Answer]:
    """Ask for all clips."""
    answer = yield Call.get(variant.url("/v1/clips"))
    return answer


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hooks": (poll,)}, "poll does not make the call of `status_path`"),
        ({"answers": msgspec.structs.replace(LISTING, own_id=("name",))}, "r-1 is not found among"),
    ],
)
def test_one_that_is_wrong_is_found(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    assert says in failure(tmp_path, **changes)
