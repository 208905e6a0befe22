"""`json_schema` and the checker agree, according to an independent validator.

What the checker accepts the schema accepts. What only the checker refuses is refused by a rule
that the schema lists under `x-rules`, or by one of the few things that JSON Schema cannot express.
"""

import math
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from kits import kits
from payloads import FIELDS, native_payloads
from rushes import Problem, Request, json_schema
from rushes.plugins import Registry
from rushes.testing import check, edge_payloads, payloads

REGISTRY = Registry()
KITS = kits()
BASE = {"model": "kling-v3", "prompt": "A red kite"}
URL = "https://pictures.example.com/a.png"


def validator(variant: str) -> Any:
    return Draft202012Validator(json_schema(REGISTRY.get(variant).variant))


VALIDATORS = {variant: validator(variant) for variant in FIELDS}


def problems(variant: str, body: dict[str, Any]) -> tuple[Problem, ...]:
    return check(REGISTRY.get(variant), Request(extra=body)).problems


def at(body: Any, path: str) -> Any:
    """Return the value at a problem's path, or None if its last step does not exist."""
    for step in re.findall(r"[^.\[\]]+", path):
        body = body[int(step)] if isinstance(body, list) else body.get(step)
    return body


def inexpressible(variant: str, body: dict[str, Any], problem: Problem) -> bool:
    """Return whether JSON Schema cannot express a problem."""
    if problem.code in {listed["code"] for listed in VALIDATORS[variant].schema.get("x-rules", ())}:
        return True
    value = at(body, problem.path)
    if problem.code in ("public_url", "web_url"):
        # A pattern cannot recognise private or malformed addresses.
        return isinstance(value, str) and value.lower().startswith("http")
    if isinstance(value, float):
        # To the validator 5.0 is an integer, and infinity, which JSON lacks, a number.
        return (
            value.is_integer() if problem.code in ("type", "choice") else not math.isfinite(value)
        )
    # To the validator a lone surrogate is a character.
    return problem.code == "not_json" and isinstance(value, str)


def disagreements(variant: str, body: dict[str, Any]) -> Iterator[str]:
    """Yield each case in which only one of the two refuses the payload."""
    errors = [error.message for error in VALIDATORS[variant].iter_errors(body)]
    found = problems(variant, body)
    if errors and not found:
        yield f"the schema alone refuses {body}: {errors}"
    if found and not errors:
        for problem in found:
            if not inexpressible(variant, body, problem):
                yield f"the checker alone refuses {body}: {problem}"


@pytest.mark.parametrize("variant", sorted(FIELDS))
def test_the_schema_is_valid(variant: str) -> None:
    schema = json_schema(REGISTRY.get(variant).variant)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("variant", sorted(FIELDS))
@given(data=st.data())
def test_payloads_near_the_bounds(variant: str, data: st.DataObject) -> None:
    body = data.draw(native_payloads(variant))
    note(f"{body}")
    assert list(disagreements(variant, body)) == []


@pytest.mark.parametrize("variant", sorted(FIELDS))
@given(data=st.data())
def test_payloads_from_the_struct(variant: str, data: st.DataObject) -> None:
    body = data.draw(payloads(REGISTRY.get(variant).variant.payload))
    assert list(disagreements(variant, body)) == []


@pytest.mark.parametrize("variant", sorted(FIELDS))
def test_every_value_at_and_beyond_a_bound(variant: str) -> None:
    struct, body = REGISTRY.get(variant).variant.payload, KITS[variant].native()
    tried = edge_payloads(struct, body)
    assert len(tried) > 10 * len(struct.__struct_fields__)
    assert [found for payload in tried for found in disagreements(variant, payload)] == []


def role_lists() -> Iterator[list[dict[str, str]]]:
    for count in range(4):
        for roles in product(("first_frame", "last_frame", "reference_image"), repeat=count):
            yield [{"url": URL, "role": role} for role in roles]


