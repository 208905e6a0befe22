"""The plugins and the sandbox agree on the pages: both accept the same payloads."""

import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from kits import kits
from payloads import FIELDS, native_payloads
from rushes import Image, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import VariantConformance, check, edge_payloads
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


@pytest.mark.parametrize("variant", sorted(kits()))
def test_around_its_examples_a_plugin_agrees_with_its_stand_in(variant: str, whole: bool) -> None:
    """List each kind of payload on which the two disagree, with the shortest one of the kind."""
    kit = kits()[variant]
    found: dict[str, str] = {}
    for body in islice(_around_examples(kit, whole=whole), 20_000 if whole else 200):
        kind = _disagreement(kit, body)
        if kind is not None:
            found[kind] = min(found.get(kind, str(body)), str(body), key=len)
    assert not found, "\n".join(f"{kind}: {body}" for kind, body in sorted(found.items()))


def _around_examples(kit: VariantConformance, *, whole: bool) -> Iterator[dict[str, Any]]:
    """Yield the kit's examples, mixtures of two, and all of them changed in one place."""
    dice = random.Random(kit.variant.id)
    broken = [example for several in kit.rule_examples.values() for example in several]
    bodies = kit.accepted_bodies + [dict(one) for one in broken if not isinstance(one, Request)]
    yield from bodies
    while True:
        made = _mixed(dice, *dice.choices(bodies, k=2))
        yield made
        changed = edge_payloads(kit.variant.payload, made)
        yield from changed if whole else dice.sample(changed, 3)


def _mixed(dice: random.Random, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return one body with some of another's fields; of a list with the items of both."""
    made = dict(one)
    for name in sorted(other):
        value, kept = other[name], made.get(name)
        if dice.random() < 0.5:
            several = isinstance(value, list) and isinstance(kept, list) and dice.random() < 0.5
            made[name] = [*(kept or ()), *value] if several else value
    return made


def _disagreement(kit: VariantConformance, body: dict[str, Any]) -> str | None:
    """Say which of the two refuses a body, and why, if one of them alone does."""
    try:
        wire = msgspec.json.encode(body)
        if b'"data:' in wire or msgspec.json.decode(wire) != body:
            return None  # the transport puts images there; the rest is not JSON
    except (ValueError, msgspec.MsgspecError):
        return None
    report = kit.check(body)
    sent = msgspec.json.decode(kit.call(report).body or b"") if report.valid else body
    provider, _, _ = kit.variant.id.partition("/")
    violations = validate_request(provider, kit.variant.model, sent, loopback=False)
    if report.valid == (not violations):
        return None
    who = "only the stand-in refuses" if report.valid else "only the plugin refuses"
    said = [*map(str, violations), *(f"{p.path}: {p.code}" for p in report.problems)]
    return re.sub(r"\[\d+\]", "[]", f"{who} {', '.join(said)}")
