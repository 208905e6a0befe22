"""Whatever a native payload holds, a check answers; and what it accepts is what it was given."""

import copy
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
IMAGE = "https://cdn.example.org/lamp.png"
VALID: dict[str, Any] = {
    "model": "kling-v3",
    "prompt": "@rex at the door",
    "mode": "4k",
    "duration": 5,
    "aspect_ratio": "9:16",
    "negative_prompt": "rain",
    "image_urls": [IMAGE, IMAGE],
    "watermark": False,
    "audio": True,
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "A door opens", "duration": 2},
        {"index": 2, "prompt": "A cat leaves", "duration": 3},
    ],
    "element_list": [
        {"name": "rex", "description": "a dog", "element_input_urls": [IMAGE, IMAGE]},
    ],
    "webhook": "https://hooks.example.org/base",
}
STORY = {"multi_shot", "shot_type", "multi_prompt"}

text = st.text(st.characters(codec=None), max_size=12)  # lone surrogates too
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 16), st.floats(), text,
    st.sampled_from([IMAGE, "std", "4k", "customize", "intelligence", "16:9", "@rex", ""]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(text, inner, max_size=4),
        st.fixed_dictionaries({}, optional={"index": inner, "prompt": inner, "duration": inner}),
    ),
    max_leaves=8,
)


def judged(payload: dict[str, Any]) -> Report:
    """Check a payload, and hold the report against what every report promises."""
    before = repr(payload)
    report = check(KLING, Request(extra=payload))
    assert repr(payload) == before
    msgspec.json.encode(report.as_line())
    for problem in report.problems:
        assert problem.message
        assert len(problem.message) < 400
        assert problem.source
        assert problem.message.isprintable()
    assert report.valid == (report.payload is not None)
    if report.valid:
        whole = msgspec.json.decode(msgspec.json.encode(report.payload)) | report.transport
        given = dict(payload)
        if not str(given.get("prompt", "")).strip():  # blank under multi_shot counts as absent
            given.pop("prompt", None)
            whole.pop("prompt", None)
        assert json.dumps(whole, sort_keys=True) == json.dumps(given, sort_keys=True)
    return report


def test_the_seed_of_the_mutations_is_valid() -> None:
    assert judged(VALID).valid


@given(st.dictionaries(st.one_of(st.sampled_from(sorted(VALID)), text), values, max_size=8))
def test_any_object_is_judged(payload: dict[str, Any]) -> None:
    judged(payload)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the way to everything inside a payload."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, item in inside:
        found.append((*path, key))
        if isinstance(item, (dict, list)):
            found += spots(item, (*path, key))
    return found


@given(st.data())
def test_any_mutation_of_a_valid_payload_is_judged(data: st.DataObject) -> None:
    payload = copy.deepcopy(VALID)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(spots(payload)))
        at: Any = payload
        for key in way:
            at = at[key]
        if data.draw(st.booleans()):
            at[last] = data.draw(values)
        elif isinstance(at, dict):
            del at[last]
            at[data.draw(text)] = data.draw(values)
        else:
            at.insert(last, data.draw(st.one_of(values, st.just(at[last]))))
    judged(payload)


@given(st.sets(st.sampled_from(sorted(set(VALID) - STORY - {"model", "duration"}))), st.booleans())
def test_optional_fields_may_be_left_out_in_any_combination(dropped: set[str], story: bool) -> None:
    dropped = dropped if story else (dropped | STORY) - {"prompt"}
    payload = {name: value for name, value in VALID.items() if name not in dropped}
    assert judged(payload).valid


@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.integers(2, 16))
def test_only_shots_that_fill_the_duration_are_accepted(durations: list[int], total: int) -> None:
    shots = [
        {"index": index, "prompt": "A shot", "duration": seconds}
        for index, seconds in enumerate(durations, 1)
    ]
    report = judged(VALID | {"multi_prompt": shots, "duration": total})
    fits = len(shots) <= 6 and min(durations) >= 1 and sum(durations) == total
    assert report.valid == (fits and 3 <= total <= 15)
