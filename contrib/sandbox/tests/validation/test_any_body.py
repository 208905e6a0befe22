"""Validation takes any JSON value, and depends on its arguments only."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rushes_sandbox import protocols, validate_request

MODELS = protocols().by_id
TEXT = st.text(st.characters(), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
WORDS = """
    prompt mode duration aspect_ratio reference_images image_with_roles image_urls audio metadata
    negative_prompt watermark multi_shot shot_type multi_prompt element_list image last_image
    extra_body client_business_id callback_url webhook
"""
FIELDS = st.sampled_from(WORDS.split())
LIKELY = JSON | st.sampled_from(
    [
        "a.b",
        "std",
        "customize",
        "https://x.org/i.png",
        "<<<image_1>>>",
        5,
        ["https://x.org/i.png"],
        [{"url": "https://x.org/i.png", "role": "last_frame"}],
        [{"index": 1, "prompt": "p", "duration": 5}],
        {"multi_prompt": [{"prompt": "p"}], "cfg_scale": 0.5},
    ]
)
VARIANTS = [(gateway, model) for gateway, found in MODELS.items() for model in found.models]


@given(st.sampled_from(sorted(MODELS)), JSON, JSON, st.booleans())
def test_any_json_is_validated(gateway: str, model: Any, body: Any, loopback: bool) -> None:
    for violation in validate_request(gateway, model, body, loopback=loopback):
        assert violation.message


@given(st.sampled_from(VARIANTS), st.dictionaries(FIELDS, LIKELY, max_size=6), st.booleans())
def test_validation_is_repeatable_and_does_not_change_the_body(
    variant: tuple[str, str], fields: dict[str, Any], loopback: bool
) -> None:
    gateway, model = variant
    body = {"model": model, **fields}
    before = copy.deepcopy(body)
    first = validate_request(gateway, model, body, loopback=loopback)
    assert validate_request(gateway, model, body, loopback=loopback) == first
    assert json.dumps(body) == json.dumps(before)


@given(st.sampled_from(VARIANTS), st.dictionaries(FIELDS, LIKELY, max_size=6))
def test_what_a_remote_gateway_accepts_a_local_one_accepts(
    variant: tuple[str, str], fields: dict[str, Any]
) -> None:
    gateway, model = variant
    body = {"model": model, **fields}
    if not validate_request(gateway, model, body, loopback=False):
        assert not validate_request(gateway, model, body, loopback=True)


@given(st.sampled_from(VARIANTS), TEXT, JSON)
def test_an_undeclared_field_is_always_rejected(
    variant: tuple[str, str], name: str, value: Any
) -> None:
    gateway, model = variant
    body = {"model": model, "prompt": "x", f"{name}!": value}
    assert validate_request(gateway, model, body, loopback=False)
