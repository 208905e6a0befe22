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

KLING = Registry().get("uniall/kling-v3-pro-audio")
IMAGE = "https://cdn.example.org/lamp.png"
FRAMES = {"image": IMAGE, "last_image": IMAGE}
COMMON = {"model": "kling-v3-pro-audio", "aspect_ratio": "1:1", "duration": 15}
OPEN = {
    "cfg_scale": 0.5,
    "shot_type": "customize",
    "negative_prompt": "rain",
    "element_list": [{"a": 1}],
    "camera": {"pan": [1, 2.5]},
}
SHOTS = {"multi_prompt": [{"prompt": "A door opens"}, {"prompt": "A cat leaves"}]}
VALID: list[dict[str, Any]] = [
    {**COMMON, **FRAMES, "prompt": "A lamp", "extra_body": OPEN},
    {**COMMON, **FRAMES, "extra_body": OPEN | SHOTS},
]
NAMES = sorted({*VALID[0], *VALID[1]})

text = st.text(st.characters(codec=None), max_size=12)  # lone surrogates too
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 16), st.floats(), text,
    st.sampled_from([IMAGE, "customize", "intelligent", "16:9", "", 0.5]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(text, inner, max_size=4),
        st.dictionaries(st.sampled_from([*OPEN, *SHOTS, "prompt"]), inner, max_size=4),
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
        sent = msgspec.json.decode(msgspec.json.encode(report.payload))
        assert json.dumps(sent, sort_keys=True) == json.dumps(payload, sort_keys=True)
        assert report.transport == {}
    return report


def test_the_seeds_of_the_mutations_are_valid() -> None:
    assert all(judged(payload).valid for payload in VALID)


@given(st.dictionaries(st.one_of(st.sampled_from(NAMES), text), values, max_size=8))
def test_any_object_is_judged(payload: dict[str, Any]) -> None:
    judged(payload)


@given(st.dictionaries(st.one_of(st.sampled_from([*OPEN, *SHOTS]), text), values, max_size=5))
def test_any_extra_body_is_judged(extra: dict[str, Any]) -> None:
    judged({**COMMON, "prompt": "A lamp", "extra_body": extra})


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the way to everything inside a payload."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, item in inside:
        found.append((*path, key))
        if isinstance(item, (dict, list)):
            found += spots(item, (*path, key))
    return found


@given(st.sampled_from(VALID), st.data())
def test_any_mutation_of_a_valid_payload_is_judged(
    valid: dict[str, Any], data: st.DataObject
) -> None:
    payload = copy.deepcopy(valid)
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


@given(
    st.sampled_from(VALID),
    st.sets(st.sampled_from(["aspect_ratio", "duration", "last_image"])),
    st.sets(st.sampled_from(sorted(OPEN))),
)
def test_optional_fields_may_be_left_out_in_any_combination(
    valid: dict[str, Any], dropped: set[str], inside: set[str]
) -> None:
    payload = {name: value for name, value in valid.items() if name not in dropped}
    extra = {name: value for name, value in valid["extra_body"].items() if name not in inside}
    assert judged(payload | {"extra_body": extra}).valid
