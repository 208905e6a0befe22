"""The plugins and the sandbox agree on the pages: both accept the same payloads."""

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from payloads import FIELDS, native_payloads
from rushes import Image, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import check
from rushes_sandbox import validate_request

PUBLIC = Registry(base_urls={"uniall": "https://uniall.example.com"})
LOCAL = Registry(
    base_urls={name: f"http://127.0.0.1:9/{name}" for name in ("toapis", "apimart", "uniall")}
)


COMMON: dict[str, st.SearchStrategy[Any]] = {
    "prompt": st.sampled_from(["A red kite", "", " \u3000", "\ud800", 5]),
    "duration": st.sampled_from([5, 6, 5.0, "5", float("nan")]),
    "resolution": st.sampled_from(["720p", "1080p", "8k"]),
    "audio": st.booleans(),
    "guidance": st.sampled_from([0, 0.5, 2, float("nan")]),
    "images": st.lists(
        st.builds(
            Image,
            st.sampled_from(["https://a.example.com/b.png", "local.png", "http://10.0.0.1/c"]),
            st.sampled_from(["first_frame", "last_frame", "reference"]),
        ),
        max_size=3,
    ),
    "shots": st.lists(
        st.builds(Shot, st.sampled_from(["Up", "Up", "\t"]), st.sampled_from([None, 2, 3])),
        max_size=3,
    ),
    "subjects": st.lists(
        st.builds(Subject, st.sampled_from(["Tom", "\xa0"]), st.sampled_from([None, "a cat"])),
        max_size=2,
    ),
}


@cache
def either(variant: str) -> st.SearchStrategy[Request]:
    """Draw a native payload as a request, or a request of common fields."""
    return st.one_of(
        native_payloads(variant).map(lambda body: Request(extra=body)),
        st.fixed_dictionaries({}, optional=COMMON).map(lambda given: Request(**given)),
    )


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize("variant", sorted(FIELDS))
@given(data=st.data())
def test_check_and_sandbox_agree(variant: str, loopback: bool, data: st.DataObject) -> None:
    body: dict[str, Any] = data.draw(native_payloads(variant))
    gateway, _, model = variant.partition("/")
    loaded = (LOCAL if loopback else PUBLIC).get(variant)
    report = check(loaded, Request(extra=body))
    violations = validate_request(gateway, model, body, loopback=loopback)
    for problem in report.problems:
        note(f"check: {problem}")
    for violation in violations:
        note(f"sandbox: {violation}")
    assert report.valid == (not violations)


@pytest.mark.parametrize("variant", sorted(FIELDS))
@given(data=st.data())
def test_a_request_and_its_fields_as_a_mapping_are_checked_alike(
    variant: str, data: st.DataObject
) -> None:
    """Only a `Request` may take the fast path, so this compares that with the full check."""
    loaded = PUBLIC.get(variant)
    request = data.draw(either(variant))
    assert check(loaded, request) == check(loaded, msgspec.structs.asdict(request))
