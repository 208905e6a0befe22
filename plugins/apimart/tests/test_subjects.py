"""Subjects in APIMart's prompts: `@name` cites one; a subject that is not cited gets a note."""

from typing import Any

import pytest
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
IMAGE = "https://cdn.example.org/lamp.png"
REX = {"name": "rex", "description": "a dog", "element_input_urls": [IMAGE, IMAGE]}


def native(**fields: Any) -> Report:
    return check(KLING, Request(extra={"model": "kling-v3", "element_list": [REX], **fields}))


@pytest.mark.parametrize(
    ("prompt", "cited"),
    [("@rex", True), ("see @rex.", True), ("rex", False), ("@max", False), ("rex@", False)],
)
def test_a_subject_that_is_not_cited_gets_a_note(prompt: str, cited: bool) -> None:
    report = native(prompt=prompt)
    assert report.valid
    notes = [note for note in report.notes if note.path.startswith("element_list[0]")]
    assert len(notes) == len(report.notes) == (not cited)
    assert all("rex" in note.message for note in notes)


def test_a_subject_may_be_cited_in_a_shot() -> None:
    shots = [{"index": 1, "prompt": "@rex wakes", "duration": 5}]
    report = native(multi_shot=True, shot_type="customize", multi_prompt=shots)
    assert (report.problems, report.notes) == ((), ())


def test_an_unknown_name_may_be_cited() -> None:
    assert native(prompt="@nobody and @rex").notes == ()
