"""All problems at once, and no false ones: rich requests with one or two mistakes each."""

import copy
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from rushes import Client
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry(base_urls={"uniall": "https://uniall.example.com"})
FIRST, LAST, ONE, TWO = (f"https://a.example.com/{name}.png" for name in "flot")
TEXTS = {"prompt": "A red kite", "negative_prompt": "blur", "aspect_ratio": "16:9"}
FRAMES = [{"url": LAST, "role": "last_frame"}, {"url": FIRST, "role": "first_frame"}]
REFERENCES = [{"url": url, "role": "reference"} for url in (ONE, TWO)]
DELIVERY = {"client_business_id": "job-1", "callback_url": "https://a.example.com/hook"}
RICH: dict[str, dict[str, Any]] = {
    "toapis/kling-v3": {
        **TEXTS,
        "duration": 10,
        "resolution": "1080p",
        "images": [*REFERENCES, *FRAMES],
        "audio": True,
        "watermark": False,
        "extra": {**DELIVERY, "metadata": {"style": "calm"}},
    },
    "toapis/kling-v2-6": {
        **TEXTS,
        "duration": 10,
        "resolution": "1080p",
        "images": [*FRAMES, *REFERENCES],
        "audio": True,
        "watermark": True,
        "extra": DELIVERY,
    },
    "toapis/kling-v3-omni": {
        "prompt": "<<<image_1>>> meets <<<image_2>>>",
        "duration": 5,
        "aspect_ratio": "1:1",
        "resolution": "720p",
        "images": REFERENCES,
        "audio": False,
        "extra": {**DELIVERY, "metadata": {"style": "calm"}},
    },
    "apimart/kling-v3": {
        **TEXTS,
        "prompt": "@kite over @dune",
        "duration": 6,
        "resolution": "4k",
        "images": FRAMES,
        "shots": [{"prompt": words, "duration": 2} for words in ("Up", "Down", "Away")],
        "subjects": [
            {"name": name, "description": "red", "images": [ONE, TWO]} for name in ("kite", "dune")
        ],
        "audio": True,
        "watermark": True,
        "extra": {"webhook": "https://a.example.com/hook"},
    },
    "uniall/kling-v3-std-audio": {
        "negative_prompt": "blur",
        "duration": 9,
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "images": FRAMES,
        "shots": [{"prompt": "Up"}, {"prompt": "Down"}],
        "audio": True,
        "guidance": 0.5,
        "extra": {"extra_body": {"shot_type": "intelligent", "style": "calm"}},
    },
}
ODD = {"odd": 1}
"""A value that no field accepts."""
BAD: dict[str, list[Any]] = {
    "url": ["http://10.0.0.7/a.png", "ftp://a.example.com/1.png", "data:image/png;base64,AAAA"],
    "role": ["hero"],
    "prompt": ["k" * 3000],
    "duration": [99, 0.5],
    "aspect_ratio": ["4:3"],
    "resolution": ["8k"],
    "guidance": [2],
    "name": ["\u3000"],
    "description": ["\u3000"],
    "callback_url": ["nowhere"],
    "webhook": ["nowhere"],
}
"""Values that some fields of this name refuse; `bad_values` finds out which do."""


def places(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field and item, nested ones included."""
    steps: Any = ()
    if isinstance(value, dict):
        steps = ((f"{path}.{name}" if path else name, item) for name, item in value.items())
    elif isinstance(value, list):
        steps = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    for at, item in steps:
        yield at
        yield from places(item, at)


def with_value(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(request)
    target: Any = made
    *steps, last = (int(s) if s.isdigit() else s for s in re.findall(r"[^.\[\]]+", path))
    for step in steps:
        target = target[step]
    target[last] = value
    return made


def overlaps(one: str, other: str) -> bool:
    """Return whether two paths are equal, or one contains the other."""
    short, long = sorted((one, other), key=len)
    return f"{long}.".startswith((f"{short}.", f"{short}["))


def problem_paths(variant: str, request: dict[str, Any]) -> set[str]:
    return {problem.path for problem in check(REGISTRY.get(variant), request).problems}


def values(path: str) -> list[Any]:
    """List the further values to put at a path."""
    name = re.findall(r"[a-z_]+", path)[-1]
    more = [None] if path.startswith("extra.") else []
    return [7, *BAD["url"]] if path.endswith("]") else [*BAD.get(name, more)]


def bad_values(variant: str) -> dict[str, list[Any]]:
    """Return for each path the values that give a problem at that very path."""
    found: dict[str, list[Any]] = {}
    for path in places(RICH[variant]):
        for value in (ODD, *values(path)):
            if path in problem_paths(variant, with_value(RICH[variant], path, value)):
                found.setdefault(path, []).append(value)
    return found


@pytest.mark.parametrize("variant", RICH)
def test_the_rich_request_is_accepted(variant: str) -> None:
    assert problem_paths(variant, RICH[variant]) == set()


@pytest.mark.parametrize("variant", RICH)
def test_a_bad_value_is_a_problem_at_its_own_path_only(variant: str) -> None:
    open_objects = ("extra.metadata", "extra.extra_body")
    for path in places(RICH[variant]):
        if path == "extra" or path.startswith(open_objects):
            continue
        found = problem_paths(variant, with_value(RICH[variant], path, ODD))
        assert found, path
        assert all(overlaps(path, other) for other in found), (path, found)


@pytest.mark.parametrize("malformed", [7, None])
@pytest.mark.parametrize("variant", REGISTRY.ids())
def test_a_malformed_value_has_no_problems_inside(variant: str, malformed: Any) -> None:
    lists = {
        "images": [*FRAMES, *REFERENCES],
        "shots": [{"prompt": words, "duration": 3} for words in ("Up", "Down", "Away")],
        "subjects": [{"name": name, "images": [ONE, TWO]} for name in ("kite", "dune")],
    }
    whole_lists = [path for path in places(lists) if path.endswith("images") and malformed]
    for path in [*whole_lists, *(path for path in places(lists) if path.endswith("]"))]:
        found = problem_paths(variant, with_value(lists, path, malformed))
        assert {other for other in found if other.startswith(path)} == {path}


@pytest.mark.parametrize("variant", RICH)
def test_no_problem_hides_another(variant: str) -> None:
    single = bad_values(variant)
    assert len(single) >= 15
    for one, other in combinations(single, 2):
        if overlaps(one, other):
            continue
        for this, that in {(0, -1), (-1, 0)}:
            both = with_value(RICH[variant], one, single[one][this])
            both = with_value(both, other, single[other][that])
            found = problem_paths(variant, both)
            assert {one, other} <= found, f"{one}, {other}: {both}"


@pytest.mark.parametrize("variant", RICH)
def test_every_field_malformed_at_once(variant: str) -> None:
    request = dict.fromkeys(RICH[variant], ODD) | {"extra": {"no_such": 1, "mode": 5}}
    expected = {*request, "extra.no_such", "extra.mode"} - {"extra"}
    assert problem_paths(variant, request) == expected


def test_no_other_variant_is_suggested_for_a_native_payload(tmp_path: Path) -> None:
    payload = {"model": "kling-v3", "prompt": "A red kite", "duration": 12}
    with Client(home=tmp_path) as client:
        (common,) = client.check(
            "toapis/kling-v3", {"prompt": "A red kite", "duration": 12}
        ).problems
        (native,) = client.check("toapis/kling-v3", {"extra": payload}).problems
    assert (common.path, native.path) == ("duration", "duration")
    assert "apimart/kling-v3" in common.variants
    assert native.variants == []