NO = object()
"""Stands for a field that is left out."""
PROMPTS = (NO, "", " \n", "k")
FRAMES = {
    "duration": (NO, 5, 10, 15),
    "reference_images": (NO, [], [URL]),
    "image_with_roles": (NO, *role_lists()),
    "audio": (NO, False, True),
    "mode": (NO, "std", "pro"),
}
ONE, TWO = ({"index": place, "prompt": "k", "duration": 3} for place in (1, 2))
SHOTS = {
    "prompt": PROMPTS,
    "multi_shot": (NO, False, True),
    "shot_type": (NO, "customize", "intelligence"),
    "multi_prompt": (NO, [], [ONE], [TWO], [ONE, TWO], [TWO, ONE], [ONE, ONE]),
    "duration": (NO, 3, 6),
}
FEW = [{"prompt": "k"}]
EXTRA = {
    "prompt": PROMPTS,
    "image": (NO, URL),
    "last_image": (NO, URL),
    "extra_body": (NO, {}, {"multi_prompt": []}, {"multi_prompt": FEW}, {"seed": 1}),
}
CORNERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "toapis/kling-v3": FRAMES,
    "toapis/kling-v2-6": FRAMES,
    "apimart/kling-v3": SHOTS,
    **{variant: EXTRA for variant in FIELDS if variant.startswith("uniall/")},
}


EVERY = 5
"""Of more than 100 combinations, one in this many is tried, unless all are. It divides no field's
number of values, so that each value meets each other."""


@pytest.mark.parametrize("variant", sorted(CORNERS))
def test_every_combination_of_fields_that_rules_read(variant: str, whole: bool) -> None:
    fields = CORNERS[variant]
    combinations = list(product(*fields.values()))
    for values in combinations[:: 1 if whole or len(combinations) <= 100 else EVERY]:
        chosen = {
            name: value for name, value in zip(fields, values, strict=True) if value is not NO
        }
        body = {"model": variant.partition("/")[2], "prompt": "A red kite", **chosen}
        if values[0] is NO and "prompt" in fields:
            del body["prompt"]
        assert list(disagreements(variant, body)) == []


@pytest.mark.parametrize("variant", sorted(FIELDS))
def test_a_rule_is_expressed_or_listed(variant: str) -> None:
    schema, kit = VALIDATORS[variant].schema, KITS[variant]
    listed = {rule["code"] for rule in schema.get("x-rules", ())}
    noting = {rule.name for rule in kit.variant.rules if rule.notes}
    for name, examples in kit.rule_examples.items():
        for example in examples:
            valid = VALIDATORS[variant].is_valid(example)
            assert valid == (name in listed or name in noting), name
    for example in kit.accepted:
        assert isinstance(example, Request) or VALIDATORS[variant].is_valid(example), example
    assert {rule["code"] for rule in schema.get("x-notes", ())} == noting


def test_few_rules_are_only_listed() -> None:
    left = {
        variant: [rule["code"] for rule in VALIDATORS[variant].schema["x-rules"]]
        for variant in FIELDS
        if "x-rules" in VALIDATORS[variant].schema
    }
    assert left == {
        "toapis/kling-v3-omni": ["cited_images_exist"],  # a number in a text, against a count
        "apimart/kling-v3": ["shots_fill_the_duration"],  # a sum
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"duration": 5.0}, "type"),
        ({"prompt": "\ud800"}, "not_json"),
        ({"reference_images": ["http://10.0.0.7/a.png"]}, "public_url"),
        ({"callback_url": "http://:80/"}, "web_url"),
    ],
)
def test_values_that_json_schema_cannot_refuse(fields: dict[str, Any], code: str) -> None:
    body = {**BASE, **fields}
    assert VALIDATORS["toapis/kling-v3"].is_valid(body)
    assert [problem.code for problem in problems("toapis/kling-v3", body)] == [code]


@pytest.mark.parametrize(
    "address", [URL, "HTTP://example.com", "https://bücher.example.com/ä", "https://example.com."]
)
def test_addresses_that_are_accepted(address: str) -> None:
    body = {**BASE, "reference_images": [address], "callback_url": address}
    assert not problems("toapis/kling-v3", body)
    assert VALIDATORS["toapis/kling-v3"].is_valid(body)
