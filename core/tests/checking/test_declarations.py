"""What a declaration cannot mean does not load; the message says what to write instead."""

import enum
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_zoom import Zoom
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from msgspec import Meta, Struct
from rushes import BrokenPluginError, Client, Request, Text, To, absent, hookimpl, json_schema
from rushes._check.checking import check
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.calls import Steps
from rushes.rules import Rule
from rushes.task import Receipt
from rushes.vocabulary import (
    accepts,
    adds_up,
    any_of,
    at_most,
    cited,
    counts_from_one,
    equals,
    given,
    has,
    needs,
    remark,
)


def load(payload: Any, *rules: Rule, plugin: Any = Zoom, **changes: Any) -> LoadedVariant:
    declared: dict[str, Any] = {
        "payload": payload, "rules": rules, "fields": {}, "cost": None, "input_mode": None,
        "client_id_field": None, **changes,
    }  # fmt: skip

    class Plugin(plugin):  # type: ignore[misc]
        declaration = msgspec.structs.replace(Zoom.declaration, **declared)

    return build(Plugin(), [], "acme.zoom")


def refused(payload: Any, *rules: Rule, **changes: Any) -> str:
    with pytest.raises(BrokenPluginError) as caught:
        load(payload, *rules, **changes)
    assert str(caught.value).startswith("acme.zoom: ")
    return str(caught.value).removeprefix("acme.zoom: ")


def with_field(hint: Any, *default: Any) -> Any:
    return msgspec.defstruct("Payload", [("odd", hint, *default)], forbid_unknown_fields=True)


class Camera(Struct, forbid_unknown_fields=True):
    zoom: int = absent(1)
    move: Literal["still", "pan"] = absent("still")


class Shot(Struct, forbid_unknown_fields=True):
    role: Literal["first", "last"] = absent("first")
    camera: Camera = absent()


class Options(Struct):
    mood: Literal["calm", "wild"] = absent("calm")
    camera: Camera = absent()
    shots: list[Shot] = absent([])


class Item(Struct):
    odd: int


class Track(Struct, forbid_unknown_fields=True):
    words: Literal["oh", "ah"]


class Quality(enum.Enum):
    LOW = "low"
    HIGH = "high"


