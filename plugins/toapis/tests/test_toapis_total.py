"""Whatever a native payload holds, a check answers; and what it accepts is what it was given."""

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
IMAGE = "https://cdn.example.org/lamp.png"
TRANSPORT = {"client_business_id": "job-7", "callback_url": "https://hooks.example.org/done"}
ROLES = [{"url": IMAGE, "role": "first_frame"}, {"url": IMAGE, "role": "last_frame"}]
COMMON = {"prompt": "A lamp", "mode": "pro", "duration": 10, "aspect_ratio": "1:1", **TRANSPORT}
VALID: dict[str, dict[str, Any]] = {
    "toapis/kling-v3": {
        **COMMON, "model": "kling-v3", "reference_images": [IMAGE], "image_with_roles": ROLES,
        "audio": True, "metadata": {"negative_prompt": "fog", "watermark": True, "a": [1]},
    },
    "toapis/kling-v3-omni": {
        **COMMON, "model": "kling-v3-omni", "image_urls": [IMAGE, IMAGE], "metadata": {"a": [1]},
        "prompt": "<<<image_1>>> A lamp",
    },
    "toapis/kling-v2-6": {
        **COMMON, "model": "kling-v2-6", "reference_images": [IMAGE], "image_with_roles": ROLES,
        "audio": True, "negative_prompt": "fog", "watermark": False,
    },
}  # fmt: skip
ALL = pytest.mark.parametrize("variant", sorted(VALID))

text = st.text(st.characters(codec=None), max_size=12)  # lone surrogates too
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 20), st.floats(), text,
    st.sampled_from([IMAGE, "std", "pro", "first_frame", "16:9", 5, 10, 15, "<<<image_2>>>", ""]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(text, inner, max_size=4),
        st.fixed_dictionaries({}, optional={"url": inner, "role": inner}),
    ),
    max_leaves=8,
)


def canonical(value: Any) -> str:
    """Write JSON so that 1, 1.0 and true differ, and the order of keys does not."""
    return json.dumps(value, sort_keys=True)


def judged(variant: str, payload: dict[str, Any]) -> Report:
    """Check a payload, and hold the report against what every report promises."""
    before = repr(payload)
    report = check(REGISTRY.get(variant), Request(extra=payload))
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
        if variant.endswith("omni") and whole["prompt"] != payload["prompt"]:
            assert whole["prompt"] == f"<<<image_1>>> {payload['prompt']}"
            whole["prompt"] = payload["prompt"]
        assert canonical(whole) == canonical(payload)
    return report


@ALL
def test_the_seed_of_the_mutations_is_valid(variant: str) -> None:
    assert judged(variant, VALID[variant]).valid


@ALL
@given(data=st.data())
def test_any_object_is_judged(variant: str, data: st.DataObject) -> None:
    names = st.one_of(st.sampled_from(sorted(VALID[variant])), text)
    judged(variant, data.draw(st.dictionaries(names, values, max_size=6)))


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the way to everything inside a payload."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, item in inside:
        found.append((*path, key))
        if isinstance(item, (dict, list)):
            found += spots(item, (*path, key))
    return found


@ALL
@given(data=st.data())
def test_any_mutation_of_a_valid_payload_is_judged(variant: str, data: st.DataObject) -> None:
    payload = copy.deepcopy(VALID[variant])
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
    judged(variant, payload)


@ALL
@given(data=st.data())
def test_optional_fields_may_be_left_out_in_any_combination(
    variant: str, data: st.DataObject
) -> None:
    optional = sorted(set(VALID[variant]) - {"model", "prompt", "mode", "duration", "image_urls"})
    dropped = data.draw(st.sets(st.sampled_from(optional)))
    payload = {name: value for name, value in VALID[variant].items() if name not in dropped}
    assert judged(variant, payload).valid


@ALL
@given(data=st.data())
def test_an_open_object_comes_back_as_it_was(variant: str, data: st.DataObject) -> None:
    if "metadata" not in VALID[variant]:
        return
    payload = VALID[variant] | {"metadata": data.draw(st.dictionaries(text, values, max_size=4))}
    judged(variant, payload)
