"""Generated code does what the declaration says, including absent fields."""

from collections.abc import Generator
from typing import Annotated, Any

import msgspec
import pytest
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct
from rushes import (
    BrokenPluginError,
    Draft,
    Image,
    Request,
    Shot,
    Text,
    To,
    Variant,
    absent,
    hookimpl,
)
from rushes._check.checking import check
from rushes._check.quick import quick
from rushes._payload.compiled import compiled, reading
from rushes._payload.request_fields import ABSENT, FIELDS, fields_set, sets_nothing
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.registry import Registry
from rushes.request import Role


class Verse(Struct, frozen=True, forbid_unknown_fields=True):
    words: Text
    notes: list[Text] = absent([])
    tempo: int = absent(90)


class Song(Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    title: Annotated[Text, Meta(max_length=9)] | None = absent()
    text: Text = absent("la")
    verses: list[Verse] = absent([])
    refrain: Verse = absent(Verse("oh"))
    class_: Text = absent("pop", name="class")


class Singer(Zoom):
    declaration = msgspec.structs.replace(
        Zoom.declaration, payload=Song, fields={"prompt": To("text")}, rules=(), cost=None,
        input_mode=None, client_id_field=None,
    )  # fmt: skip


def loaded(plugin: Any) -> LoadedVariant:
    return Registry(plugins=[plugin]).get("acme/zoom")


SINGER = loaded(Singer())
SOUND: dict[str, Any] = {
    "model": "zoom",
    "title": None,
    "class": "jazz",
    "verses": [{"words": "a", "notes": ["c", "d"]}, {"words": "b"}],
}


def test_an_absent_field_reads_as_its_default_at_every_depth() -> None:
    song = msgspec.convert(SOUND, Song)
    read = reading(song)
    assert (read.text, read.class_, read.refrain.tempo) == ("la", "jazz", 90)
    assert [(verse.notes, verse.tempo) for verse in read.verses] == [(["c", "d"], 90), ([], 90)]
    assert getattr(song, "text") is UNSET  # noqa: B009 - the declared type is what a rule reads
    assert [getattr(verse, "tempo") for verse in song.verses] == [UNSET, UNSET]  # noqa: B009


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("title", {"title": "\u3000"}),
        ("text", {"text": " "}),
        ("class", {"class": "\t"}),
        ("verses[1].words", {"verses": [{"words": "a"}, {"words": "\n \x85"}]}),
        ("verses[0].notes[1]", {"verses": [{"words": "a", "notes": ["c", "\xa0"]}]}),
        ("refrain.notes[0]", {"refrain": {"words": "a", "notes": [" "]}}),
    ],
)
def test_blank_text_is_found_at_any_depth(path: str, change: dict[str, Any]) -> None:
    body = SOUND | change
    assert not compiled(Song).filled(msgspec.convert(body, Song))
    assert quick(SINGER, Request(extra=body)) is None
    (problem,) = check(SINGER, Request(extra=body)).problems
    assert (problem.path, problem.message) == (path, "must not be blank")


def test_valid_text_takes_the_short_way() -> None:
    assert quick(SINGER, Request(extra=SOUND)) is not None
    assert quick(SINGER, Request("la la")) is not None


ROLES: list[Role] = ["first_frame", "reference"]
some = st.sampled_from([None, (), [], "", "x", 0, 5, False, True, 0.0, [1]])


@given(values=st.lists(some, min_size=len(FIELDS), max_size=len(FIELDS)))
def test_fields_set_are_the_fields_that_are_not_absent(values: list[Any]) -> None:
    request = Request(*values)
    expected = {
        name: value for name, value in zip(FIELDS, values, strict=True) if value not in ABSENT
    }
    assert repr(fields_set(request)) == repr(expected)
    assert sets_nothing(request) is not bool(expected)


def in_words(seconds: Any) -> str:
    return f"{seconds} seconds"


class FormatsDuration(Zoom):
    """A plugin that formats the duration into text."""

    declaration = msgspec.structs.replace(
        Zoom.declaration, fields={"duration": To("text", form=in_words)}, rules=()
    )


