"""The judge answers for any JSON at all, and depends on nothing but what it is given."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rushes_sandbox import MODELS, judge

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
VARIANTS = [(gateway, model) for gateway, models in MODELS.items() for model in models]


@given(st.sampled_from(sorted(MODELS)), JSON, JSON, st.booleans())
def test_any_json_is_judged(gateway: str, model: Any, body: Any, loopback: bool) -> None:
    for refusal in judge(gateway, model, body, loopback=loopback):
        assert refusal.message


@given(st.sampled_from(VARIANTS), st.dictionaries(FIELDS, LIKELY, max_size=6), st.booleans())
def test_likely_bodies_are_judged_alike_each_time_and_left_alone(
    variant: tuple[str, str], fields: dict[str, Any], loopback: bool
) -> None:
    gateway, model = variant
    body = {"model": model, **fields}
    before = copy.deepcopy(body)
    first = judge(gateway, model, body, loopback=loopback)
    assert judge(gateway, model, body, loopback=loopback) == first
    assert json.dumps(body) == json.dumps(before)


@given(st.sampled_from(VARIANTS), st.dictionaries(FIELDS, LIKELY, max_size=6))
def test_what_is_accepted_from_outside_is_accepted_on_loopback(
    variant: tuple[str, str], fields: dict[str, Any]
) -> None:
    gateway, model = variant
    body = {"model": model, **fields}
    if not judge(gateway, model, body, loopback=False):
        assert not judge(gateway, model, body, loopback=True)


@given(st.sampled_from(VARIANTS), TEXT, JSON)
def test_a_field_nobody_declared_is_always_refused(
    variant: tuple[str, str], name: str, value: Any
) -> None:
    gateway, model = variant
    body = {"model": model, "prompt": "x", f"{name}!": value}
    assert judge(gateway, model, body, loopback=False)
