"""Portable requests: `check` maps them the same way as an independent implementation."""

import json
from functools import cache
from typing import Any

import msgspec
import pytest
from field_mapping import TABLE, read
from hypothesis import given, note, settings
from hypothesis import strategies as st
from payloads import FIELDS, PROMPTS, RATIOS, SHOT_PROMPTS, URLS, maybe, usually
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry(base_urls={"uniall": "https://uniall.example.com"})
FILES = st.sampled_from(["kite.png", "dune.jpg", "https://a.example.com/1.png"])
IMAGE = st.fixed_dictionaries(
    {
        "url": usually(FILES | URLS),
        "role": usually(st.sampled_from(["first_frame", "last_frame", "reference"])),
    },
    optional={"weight": st.none() | st.just(1)},
)
FRAMES = st.permutations(
    [
        {"url": "https://a.example.com/1.png", "role": "first_frame"},
        {"url": "kite.png", "role": "last_frame"},
    ]
).map(list)
SECONDS = usually(st.sampled_from([1, 2, 3, 5, 5.0, 2.5, 10, 10.0, 15, 16]))
SHOT = st.fixed_dictionaries(
    {"prompt": usually(SHOT_PROMPTS)}, optional={"duration": usually(st.sampled_from([1, 2, 3.0]))}
)
TIMED = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(
    lambda lengths: [{"prompt": "Up", "duration": length} for length in lengths]
)
SUBJECT = st.fixed_dictionaries(
    {
        "name": usually(st.sampled_from(["kite", "dune", "kite ", " "])),
        "description": usually(st.sampled_from(["red", "red", ""])),
        "images": usually(st.lists(usually(FILES | URLS), min_size=1, max_size=5)),
    }
)
TEXTS = st.sampled_from(["blur", "", " "])
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "prompt": usually(PROMPTS),
    "negative_prompt": usually(TEXTS),
    "duration": SECONDS,
    "aspect_ratio": RATIOS,
    "resolution": usually(st.sampled_from(["720p", "1080p", "4k", "8k", ""])),
    "images": usually(FRAMES | st.lists(usually(IMAGE), max_size=3)),
    "shots": usually(TIMED | st.lists(usually(SHOT), max_size=7)),
    "subjects": usually(st.lists(usually(SUBJECT), max_size=4)),
    "audio": usually(st.booleans()),
    "watermark": usually(st.booleans()),
    "guidance": usually(st.sampled_from([0, 1, 0.5, 1.0, 1.5])),
    "seed": usually(st.sampled_from([0, 7, 7.0])),
}


@cache
def native(variant: str) -> st.SearchStrategy[dict[str, Any]]:
    return maybe(FIELDS[variant])


@cache
def native_names(variant: str) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(sorted(FIELDS[variant])), max_size=3)


@cache
@st.composite
def requests(draw: st.DrawFn, variant: str) -> dict[str, Any]:
    """Draw a request as JSON: a few fields, mostly plausible, sometimes native ones."""
    fits = [name for name in COMMON if name in TABLE[variant]]
    few = draw(st.lists(st.sampled_from(fits), max_size=4, unique=True))
    if draw(st.integers(0, 5)) == 0:
        few.append(draw(st.sampled_from(sorted(COMMON))))
    request: dict[str, Any] = {"prompt": "A red kite"} if draw(st.integers(0, 3)) else {}
    request |= {name: draw(COMMON[name]) for name in few}
    if draw(st.integers(0, 2)) == 0:
        request["extra"] = draw(native(variant))
        names = draw(native_names(variant))
        request["extra"] = {k: v for k, v in request["extra"].items() if k in names}
    return request


def wire(report: Report) -> Any:
    """Return the body that would be sent, with the paths of local files in place of addresses."""
    text = msgspec.json.encode(report.complete_payload()).decode()
    for planned in report.uploads:
        text = text.replace(json.dumps(planned.placeholder), json.dumps(planned.path))
    return json.loads(text)


@pytest.mark.parametrize("variant", sorted(TABLE))
@settings(max_examples=2 * settings().max_examples)
@given(data=st.data())
def test_requests_are_mapped_as_in_the_table(variant: str, data: st.DataObject) -> None:
    request: dict[str, Any] = data.draw(requests(variant))
    report, mapped = check(REGISTRY.get(variant), request), read(variant, request)
    for problem in report.problems:
        note(f"check: {problem}")
    note(f"table: {mapped.refused}")
    assert report.valid == (not mapped.refused)
    if report.valid:
        assert exact(wire(report)) == exact(mapped.body)
    paths = {problem.path for problem in report.problems}
    assert {path for path in mapped.refused if path[:5] != "wire "} <= paths


def exact(value: Any) -> str:
    """Write JSON so that 5 and 5.0, and true and 1, differ."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("variant", sorted(TABLE))
@given(data=st.data())
def test_a_request_and_its_fields_as_a_mapping_are_checked_alike(
    variant: str, data: st.DataObject
) -> None:
    """Only a `Request` may take the fast path, so this compares that with the full check."""
    drawn = data.draw(requests(variant))
    loaded = REGISTRY.get(variant)
    try:
        request = msgspec.convert(drawn, Request)
    except (msgspec.ValidationError, ValueError):
        return
    report, full = check(loaded, request), check(loaded, msgspec.structs.asdict(request))
    assert report == full
    if report.valid:
        assert msgspec.json.encode(report.payload) == msgspec.json.encode(full.payload)