@pytest.mark.parametrize(
    "duration", [float("nan"), float("inf"), "5", True, [5], {"s": 5}], ids=repr
)
def test_a_field_of_the_wrong_type_never_takes_the_short_way(duration: Any) -> None:
    plugin = loaded(FormatsDuration())
    assert quick(plugin, Request(duration=5)) is not None
    assert quick(plugin, Request(duration=duration)) is None
    (problem,) = check(plugin, Request(duration=duration)).problems
    assert problem.path == "duration"


class FormatsShotDuration(Zoom):
    """A plugin that formats the duration of a shot into text."""

    declaration = msgspec.structs.replace(
        Zoom.declaration,
        fields={"shots": To("text", form=lambda s: in_words(s[0].duration))},
        rules=(),
    )


@pytest.mark.parametrize(
    ("plugin", "given"),
    [(FormatsDuration(), {"duration": 2.0}), (FormatsShotDuration(), {"shots": [Shot("a", 2.0)]})],
    ids=["duration", "shot"],
)
def test_whole_seconds_reach_a_plugin_as_integers(plugin: Any, given: dict[str, Any]) -> None:
    assert quick(loaded(plugin), Request(**given)) is None
    assert check(loaded(plugin), Request(**given)).payload.text == "2 seconds"


class Quiet(Zoom):
    """The plugin without its rules, one of which always adds a note."""

    declaration = msgspec.structs.replace(
        Zoom.declaration,
        rules=(),
        fields={**Zoom.declaration.fields, "images.first_frame": To("pictures[]")},
    )


@pytest.mark.parametrize(
    "images",
    [
        [Image("https://a.example.com/1.png", "first_frame")] * 2,
        [Image("https://a.example.com/1.png", "other")],  # type: ignore[arg-type]
        [Image(5, "reference")],  # type: ignore[arg-type]
        [Shot("x")],
    ],
    ids=["twice", "role", "url", "shot"],
)
def test_images_are_checked_before_a_plugin_sees_them(images: Any) -> None:
    plugin = loaded(Quiet())
    first, more = (Image("https://a.example.com/1.png", role) for role in ROLES)
    assert quick(plugin, Request("x", images=[first, more, more])) is not None
    assert quick(plugin, Request("x", images=images)) is None


class Reordered(Quiet):
    """A plugin whose hook takes its arguments in another order."""

    @hookimpl
    def build_payload(self, request: Request, variant: Variant) -> Draft:
        return Draft(variant, request)


class Short(Quiet):
    """A plugin whose hook takes only one argument."""

    @hookimpl
    def build_payload(self, request: Request) -> Draft:
        return Draft(self.declaration, request)


@pytest.mark.parametrize("plugin", [Reordered(), Short()], ids=["reordered", "short"])
def test_a_hook_is_given_the_arguments_it_names(plugin: Any) -> None:
    report = quick(loaded(plugin), Request("x", duration=5))
    assert report is not None
    assert report.payload.seconds == 5


class Lengthens:
    """A wrapper that lengthens every video by five seconds."""

    @hookimpl(wrapper=True)
    def build_payload(self) -> Generator[None, Draft, Draft]:
        draft = yield
        draft.body["seconds"] += 5
        return draft


def test_a_wrapper_around_the_draft_takes_part_in_the_short_way() -> None:
    plugin = Registry(plugins=[Quiet()], wrappers=[Lengthens()]).get("acme/zoom")
    report = quick(plugin, Request("x", duration=5))
    assert report is not None
    assert report.payload.seconds == 10


class Own(Draft):
    """A draft of the plugin's own kind."""


class Gives(Quiet):
    """A plugin whose hook gives something else than a Draft."""

    def __init__(self, given: Any) -> None:
        self.given = given

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Any:
        return self.given and self.given(variant, request)


@pytest.mark.parametrize("given", [None, Own], ids=["nothing", "own"])
def test_a_hook_may_give_nothing_or_a_draft_of_its_own_kind(given: Any) -> None:
    report = quick(loaded(Gives(given)), Request("x", duration=5))
    assert report is not None
    assert report.payload.seconds == 5


def test_what_is_no_draft_is_the_plugins_fault() -> None:
    plugin = loaded(Gives(lambda *_: {"seconds": 5}))
    assert quick(plugin, Request("x", duration=5)) is None
    with pytest.raises(BrokenPluginError, match="hook build_payload raised TypeError"):
        check(plugin, Request("x", duration=5))
