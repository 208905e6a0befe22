"""UniAll's rules across fields: which of prompt, images and shots go together."""

from itertools import product
from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("uniall/kling-v3-std-silent")
IMAGE = "https://cdn.example.org/lamp.png"
ABSENT: Any = object()
SHOTS = [{"prompt": "A door opens"}, {"prompt": "A cat leaves"}]


def native(**fields: Any) -> Report:
    """Check a payload that is valid except for the given fields."""
    payload = {"model": "kling-v3-std-silent", "prompt": "A lamp is lit"} | fields
    given = {name: value for name, value in payload.items() if value is not ABSENT}
    return check(KLING, Request(extra=given))


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the only problem of a report, which must be at `path` and name its page."""
    assert [problem.path for problem in report.problems] == [path]
    assert report.payload is None
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.uniall.ai/")
    msgspec.json.encode(problem)
    return problem


TABLE = list(product([False, True], [ABSENT, [], SHOTS], [False, True]))


@pytest.mark.parametrize(("image", "multi_prompt", "prompt"), TABLE)
def test_which_fields_go_together(image: bool, multi_prompt: Any, prompt: bool) -> None:
    fields: dict[str, Any] = {} if multi_prompt is ABSENT else {"multi_prompt": multi_prompt}
    report = native(
        prompt="A lamp" if prompt else ABSENT,
        image=IMAGE if image else ABSENT,
        extra_body=fields,
    )
    has_shots = multi_prompt is SHOTS
    assert report.valid == ((prompt and not has_shots) or (image and has_shots and not prompt))
    paths = {problem.path for problem in report.problems}
    assert paths <= {"prompt", "image", "extra_body.multi_prompt"}
    if not has_shots and not prompt:
        refused(report, "prompt", "required")


@pytest.mark.parametrize("blank", ["", " ", "\u3000\u2028\u00a0"])
def test_a_blank_prompt_counts_as_absent(blank: str) -> None:
    refused(native(prompt=blank), "prompt", "blank")
    refused(native(prompt=blank, image=IMAGE), "prompt", "blank")


def test_a_last_image_needs_an_image() -> None:
    refused(native(last_image=IMAGE), "last_image", "image")
    assert native(image=IMAGE, last_image=IMAGE).valid
