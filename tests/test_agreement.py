"""Two readings of the same pages: what `check` accepts the sandbox accepts, and the reverse."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from payloads import FIELDS, native_payloads
from rushes import Request
from rushes.check import check
from rushes.registry import Registry
from rushes_sandbox import judge

PUBLIC = Registry(base_urls={"uniall": "https://uniall.example.com"})
LOCAL = Registry(
    base_urls={name: f"http://127.0.0.1:9/{name}" for name in ("toapis", "apimart", "uniall")}
)


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize("variant", sorted(FIELDS))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_check_and_sandbox_agree(variant: str, loopback: bool, data: st.DataObject) -> None:
    body: dict[str, Any] = data.draw(native_payloads(variant))
    gateway, _, model = variant.partition("/")
    loaded = (LOCAL if loopback else PUBLIC).get(variant)
    report = check(loaded, Request(extra=body))
    refusals = judge(gateway, model, body, loopback=loopback)
    for problem in report.problems:
        note(f"check: {problem}")
    for refusal in refusals:
        note(f"sandbox: {refusal}")
    assert report.valid == (not refusals)