OPEN = Annotated[dict[str, Any], Meta(extra={"known": Options})]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (with_field(int, 5), "odd has the plain default 5, which would be sent though nobody gave "
         "it; write absent(5) instead"),
        (with_field(str | None, None), "odd has the plain default None, which would be sent though "
         "nobody gave it; write absent() instead"),
        (with_field(list[str], msgspec.field(default_factory=list)), "write absent([]) instead"),
        (with_field(Literal["a", "b"], absent("c")), "odd reads as 'c' if it is absent, which its "
         "type does not accept"),
        (with_field(Annotated[int, Meta(le=5)], absent(9)), "odd reads as 9 if it is absent"),
        (with_field(OPEN, absent({"mood": "wild"})), "odd has a default with mood='wild'; give "
         "that default to the field itself: mood = absent('wild') in Options"),
        (with_field(Camera, absent(Camera(move="pan"))), "odd has a default with move='pan'; give "
         "that default to the field itself: move = absent('pan') in Camera"),
        (with_field(tuple[int, int]), "odd is of a type that no check can describe (tuple[int, "
         "int]); use list[…] with Meta(min_length=…, max_length=…)"),
        (with_field(list[set[str]]), "odd[] is of a type that no check can describe (set[str]); use"
         " list[…]"),
        (with_field(Quality), "odd is of a type that no check can describe (Quality); use "
         "Literal['low', 'high']"),
        (with_field(str | int), "odd is of several types (str | int); declare one of them, or Any"),
        (with_field(Literal[1, "a"]), "odd mixes kinds of values"),
        (with_field(list), "odd is a list without an item type; declare list[Any] instead"),
        (with_field(Annotated[dict[str, Any], Meta(extra={"known": msgspec.defstruct(
            "Known", [("depth", Annotated[int, Meta(pattern="x")])])})]),
         "msgspec cannot read the struct of odd: "),
        (msgspec.defstruct("Payload", [("odd", int)]), "Payload, the struct of the payload, drops "
         "unknown fields silently; declare it with forbid_unknown_fields=True"),
        (with_field(list[Item]), "Item, the struct of odd[], drops unknown fields silently"),
    ],
)  # fmt: skip
def test_a_payload_that_no_check_can_hold_to_is_refused(payload: Any, message: str) -> None:
    assert message in refused(payload)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text = absent("")
    mode: Literal["std", "pro"] = absent("std")
    length: Literal["5", "10"] = absent("5")
    anything: Any = absent()
    several: list[Any] = absent([])
    note: str | None = absent()
    sizes: list[Literal["s", "l"]] = absent([])
    camera: Camera = absent()
    shots: list[Shot] = absent([])
    options: OPEN = absent({})
    track: Track = absent(Track("oh"))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: needs("text", "options.mod"),
         "no field 'options.mod' (nearest: 'options.mood')"),
        (lambda: needs("text", "camera.mov"), "no field 'camera.mov' (nearest: 'camera.move')"),
        (lambda: needs("text", "options.camera.mov"),
         "no field 'options.camera.mov' (nearest: 'options.camera.move')"),
        (lambda: needs("text", has("shots", "rol", "last")),
         "no field 'shots[].rol' (nearest: 'shots[].role')"),
        (lambda: needs("text", has("shots", "camera.mov", "pan")),
         "no field 'shots[].camera.mov' (nearest: 'shots[].camera.move')"),
        (lambda: needs("text", "options.mood.x"), "'options.mood' has no fields"),
        (lambda: needs("text", equals("anything", 1)), "anything takes any value, so none can be "
         "told apart; give it a type, or use @rule"),
        (lambda: accepts("anything", (1, 2), when="text"), "anything takes any value"),
        (lambda: adds_up("shots[].camera.zoom", to="mode"), "mode is not a number"),
        (lambda: adds_up("shots[].camera.zoom", to="anything"), "anything is not a number"),
        (lambda: adds_up("shots", to="length"), "'shots' is not of the form 'list[].field'"),
        (lambda: counts_from_one("index"), "'index' is not of the form 'list[].field'"),
        (lambda: needs("text", "mode", says="{txt} needs a mode."), "no field 'txt' (nearest: 'te"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused(made: Callable[[], Rule], message: str) -> None:
    assert message in refused(Payload, made())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: cited("shots[].role", "@{}", within=()), "at least one text"),
        (lambda: at_most(0, has("shots", "role", "last")), "a number from 1"),
        (lambda: at_most(1), "at least one has"),
        (lambda: needs((), "text"), "at least one field"),
        (lambda: remark("text", " ", when="mode"), "a message"),
    ],
)
def test_a_rule_about_nothing_is_refused_where_it_is_written(
    made: Callable[[], Rule], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        made()


class Looking(Zoom):
    @hookimpl
    def look_up(self) -> Steps[list[Receipt] | None] | None:
        return None


class Plain:
    """Without a hook submit of its own."""

    @hookimpl
    def variant(self) -> Any:
        return self.declaration  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": {"resolution": To("mode", values={"720p": "standard"})}},
         "fields['resolution']: mode is never 'standard'; it accepts std, pro"),
        ({"fields": {"resolution": To("mode", values={})}}, "no value of mode is named"),
        ({"fields": {"resolution": To("sizes[]", values={"720p": "m"})}},
         "fields['resolution']: sizes[] is never 'm'; it accepts s, l"),
        ({"fields": {"prompt": To("options.camera.mov")}}, "(nearest: 'options.camera.move')"),
        ({"idempotency": "replay", "plugin": Plain}, "idempotency='replay' says that the provider "
         "recognises our client id, but not where it goes; declare client_id_field or"),
        ({"look_up": "by_client_id", "plugin": Plain}, "look_up='by_client_id' says that"),
        ({"look_up": "by_client_id", "client_id_header": "X-Id"}, "there is no hook look_up"),
        ({"client_id_header": "X Job"}, "client_id_header: 'X Job' is not a header's name"),
        ({"client_id_header": ""}, "'' is not a header's name"),
        ({"client_id_header": "X-J\u00f6b"}, "is not a header's name"),
        ({"client_id_header": "Content-Type"}, "Content-Type already has a meaning"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    assert message in refused(Payload, **changes)


def test_a_declaration_with_all_of_it_loads() -> None:
    fields = {"negative_prompt": To("options.camera.move"), "resolution": To("sizes[]", values={
        "720p": "s"})}  # fmt: skip
    loaded = load(Payload, plugin=Looking, client_id_header="X-Id", look_up="by_client_id",
                  idempotency="replay", fields=fields)  # fmt: skip
    report = check(loaded, Request(negative_prompt="pan", resolution="720p"))
    assert report.valid, report.problems
    sent = msgspec.to_builtins(report.payload)
    assert sent == {"options": {"camera": {"move": "pan"}}, "sizes": ["s"]}


PAN, STILL = {"camera": {"move": "pan"}}, {"camera": {"move": "still"}}


@pytest.mark.parametrize(
    ("made", "right", "wrong", "path"),
    [
        (needs("text", equals("options.camera.move", "pan")),
         [{}, {"text": "k", "options": PAN}], [{"text": "k"}, {"text": "k", "options": STILL},
         {"text": "k", "options": {"camera": {}}}], "text"),
        (needs(has("options.shots", "role", "last"), "text"),
         [{"options": {"shots": [{}]}}, {"text": "k", "options": {"shots": [{"role": "last"}]}}],
         [{"options": {"shots": [{}, {"role": "last"}]}}], "options.shots[1].role"),
        (needs(has("options.shots", "camera.move", "pan"), "text"),
         [{"options": {"shots": [{}, STILL]}}], [{"options": {"shots": [PAN]}}],
         "options.shots[0].camera.move"),
        (needs("anything", "text"), [{}, {"anything": None}, {"anything": 0, "text": "k"}],
         [{"anything": 0}, {"anything": []}, {"anything": "x"}], "anything"),
        (needs("note", "text"), [{}, {"note": None}, {"note": " "}, {"note": "a", "text": "k"}],
         [{"note": "a"}], "note"),
        # An object that is absent has the required fields of its default.
        (needs(equals("track.words", "oh"), "text"), [{"track": {"words": "ah"}}],
         [{"mode": "std"}, {"track": {"words": "oh"}}], "track.words"),
        (needs(any_of("several", "options.mood"), "text"), [{"several": []}],
         [{"several": [None]}], "several"),
    ],
)  # fmt: skip
def test_conditions_in_open_objects_on_anything_and_on_null(
    made: Rule, right: list[Any], wrong: list[Any], path: str
) -> None:
    loaded = load(Payload, made)
    valid = Draft202012Validator(json_schema(loaded.variant)).is_valid
    for body in [body for body in right if body]:
        assert not check(loaded, Request(extra=body)).problems, body
        assert valid(body), body
    for body in wrong:
        assert [found.path for found in check(loaded, Request(extra=body)).problems] == [path], body
        assert not valid(body), body


def test_what_is_refused_blames_the_plugin_to_its_user(tmp_path: Any) -> None:
    class Broken(Zoom):
        declaration = msgspec.structs.replace(Zoom.declaration, payload=with_field(int, 5))

    with pytest.raises(BrokenPluginError, match="odd has the plain default 5"):
        Client(plugins=[Broken()], home=tmp_path)
    assert given("text")
