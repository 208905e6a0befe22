"""Storyboards in native APIMart payloads: which fields go together, indexes, sums."""

from itertools import product
from typing import Any

import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
ABSENT: Any = object()
SHOTS = [
    {"index": 1, "prompt": "A door opens", "duration": 2},
    {"index": 2, "prompt": "A cat leaves", "duration": 3},
]


def native(**fields: Any) -> Report:
    payload = {"model": "kling-v3", "prompt": "A house"} | fields
    given = {name: value for name, value in payload.items() if value is not ABSENT}
    return check(KLING, Request(extra=given))


def story(shots: Any, **fields: Any) -> Report:
    return native(multi_shot=True, shot_type="customize", multi_prompt=shots, **fields)


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the only problem of a report, which must be at `path` and name its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.apimart.ai/")
    return problem


def allowed(multi_shot: Any, shot_type: Any, multi_prompt: Any, prompt: Any) -> bool:
    """Return what the page allows, for fields that are each valid."""
    has_prompt = prompt not in (ABSENT, "", " \u3000")
    has_shots = multi_prompt not in (ABSENT, [])
    if multi_shot is not True:
        return shot_type is ABSENT and not has_shots and has_prompt
    if shot_type == "customize":
        return has_shots
    return shot_type == "intelligence" and has_prompt and not has_shots


TABLE = list(
    product(
        [ABSENT, False, True],
        [ABSENT, "customize", "intelligence"],
        [ABSENT, [], SHOTS],
        [ABSENT, "", " \u3000", "A house"],
    )
)


def name_of(row: tuple[Any, ...]) -> str:
    words = [
        "-" if value is ABSENT else "shots" if value is SHOTS else repr(value) for value in row
    ]
    return " ".join(words)


@pytest.mark.parametrize("row", TABLE, ids=name_of)
def test_which_fields_go_together(row: tuple[Any, ...]) -> None:
    multi_shot, shot_type, multi_prompt, prompt = row
    report = native(
        multi_shot=multi_shot, shot_type=shot_type, multi_prompt=multi_prompt, prompt=prompt
    )
    assert report.valid == allowed(*row)
    paths = {problem.path.partition("[")[0] for problem in report.problems}
    assert paths <= {"multi_shot", "shot_type", "multi_prompt", "prompt"}
    for problem in report.problems:
        assert problem.source is not None
        assert problem.source.url.startswith("https://docs.apimart.ai/")


def test_the_field_at_fault_is_named() -> None:
    refused(native(multi_shot=True), "shot_type", "customize", "intelligence")
    refused(native(multi_shot=True, shot_type="customize"), "multi_prompt")
    report = native(multi_shot=True, shot_type="intelligence", prompt=ABSENT)
    refused(report, "prompt")
    report = native(multi_shot=True, shot_type="intelligence", multi_prompt=SHOTS)
    refused(report, "multi_prompt", "intelligence")
    refused(native(shot_type="customize"), "shot_type", "multi_shot")
    refused(native(multi_prompt=SHOTS), "multi_prompt", "multi_shot")
    report = native(multi_shot=False, shot_type="intelligence", multi_prompt=SHOTS)
    assert {problem.path for problem in report.problems} == {"shot_type", "multi_prompt"}


@pytest.mark.parametrize(
    ("durations", "total", "fits"),
    [
        ([5], ABSENT, True),
        ([2, 3], ABSENT, True),
        ([1, 1, 1, 1, 1], ABSENT, True),
        ([6], ABSENT, False),
        ([4], ABSENT, False),
        ([1, 1, 1], 3, True),
        ([3], 3, True),
        ([1, 1], 3, False),
        ([15], 15, True),
        ([2, 2, 2, 3, 3, 3], 15, True),
        ([10, 6], 15, False),
        ([10, 4], 15, False),
        ([16], 15, False),
    ],
)
def test_the_shots_must_add_up_to_the_duration(
    durations: list[int], total: Any, fits: bool
) -> None:
    shots = [
        {"index": index, "prompt": "A shot", "duration": duration}
        for index, duration in enumerate(durations, 1)
    ]
    report = story(shots, duration=total)
    if fits:
        assert report.problems == ()
    else:
        (problem,) = report.problems
        assert problem.path.partition("[")[0] in ("multi_prompt", "duration")
        wanted = 5 if total is ABSENT else total
        assert str(wanted) in problem.message
        assert str(sum(durations)) in problem.message


@pytest.mark.parametrize(
    ("indexes", "fits"),
    [
        ([1, 2, 3, 4, 5], True),
        ([0, 1, 2, 3, 4], False),
        ([2, 3, 4, 5, 6], False),
        ([1, 2, 4, 5, 6], False),
        ([1, 2, 2, 3, 4], False),
        ([2, 1, 3, 4, 5], False),
        ([5, 4, 3, 2, 1], False),
        ([1, 1, 1, 1, 1], False),
        ([-1, 1, 2, 3, 4], False),
        ([1, 2, 3, 4, 10**30], False),
    ],
)
def test_indexes_count_from_one(indexes: list[int], fits: bool) -> None:
    report = story([{"index": index, "prompt": "A shot", "duration": 1} for index in indexes])
    assert report.valid is fits
    for problem in report.problems:
        assert problem.path.startswith("multi_prompt[")
        assert problem.path.endswith("].index")
