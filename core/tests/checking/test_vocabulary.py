"""The vocabulary of rules: each shape says one thing, as a check, as a schema and in words."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_zoom import PAGE, Zoom
from hypothesis import given as given_examples
from hypothesis import note
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from msgspec import UNSET, Meta, Struct
from rushes import BrokenPluginError, Built, Finding, PublicURL, Text, To, absent, json_schema, rule
from rushes._check.checking import check
from rushes._check.quick import quick
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.request import Request
from rushes.rules import Rule
from rushes.vocabulary import (
    accepts,
    adds_up,
    all_of,
    any_of,
    at_most,
    cited,
    counts_from_one,
    each,
    equals,
    given,
    has,
    needs,
    not_together,
    remark,
    required,
    sent,
)

URL = "https://pictures.example.com/a.png"


class Picture(Struct, forbid_unknown_fields=True):
    url: PublicURL
    role: Literal["first", "last", "other"]


class Take(Struct, forbid_unknown_fields=True):
    index: Annotated[int, Meta(ge=1)]
    prompt: Text
    seconds: Annotated[int, Meta(ge=1)]


class Cast(Struct, forbid_unknown_fields=True):
    name: Text


class Options(Struct):
    mood: Literal["calm", "wild"] = absent("calm")
    notes: list[str] = absent([])


class Camera(Struct, forbid_unknown_fields=True):
    zoom: Annotated[int, Meta(ge=1, le=9)] = absent(1)
    move: Literal["still", "pan"] = absent("still")


class Clip(Struct, forbid_unknown_fields=True):
    text: str = absent()
    length: float = absent()
    role: Literal["first", "last"] = absent("first")
    camera: Camera = absent()


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    prompt: str = absent("")
    mode: Literal["std", "pro", "4k"] = absent("std")
    audio: bool = absent(False)
    seed: int = absent()
    seconds: Annotated[int, Meta(ge=3, le=15)] = absent(5)
    ratio: Literal["16:9", "1:1"] = absent("16:9")
    first: PublicURL = absent("")
    last: PublicURL = absent("")
    pictures: list[Picture] = absent([])
    takes: Annotated[list[Take], Meta(max_length=3)] = absent([])
    cast: list[Cast] = absent([])
    options: Annotated[dict[str, Any], Meta(extra={"known": Options})] = absent({})
    camera: Camera = absent()
    clips: list[Clip] = absent()
    length: float = absent()
    note: str | None = absent()


def load(*rules: Rule, **changes: Any) -> LoadedVariant:
    """Load a plugin with these rules on the payload above."""

    class Plugin(Zoom):
        declaration = msgspec.structs.replace(
            Zoom.declaration,
            payload=Payload,
            fields={"prompt": To("prompt")},
            rules=rules,
            cost=None,
            input_mode=None,
            client_id_field=None,
        )

    Plugin.declaration = msgspec.structs.replace(Plugin.declaration, **changes)
    return build(Plugin(), [], "acme.zoom")


def problems(loaded: LoadedVariant, body: dict[str, Any]) -> list[tuple[str, str, Any]]:
    found = check(loaded, Request(extra=body)).problems
    return [(problem.path, problem.message, problem.accepted) for problem in found]


def take(index: int, seconds: int = 3, prompt: str = "k") -> dict[str, Any]:
    return {"index": index, "prompt": prompt, "seconds": seconds}


FIRST, LAST = has("pictures", "role", "first"), has("pictures", "role", "last")
A_FIRST, A_LAST = {"url": URL, "role": "first"}, {"url": URL, "role": "last"}


@pytest.mark.parametrize(
    ("made", "right", "wrong", "path", "message", "accepted"),
    [
        (
            needs("last", "first"),
            [{}, {"first": URL}, {"first": URL, "last": URL}],
            {"last": URL},
            "last",
            "is accepted only when first is given",
            None,
        ),
        (
            needs("audio", equals("mode", "pro")),
            [{}, {"audio": False}, {"audio": True, "mode": "pro"}],
            {"audio": True, "mode": "4k"},
            "audio",
            "true is accepted only when mode is pro",
            [False],
        ),
        (
            needs(LAST, FIRST),
            [{"pictures": []}, {"pictures": [A_LAST, A_FIRST]}],
            {"pictures": [{"url": URL, "role": "other"}, A_LAST]},
            "pictures[1].role",
            "last is accepted only when pictures has an item whose role is first",
            ["first", "other"],
        ),
        (
            # Of several kinds that are refused, none is a way out.
            not_together(any_of(FIRST, LAST), "audio"),
            [{"pictures": [A_LAST]}, {"audio": True}],
            {"pictures": [A_FIRST], "audio": True},
            "pictures[0].role",
            "first is not accepted when audio is true",
            ["other"],
        ),
        (
            needs("seed", equals("options.mood", "wild")),
            [{"seed": 0, "options": {"mood": "wild"}}, {"options": {"mood": "calm"}}],
            {"seed": 0},
            "seed",
            "is accepted only when options.mood is wild",
            None,
        ),
        (
            not_together("prompt", "takes"),
            [{"prompt": "k"}, {"prompt": " ", "takes": [take(1)]}],
            {"prompt": "k", "takes": [take(1)]},
            "prompt",
            "is not accepted when takes is given; give one of the two",
            None,
        ),
        (
            required("prompt", unless=any_of("takes", "options.notes")),
            [{"prompt": "k"}, {"takes": [take(1)]}, {"options": {"notes": ["k"]}}],
            {"prompt": " \n"},
            "prompt",
            "is required and must not be blank unless takes is given or options.notes is given",
            None,
        ),
        (
            required("ratio", when=all_of("audio", equals("mode", "pro", "4k"))),
            [{}, {"audio": True}, {"audio": True, "mode": "4k", "ratio": "16:9"}],
            {"audio": True, "mode": "4k"},
            "ratio",
            "is required when audio is true and mode is pro or 4k; accepted: 16:9, 1:1",
            ["16:9", "1:1"],
        ),
        (
            accepts("seconds", (5, 10), when=given("first", "last")),
            [{"seconds": 15}, {"first": URL}, {"last": URL, "seconds": 10}],
            {"last": URL, "seconds": 9},
            "seconds",
            "9 is not accepted when first is given or last is given (nearest: 10; accepted: 5, 10)",
            [10, 5],
        ),
        (
            accepts("seconds", range(8, 11), when="audio"),
            [{"audio": True, "seconds": 8}, {}],
            {"audio": True},
            "seconds",
            "5 is not accepted when audio is true (nearest: 8; accepted: 8, 9, 10)",
            [8, 9, 10],
        ),
        (
            at_most(1, FIRST, LAST),
            [{"pictures": [A_LAST, A_FIRST]}],
            {"pictures": [A_LAST, A_FIRST, A_LAST]},
            "pictures[2].role",
            "is another last; only one is accepted",
            None,
        ),
        (
            adds_up("takes[].seconds", to="seconds"),
            [{"seconds": 9}, {"takes": [take(1, 2), take(2, 3)]}],
            {"takes": [take(1, 3), take(2, 4)]},
            "seconds",
            "is 5, but takes[].seconds add up to 7; they must be equal",
            [7],
        ),
        (
            adds_up("takes[].seconds", to="seconds"),
            [],
            {"takes": [take(1, 2)]},
            "takes",
            "takes[].seconds add up to 2; accepted: 3 to 15",
            None,
        ),
        (
            adds_up("takes[].seconds", to="seconds", when=equals("mode", "pro")),
            [{"takes": [take(1, 2)]}],
            {"takes": [take(1, 4)], "mode": "pro"},
            "seconds",
            "is 5, but takes[].seconds add up to 4; they must be equal",
            [4],
        ),
        (
            counts_from_one("takes[].index"),
            [{}, {"takes": [take(1), take(2)]}],
            {"takes": [take(1), take(3)]},
            "takes[1].index",
            "3 is not accepted; this item's index must be 2",
            [2],
        ),
        (
            each("clips", required("text", when=equals("role", "last"))),
            [{}, {"clips": [{}, {"role": "last", "text": "k"}]}],
            {"clips": [{}, {"role": "last"}]},
            "clips[1].text",
            "is required and must not be blank when clips[].role is last",
            None,
        ),
        (
            each("clips", accepts("camera.zoom", (1, 2), when="length")),
            [{"clips": [{"camera": {"zoom": 3}}, {"camera": {"zoom": 2}, "length": 1}]}],
            {"clips": [{"camera": {"zoom": 4}, "length": 1}]},
            "clips[0].camera.zoom",
            "4 is not accepted when clips[].length is given (nearest: 2; accepted: 1, 2)",
            [2, 1],
        ),
    ],
)
def test_a_shape_says_where_what_and_what_is_accepted(
    made: Rule,
    right: list[dict[str, Any]],
    wrong: dict[str, Any],
    path: str,
    message: str,
    accepted: list[Any] | None,
) -> None:
    loaded = load(made)
    assert problems(loaded, wrong) == [(path, message, accepted)]
    assert [problems(loaded, body) for body in right] == [[]] * len(right)
    (problem,) = check(loaded, Request(extra=wrong)).problems
    (bound,) = loaded.variant.rules
    assert (problem.code, problem.source) == (bound.name, PAGE)
    assert bound.name.isidentifier()
    assert bound.text.endswith((".", "…"))


def test_a_sentence_about_items_names_their_fields() -> None:
    says = "{text} is for those that come {role}."
    made = each("clips", needs("text", equals("role", "last"), says=says, name="texts_come_last"))
    loaded = load(made)
    (bound,) = loaded.variant.rules
    assert bound.text == "clips[].text is for those that come clips[].role."
    (problem,) = check(loaded, Request(extra={"clips": [{"text": "k"}]})).problems
    assert (problem.path, problem.code) == ("clips[0].text", "texts_come_last")
    assert problem.message.endswith(f". {bound.text}")


def test_each_takes_a_rule_of_the_vocabulary() -> None:
    @rule("Wild takes are short.", fields=("takes",))
    def wild_is_short(_: Payload) -> bool:
        return True

    with pytest.raises(TypeError, match="each\\(\\) takes a rule of the vocabulary"):
        each("takes", wild_is_short)


def test_several_fields_that_need_one_are_each_reported() -> None:
    loaded = load(needs(("first", "last"), "audio", says="Pictures need sound.", name="sound"))
    assert [path for path, _, _ in problems(loaded, {"first": URL, "last": URL})] == [
        "first",
        "last",
    ]
    (bound,) = loaded.variant.rules
    assert (bound.name, bound.text) == ("sound", "Pictures need sound.")


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ({"cast": [{"name": "Ann"}], "prompt": "@Ann runs"}, []),
        ({"cast": [{"name": "Ann"}], "takes": [take(1, prompt="See @Ann.")]}, []),
        (
            {"cast": [{"name": "Ann"}], "prompt": "@Anna runs"},
            [("cast[0].name", "no prompt cites '@Ann'; it may not appear")],
        ),
        (
            {"cast": [{"name": "Ann"}, {"name": "B.b"}], "prompt": "@Ann, @Bxb"},
            [("cast[1].name", "no prompt cites '@B.b'; it may not appear")],
        ),
        ({"prompt": "Nobody"}, []),
    ],
)
def test_a_name_that_no_text_cites_is_noted(body: dict[str, Any], notes: list[Any]) -> None:
    loaded = load(cited("cast[].name", "@{}", within=("prompt", "takes[].prompt")))
    report = check(loaded, Request(extra=body))
    assert report.valid
    assert [(one.path, one.message) for one in report.notes] == notes


@pytest.mark.parametrize(
    "made",
    [
        cited("cast[].name", "@{}", within=["prompt"]),
        needs("last", "first"),
        remark("ratio", "is odd", when="first"),
        adds_up("takes[].seconds", to="seconds"),
    ],
)
def test_what_is_accepted_takes_the_short_way(made: Rule) -> None:
    loaded = load(made)
    body = {"cast": [{"name": "Ann"}], "prompt": "@Ann", "takes": [take(1, 5)]}
    assert quick(loaded, Request(extra=body)) is not None


def test_a_remark_is_made_to_somebody_who_gave_the_field() -> None:
    loaded = load(remark("ratio", "the picture may decide", when="first"))
    report = check(loaded, Request(extra={"first": URL, "ratio": "1:1"}))
    assert report.valid
    assert [(one.path, one.message) for one in report.notes] == [
        ("ratio", "the picture may decide")
    ]
    assert not check(loaded, Request(extra={"first": URL})).notes


def test_findings_of_a_predicate_take_the_name_and_the_page_of_their_rule() -> None:
    @rule("Wild takes are short.", fields=("takes", "options"))
    def wild_is_short(payload: Payload) -> bool | list[Finding]:
        if payload.options.get("mood") != "wild":
            return True
        long = [n for n, one in enumerate(payload.takes) if one.seconds > 4]
        return [Finding(f"takes[{n}].seconds", "is too long for a wild take", [4]) for n in long]

    body = {"options": {"mood": "wild"}, "takes": [take(1, 3), take(2, 9)]}
    (problem,) = check(load(wild_is_short), Request(extra=body)).problems
    assert (problem.path, problem.code) == ("takes[1].seconds", "wild_is_short")
    assert (problem.accepted, problem.source) == ([4], PAGE)


ALL: tuple[Rule, ...] = (
    needs("last", "first"),
    needs("audio", equals("mode", "pro")),
    needs(LAST, FIRST, name="last_picture_needs_first"),
    needs("seed", equals("options.mood", "wild")),
    not_together("prompt", "takes"),
    required("prompt", unless=any_of("takes", "options.notes"), name="prompt_or_notes"),
    required("ratio", when=all_of("audio", equals("mode", "pro", "4k"))),
    accepts("seconds", (5, 10), when=given("first", "last")),
    accepts("mode", ("pro", "4k"), when="pictures"),
    at_most(1, FIRST, LAST),
    counts_from_one("takes[].index"),
    needs(("first", "seed"), "prompt", name="both_need_prompt"),
    each("clips", required("text", unless=equals("role", "last"))),
    each("clips", not_together("length", equals("camera.zoom", 2))),
    each("clips", accepts("camera.move", ("pan",), when=all_of("text", equals("camera.zoom", 2)))),
)
LOADED = load(*ALL)
EACH = [load(one) for one in ALL]
words = st.sampled_from(["", " ", "k"])
bodies = st.fixed_dictionaries(
    {},
    optional={
        "prompt": words,
        "mode": st.sampled_from(["std", "pro", "4k"]),
        "audio": st.booleans(),
        "seed": st.sampled_from([0, 7]),
        "seconds": st.sampled_from([3, 5, 10, 15]),
        "ratio": st.sampled_from(["16:9", "1:1"]),
        "first": st.just(URL),
        "last": st.just(URL),
        "pictures": st.lists(
            st.builds(
                lambda role: {"url": URL, "role": role}, st.sampled_from(["first", "last", "other"])
            ),
            max_size=3,
        ),
        "takes": st.lists(st.builds(take, st.integers(1, 3)), max_size=3),
        "clips": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "text": words,
                    "length": st.just(2),
                    "role": st.sampled_from(["first", "last"]),
                    "camera": st.fixed_dictionaries(
                        {}, optional={"zoom": st.integers(1, 2), "move": st.just("pan")}
                    ),
                },
            ),
            max_size=2,
        ),
        "options": st.fixed_dictionaries(
            {},
            optional={
                "mood": st.sampled_from(["calm", "wild"]),
                "notes": st.lists(st.just("k"), max_size=1),
            },
        ),
    },
)


@given_examples(bodies)
def test_schema_and_check_agree_and_the_short_way_with_the_long(body: dict[str, Any]) -> None:
    note(str(body))
    codes = {problem.code for problem in check(LOADED, Request(extra=body)).problems}
    refused = set()
    for loaded in EACH:
        (bound,) = loaded.variant.rules
        found = problems(loaded, body)
        assert Draft202012Validator(json_schema(loaded.variant)).is_valid(body) == (not found)
        refused |= {bound.name} if found else set()
    assert codes == refused


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: needs("lats", "first"), "the payload has no field 'lats' (nearest: 'last')"),
        (lambda: needs("last", "options.mod"), "no field 'options.mod' (nearest: 'options.mood')"),
        (lambda: needs("last", "mode.x"), "no field 'mode.x': 'mode' has no fields"),
        (lambda: needs("audio", equals("mode", "prro")), "mode is never 'prro'; it accepts std"),
        (lambda: needs("audio", equals("seconds", "5")), "seconds is never '5'; it is a whole"),
        (
            lambda: at_most(1, has("pictures", "rol", "last")),
            "field 'pictures[].rol' (nearest: 'pictu",
        ),
        (lambda: at_most(1, has("mode", "role", "last")), "mode is not a list of structs"),
        (lambda: at_most(1, has("pictures", "role", "lst")), "role is never 'lst'"),
        (
            lambda: adds_up("takes[].second", to="seconds"),
            "field 'takes[].second' (nearest: 'takes",
        ),
        (lambda: adds_up("seconds[].a", to="seconds"), "seconds is not a list of structs"),
        (lambda: counts_from_one("takes[].idx"), "the payload has no field 'takes[].idx'"),
        (lambda: cited("cast[].nam", "@{}", within=["prompt"]), "no field 'cast[].nam'"),
        (lambda: accepts("seconds", (5, 16), when="first"), "seconds is never 16"),
        (lambda: cited("cast[].name", "@", within=["prompt"]), "'@' has no {} for the name"),
        (lambda: needs("audio", equals("mode")), "no value of mode is named"),
        (lambda: accepts("seconds", (), when="audio"), "no value of seconds is named"),
        (lambda: adds_up("takes[].prompt", to="seconds"), "prompt is not a number"),
        (lambda: counts_from_one("options.notes[].x"), "options.notes is not a list of structs"),
        (lambda: each("mode", needs("a", "b")), "mode is not a list of structs"),
        (lambda: each("clips", needs("tex", "role")), "no field 'tex' (nearest: 'text')"),
    ],
)
def test_what_is_mistyped_does_not_load(made: Callable[[], Rule], message: str) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        load(made())
    assert str(caught.value).startswith("acme.zoom: its rule 1 of 1: ")
    assert message in str(caught.value)


@rule("A field.", fields=("secondz",))
def about_seconds(payload: Payload) -> bool:
    return True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": {"promptt": To("prompt")}}, "fields['promptt']: there is no such common field"),
        ({"fields": {"prompt": To("promt")}}, "no field 'promt' (nearest: 'prompt')"),
        ({"fields": {"prompt": To("prompt[]")}}, "fields['prompt']: prompt is not a list"),
        ({"fields": {"shots": Built("takes[]", also=("mod",))}}, "no field 'mod'"),
        ({"fields": {"prompt": "prompt"}}, "are its fields and rules of the declared types?"),
        ({"rules": (equals("mode", "pro"),)}, "are its fields and rules of the declared types?"),
        ({"client_id_field": "seed"}, "seed is not a text field of the payload"),
        ({"client_id_field": "ticket"}, "client_id_field: the payload has no field 'ticket'"),
        ({"query_fields": ("seed",)}, "query_fields: seed is not a text field of the payload"),
        ({"query_fields": ("promt",)}, "query_fields: the payload has no field 'promt' (nearest"),
        ({"rules": (about_seconds,)}, "'about_seconds': the payload has no field 'secondz'"),
        (
            {"rules": (needs("last", "first"),) * 2},
            "two of its rules are called 'last_needs_first'",
        ),
    ],
)
def test_a_declaration_that_names_what_is_not_there_does_not_load(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        load(**changes)
    assert message in str(caught.value)


def test_a_rule_that_cannot_be_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="either when= or unless="):
        required("prompt")
    with pytest.raises(TypeError, match="either when= or unless="):
        required("prompt", when="first", unless="last")
    with pytest.raises(TypeError, match="at least one condition"):
        given()


def test_given_is_told_apart_from_a_default() -> None:
    loaded = load(needs(sent("audio"), equals("mode", "pro"), says="{audio} is for pro."))
    assert problems(loaded, {"mode": "std"}) == []
    assert problems(loaded, {"mode": "pro", "audio": False}) == []
    ((path, message, _),) = problems(loaded, {"audio": False})
    assert (path, message) == (
        "audio",
        "is accepted only when mode is pro. audio is for pro.",
    )
    valid = Draft202012Validator(json_schema(loaded.variant)).is_valid
    assert [valid(body) for body in ({}, {"audio": False}, {"audio": False, "mode": "pro"})] == [
        True,
        False,
        True,
    ]
    (problem,) = problems(load(needs("seed", sent("audio"))), {"seed": 1})
    assert problem[1] == "is accepted only when audio is given at all"

    @rule("A ratio that is said needs a seed.", fields=("ratio", "seed"))
    def said_ratio_needs_seed(payload: Payload, sent_: Payload) -> bool:
        return getattr(sent_, "ratio") is UNSET or payload.seed is not None  # noqa: B009

    ruled = load(said_ratio_needs_seed)
    assert quick(ruled, Request(extra={"mode": "std"})) is not None
    assert problems(ruled, {"mode": "std"}) == []
    assert [at for at, _, _ in problems(ruled, {"ratio": "16:9"})] == ["ratio"]
    assert problems(ruled, {"ratio": "16:9", "seed": 1}) == []


CLIP, LAST_CLIP = {"text": "@Ann"}, {"role": "last"}


@pytest.mark.parametrize(
    ("made", "right", "wrong", "path"),
    [
        # A list without a default has no items when it is absent.
        (at_most(1, has("clips", "role", "last")), [{}, {"clips": [LAST_CLIP]}], None, ""),
        (needs("audio", has("clips", "role", "last")), [{}], {"audio": True}, "audio"),
        (counts_from_one("takes[].index"), [{}], None, ""),
        (cited("cast[].name", "@{}", within=["note", "clips[].text"]), [
            {}, {"cast": [{"name": "Ann"}]}, {"cast": [{"name": "Ann"}], "clips": [CLIP, {}]},
        ], None, ""),
        # An item's default counts as its value.
        (at_most(1, has("clips", "role", "first")), [{"clips": [CLIP]}],
         {"clips": [CLIP, LAST_CLIP, CLIP]}, "clips[2].role"),
        (needs(has("clips", "role", "first"), "audio"), [{"clips": [LAST_CLIP]}],
         {"clips": [CLIP]}, "clips[0].role"),
        # A field of an item's own struct, and of a struct that is absent.
        (needs(has("clips", "camera.move", "pan"), "audio"), [{"clips": [CLIP]}],
         {"clips": [CLIP, {"camera": {"move": "pan"}}]}, "clips[1].camera.move"),
        (accepts("camera.zoom", (1, 2), when="audio"), [{"audio": True}],
         {"audio": True, "camera": {"zoom": 3}}, "camera.zoom"),
        (needs("audio", equals("camera.move", "still")),
         [{"audio": True}, {"audio": True, "camera": {}}],
         {"audio": True, "camera": {"move": "pan"}}, "audio"),
        (needs(equals("camera.move", "still"), "audio"), [{"camera": {"move": "pan"}}],
         {"mode": "std"}, "camera.move"),
        # What is not given is not judged; false is a value.
        (accepts("seed", (1, 2), when="audio"), [{"audio": True}],
         {"audio": True, "seed": 3}, "seed"),
        (required("audio", when="first"), [{"first": URL, "audio": False}], {"first": URL},
         "audio"),
        (adds_up("clips[].length", to="length"),
         [{"clips": [CLIP]}, {"clips": [{"length": 0.1}, {"length": 0.2}], "length": 0.3},
          {"clips": [{"length": 0.1}, CLIP], "length": 7.5}],
         {"clips": [{"length": 0.1}, {"length": 0.2}], "length": 0.4}, "length"),
        # Of two conditions, the one that is met is blamed.
        (needs(given("first", "last"), "audio"), [{"last": URL, "audio": True}], {"last": URL},
         "last"),
        (needs("note", "audio"), [{"note": None}], {"note": "k"}, "note"),
    ],
)  # fmt: skip
def test_defaults_absences_and_nested_fields(
    made: Rule, right: list[dict[str, Any]], wrong: dict[str, Any] | None, path: str
) -> None:
    loaded = load(made)
    valid = Draft202012Validator(json_schema(loaded.variant)).is_valid
    for body in right:
        assert problems(loaded, body) == [], body
        assert valid(body) or body == {"note": None}, body  # null is absent here
    if wrong is not None:
        assert [at for at, _, _ in problems(loaded, wrong)] == [path]
        assert not valid(wrong) or loaded.variant.rules[0].schema is None


def test_a_message_names_the_value_that_was_given() -> None:
    loaded = load(needs(equals("mode", "pro", "4k"), "audio"))
    assert problems(loaded, {"mode": "4k"}) == [
        ("mode", "4k is accepted only when audio is true", ["std"])
    ]
    joined = load(needs("seed", all_of(any_of("first", "last"), "audio")))
    (problem,) = problems(joined, {"seed": 1})
    assert problem[1].endswith("when (first is given or last is given) and audio is true")
    every = load(needs(LAST, FIRST))
    assert [at for at, _, _ in problems(every, {"pictures": [A_LAST, A_LAST]})] == [
        "pictures[0].role",
        "pictures[1].role",
    ]


def test_a_citation_may_be_followed_by_a_letter_of_another_script() -> None:
    loaded = load(cited("cast[].name", "@{}", within=["prompt"]))
    body = {"cast": [{"name": "\u5c0f\u660e"}], "prompt": "@\u5c0f\u660e\u8dd1\u6b65"}
    assert not check(loaded, Request(extra=body)).notes


def test_a_payload_needs_no_field_for_its_model() -> None:
    report = check(load(), Request("k", extra={"mode": "pro"}))
    assert msgspec.to_builtins(report.payload) == {"prompt": "k", "mode": "pro"}
    assert [path for path, _, _ in problems(load(), {"model": "zoom"})] == ["model"]
    both = check(load(), Request("k", extra={"model": "zoom"})).problems
    assert [problem.path for problem in both] == ["extra.model"]


LENGTHS = tuple(str(number) for number in range(1, 16))
Length = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]


class Scene(Struct, forbid_unknown_fields=True):
    words: Text
    length: Length = absent("5")


class Texts(Struct, kw_only=True, forbid_unknown_fields=True):
    """A payload whose numbers are texts."""

    scenes: list[Scene] = absent([])
    whole: Length = absent("5")


TEXTS: dict[str, Any] = {"payload": Texts, "fields": {"duration": To("whole", values={5: "5"})}}
FILLED = adds_up("scenes[].length", to="whole")


@given_examples(
    lengths=st.lists(st.sampled_from(LENGTHS) | st.none(), max_size=4),
    whole=st.sampled_from(LENGTHS) | st.none(),
)
def test_texts_add_up_like_numbers(lengths: list[str | None], whole: str | None) -> None:
    scenes = [{"words": "k", **({"length": one} if one else {})} for one in lengths]
    body: dict[str, Any] = {"scenes": scenes} if scenes else {}
    body |= {"whole": whole} if whole else {}
    reached, wanted = sum(int(one or 5) for one in lengths), int(whole or 5)
    loaded = load(FILLED, **TEXTS)
    found = problems(loaded, body)
    if not scenes or reached == wanted:
        assert found == []
        assert quick(loaded, Request(extra=body)) is not None
        return
    assert quick(loaded, Request(extra=body)) is None
    if str(reached) in LENGTHS:
        message = f"is {wanted}, but scenes[].length add up to {reached}; they must be equal"
        assert [(path, accepted) for path, _, accepted in found] == [("whole", [str(reached)])]
        assert found[0][1] == message
    else:
        ((path, message, _),) = found
        assert path == "scenes"
        assert message.startswith(f"scenes[].length add up to {reached}; accepted: 1, 2, 3")


def test_a_text_that_is_no_number_is_the_fields_own_problem() -> None:
    body = {"scenes": [{"words": "k", "length": "long"}, {"words": "k", "length": "9"}]}
    found = check(load(FILLED, **TEXTS), Request(extra=body)).problems
    assert [problem.path for problem in found] == ["scenes[0].length"]


def test_a_sum_may_be_a_note() -> None:
    noted = adds_up("scenes[].length", to="whole", notes=True)
    scenes = [{"words": "k", "length": "9"}]
    report = check(load(noted, **TEXTS), Request(extra={"scenes": scenes}))
    assert report.valid
    assert [(one.path, one.code) for one in report.notes] == [("scenes", "scenes_add_up_to_whole")]
    message = "scenes[].length add up to 9, whole is 5; they should be equal"
    assert report.notes[0].message == message
    (rule_,) = load(noted, **TEXTS).variant.rules
    assert rule_.text == "scenes[].length should add up to whole."
