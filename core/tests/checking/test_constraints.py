"""Limits on one field that msgspec does not know: bytes, UTF-16 units, steps."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from msgspec import Meta, Struct
from rushes import (
    BrokenPluginError,
    Request,
    Text,
    To,
    absent,
    capabilities,
    json_schema,
    max_bytes,
    max_utf16,
    steps_of,
)
from rushes._check.checking import check
from rushes._payload.constraints import described, finite, spans
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.problems import Problem
from rushes.testing._values import bad, good


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[Text, max_bytes(10)]
    avoid: Annotated[str, Meta(max_length=8), max_utf16(6)] = absent("")
    frames: Annotated[int, Meta(ge=40, le=250), steps_of(8, plus=1)] = absent(49)
    seed: Annotated[int, steps_of(3, plus=2)] = absent()
    even: Annotated[int, Meta(ge=1, le=9, multiple_of=2)] = absent(2)
    scale: Annotated[float, Meta(gt=0, lt=1)] = absent(0.5)
    tags: list[Annotated[str, max_bytes(3)]] = absent([])


def load(payload: Any = Payload, **fields: To) -> LoadedVariant:
    class Plugin(Zoom):
        declaration = msgspec.structs.replace(
            Zoom.declaration,
            payload=payload,
            fields={"prompt": To("text"), "negative_prompt": To("avoid"), **fields},
            rules=(),
            cost=None,
            input_mode=None,
            client_id_field=None,
        )

    return build(Plugin(), [], "acme.zoom")


LOADED = load()
VALID = Draft202012Validator(json_schema(LOADED.variant)).is_valid


def found(**fields: Any) -> list[Problem]:
    return list(check(LOADED, Request(extra={"text": "k", **fields})).problems)


@pytest.mark.parametrize(
    ("field", "value", "message", "accepted"),
    [
        ("text", "\u00e9" * 6, "has 12 bytes in UTF-8; at most 10 are accepted by acme/zoom", None),
        ("avoid", "\U0001fa81" * 4, "has 8 units in UTF-16; at most 6 are accepted by acme/zoom",
         None),
        ("avoid", "k" * 9, "has 9 characters; at most 8 are accepted by acme/zoom", None),
        ("frames", 50, "50 is not accepted by acme/zoom (nearest: 49; accepted: 41 to 249, a "
         "multiple of 8 plus 1)", [49, 57, 41]),
        ("frames", 1000, "1000 is not accepted by acme/zoom (nearest: 249; accepted: 41 to 249, a "
         "multiple of 8 plus 1)", [249, 241]),
        ("seed", 7, "7 is not accepted by acme/zoom (nearest: 8; accepted: a multiple of 3 "
         "plus 2)", None),
        ("even", 5, "5 is not accepted by acme/zoom (nearest: 4; accepted: 2 to 8, a multiple of "
         "2)", [4, 6, 2, 8]),
        ("scale", 0, "0 is not accepted by acme/zoom (accepted: more than 0 and less than 1)",
         None),
        ("tags[0]", "kkkk", "has 4 bytes in UTF-8; at most 3 are accepted by acme/zoom", None),
    ],
)  # fmt: skip
def test_a_limit_is_told_in_its_own_units(
    field: str, value: Any, message: str, accepted: list[Any] | None
) -> None:
    name, several, _ = field.partition("[")
    (problem,) = found(**{name: [value] if several else value})
    assert (problem.path, problem.message) == (field, message)
    assert (problem.accepted or [])[: len(accepted or [])] == (accepted or [])
    for nearest in (problem.accepted or [])[:1]:
        assert not found(**{name: nearest})


def test_a_common_field_is_told_in_its_own_name() -> None:
    (problem,) = check(LOADED, Request("\u00e9" * 6)).problems
    assert problem.path == "prompt"
    assert "12 bytes" in problem.message


@given(text=st.text(max_size=12))
def test_bytes_are_counted_as_they_are_sent(text: str) -> None:
    refused = found(tags=[text])
    assert bool(refused) == (len(text.encode()) > 3)
    if not refused:
        assert VALID({"text": "k", "tags": [text]})


@given(text=st.text(max_size=9))
def test_units_are_counted_as_utf_16_has_them(text: str) -> None:
    units = sum(1 + (ord(character) > 0xFFFF) for character in text)
    refused = found(avoid=text)
    assert bool(refused) == (units > 6)
    if not refused:
        assert VALID({"text": "k", "avoid": text})


@given(number=st.integers(-300, 300))
def test_a_step_is_held_by_check_and_schema(number: int) -> None:
    right = 41 <= number <= 249 and number % 8 == 1
    refused = found(frames=number)
    assert bool(refused) == (not right)
    assert VALID({"text": "k", "frames": number}) == right
    assert bool(found(even=number)) == (not VALID({"text": "k", "even": number}))
    for problem in refused:
        accepted = problem.accepted or []
        assert accepted == sorted(accepted, key=lambda one: abs(one - number))
        assert not found(frames=accepted[0])


@given(number=st.integers(-(10**12), 10**12), step=st.integers(1, 50), plus=st.integers(-60, 60))
def test_the_nearest_step_is_one(number: int, step: int, plus: int) -> None:
    hint = Annotated[int, steps_of(step, plus=plus)]
    bounds = described(hint)
    fields: list[Any] = [("text", str), ("avoid", str, absent("")), ("n", hint, absent())]
    loaded = load(msgspec.defstruct("P", fields, forbid_unknown_fields=True))
    problems = check(loaded, Request(extra={"text": "k", "n": number})).problems
    assert bool(problems) == ((number - plus) % step != 0)
    for problem in problems:
        nearest = int(problem.message.partition("nearest: ")[2].partition(";")[0])
        assert bounds.within(nearest)
        assert abs(nearest - number) * 2 <= step


def test_limits_stand_in_the_schema_and_the_matrix() -> None:
    fields = json_schema(LOADED.variant)["properties"]
    assert fields["text"]["maxLength"] == 10  # a character has at least one byte
    assert fields["text"]["description"] == "up to 10 bytes in UTF-8"
    assert fields["avoid"]["maxLength"] == 6
    assert fields["avoid"]["description"] == "up to 8 characters, up to 6 units in UTF-16"
    assert fields["frames"]["enum"] == list(range(41, 250, 8))
    assert fields["seed"]["description"] == "a multiple of 3 plus 2"
    assert fields["even"]["multipleOf"] == 2
    assert (fields["scale"]["exclusiveMinimum"], fields["scale"]["exclusiveMaximum"]) == (0, 1)
    matrix = capabilities(LOADED.variant)
    assert matrix["prompt"].words == "up to 10 bytes in UTF-8"
    assert matrix["negative_prompt"].words == "up to 8 characters, up to 6 units in UTF-16"
    matrix = capabilities(load(duration=To("frames")).variant)
    assert matrix["duration"].words == "41 to 249, a multiple of 8 plus 1"
    assert matrix["duration"].accepted == list(range(41, 250, 8))


@pytest.mark.parametrize(
    "hint",
    [msgspec.structs.fields(Payload)[index].type for index in range(7)],
)
def test_the_kit_knows_values_on_both_sides_of_a_limit(hint: Any) -> None:
    bounds = described(hint)
    for value in good(hint):
        assert msgspec.convert(value, hint) == value
        if isinstance(value, str):
            assert bounds.short_enough(value)
        if isinstance(value, int):
            assert bounds.within(value)
    refused = [value for value in bad(hint) if isinstance(value, str) and value.strip()]
    if bounds.max_bytes or bounds.max_utf16:
        longest = [text for text in refused if text.isprintable()]
        assert any(not bounds.short_enough(text) for text in longest)
    if bounds.step:
        near = [value for value in bad(hint) if type(value) is int]
        assert any(not bounds.on_a_step(value) for value in near)


@pytest.mark.parametrize(
    ("hint", "message"),
    [
        (Annotated[str, steps_of(8)], "odd has steps_of(), which is for int only"),
        (Annotated[float, steps_of(8)], "odd has steps_of(), which is for int only"),
        (Annotated[int, max_bytes(8)], "odd has max_bytes(), which is for str only"),
        (Annotated[list[str], max_utf16(8)], "odd has max_utf16(), which is for str only"),
    ],
)
def test_a_limit_on_another_type_is_refused(hint: Any, message: str) -> None:
    payload = msgspec.defstruct(
        "P", [("text", str), ("avoid", str), ("odd", hint)], forbid_unknown_fields=True
    )
    with pytest.raises(BrokenPluginError) as caught:
        load(payload)
    assert message in str(caught.value)


def test_a_limit_that_is_none_is_refused_where_it_is_written() -> None:
    for limit, value in ((max_bytes, 0), (max_utf16, -1), (steps_of, 0)):
        with pytest.raises(TypeError):
            limit(value)
    assert finite(Annotated[int, Meta(ge=2, le=3), steps_of(8)]) is None
    assert spans(described(Annotated[int, Meta(ge=5)])) == "5 or more"


def test_choices_keep_the_order_of_their_own_declaration() -> None:
    """typing takes two such hints for equal; who is read first must not decide for the other."""
    one, other = Literal["std", "pro", "max"], Literal["max", "std", "pro"]
    assert one == other
    assert described(one).choices == ("std", "pro", "max")
    assert described(other).choices == ("max", "std", "pro")
