"""A field that a plugin takes goes somewhere, or every check says that the plugin drops it."""

from collections.abc import Callable
from typing import Annotated

import msgspec
import pytest
from acme_zoom import Zoom
from msgspec import Meta, Struct
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
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build

A, B = "https://pictures.example.com/a.png", "https://pictures.example.com/b.png"
Build = Callable[[Draft, Request], None]


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text
    size: Annotated[str, Meta(pattern="p$")] = absent("")
    seed: int = absent()
    loud: bool = absent(False)
    split: bool = absent(False)
    kind: str = absent("")
    parts: list[str] = absent([])
    lengths: list[int] = absent([])
    pictures: list[str] = absent([])


def load(build_it: Build) -> LoadedVariant:
    class Plugin(Zoom):
        declaration = msgspec.structs.replace(
            Zoom.declaration,
            payload=Payload,
            fields={"prompt": To("text")},
            rules=(),
            cost=None,
            input_mode=None,
            client_id_field=None,
        )

        @hookimpl
        def build_payload(self, variant: Variant, request: Request) -> Draft:
            draft = Draft(variant, request)
            build_it(draft, request)
            return draft

    return build(Plugin(), [], "acme.zoom")


def seed_is_dropped(draft: Draft, request: Request) -> None:
    draft.take("seed")


def size_from_one(draft: Draft, request: Request) -> None:
    ratio, height = draft.take("aspect_ratio"), draft.take("resolution")
    draft.put("size", f"{ratio} {height}", "aspect_ratio")


def last_shot_is_dropped(draft: Draft, request: Request) -> None:
    for index, shot in enumerate(draft.take("shots")[:-1]):
        draft.put("parts[]", shot.prompt, f"shots[{index}]")


def last_of_a_list_is_dropped(draft: Draft, request: Request) -> None:
    draft.put("split", True, "shots")
    draft.put("kind", "custom", "shots")
    draft.put("parts", [shot.prompt for shot in draft.take("shots")[:-1]], "shots")


def only_the_flag(draft: Draft, request: Request) -> None:
    if draft.take("shots"):
        draft.put("split", True, "shots")


def second_image_is_dropped(draft: Draft, request: Request) -> None:
    first, *_ = draft.take("images")
    draft.put("pictures[]", draft.address(first.url, "images[0].url"), "images[0].url")


SHOTS = Request("k", shots=[Shot("one", 2), Shot("two", 3)])
IMAGES = Request("k", images=[Image(A, "first_frame"), Image(B, "reference")])
SIZE = Request("k", aspect_ratio="16:9", resolution="720p")


@pytest.mark.parametrize(
    ("build_it", "request_", "dropped"),
    [
        (seed_is_dropped, Request("k", seed=7), "seed"),
        (size_from_one, SIZE, "resolution"),
        (last_shot_is_dropped, SHOTS, "shots[1]"),
        (last_of_a_list_is_dropped, SHOTS, "shots[1]"),
        (only_the_flag, SHOTS, "shots"),
        (second_image_is_dropped, IMAGES, "images[1]"),
    ],
)
def test_what_is_taken_and_dropped_is_a_bug_of_the_plugin(
    build_it: Build, request_: Request, dropped: str
) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        check(load(build_it), request_)
    assert f"acme/zoom: its build_payload takes {dropped} and drops it" in str(caught.value)


def size_from_two(draft: Draft, request: Request) -> None:
    ratio, height = draft.take("aspect_ratio"), draft.take("resolution")
    draft.put("size", f"{ratio} {height}", "aspect_ratio", "resolution")


def audio_if_true(draft: Draft, request: Request) -> None:
    if draft.take("audio"):
        draft.put("loud", True, "audio")


def already_so(draft: Draft, request: Request) -> None:
    if draft.take("resolution") == "720p":
        draft.already("resolution")


def merged_into_a_text(draft: Draft, request: Request) -> None:
    shots = draft.take("shots")
    draft.put("kind", " / ".join(shot.prompt for shot in shots), "shots")
    draft.put("lengths[]", shots[0].duration, "shots[0].duration")
    draft.put("parts", ["split"], "shots")


def edited_later(draft: Draft, request: Request) -> None:
    draft.put("kind", str(draft.take("seed")), "seed")
    draft.body["text"] += " " + draft.body.pop("kind")


def changed(draft: Draft, request: Request) -> None:
    seed = draft.take("seed")
    draft.origins["seed"] = "seed"
    draft.change("seed", seed % 5, "seed_wraps", "wraps at 5")


def told_in_a_note(draft: Draft, request: Request) -> None:
    draft.take("seed")
    draft.note("seed", "unsure", "may be ignored")


def whole_list_with_a_note(draft: Draft, request: Request) -> None:
    draft.put("parts", [shot.prompt for shot in draft.take("shots")], "shots")
    draft.note("shots[1].duration", "unsure", "may be ignored")


def two_shots_in_one(draft: Draft, request: Request) -> None:
    one, two = draft.take("shots")
    draft.put("parts[]", f"{one.prompt}, then {two.prompt}", "shots[0]", "shots[1]")


@pytest.mark.parametrize(
    ("build_it", "request_"),
    [
        (size_from_two, SIZE),
        (audio_if_true, Request("k", audio=False)),
        (audio_if_true, Request("k", audio=True)),
        (already_so, Request("k", resolution="720p")),
        (merged_into_a_text, SHOTS),
        (edited_later, Request("k", seed=7)),
        (changed, Request("k", seed=7)),
        (told_in_a_note, Request("k", seed=7)),
        (whole_list_with_a_note, SHOTS),
        (two_shots_in_one, SHOTS),
    ],
)
def test_an_honest_plugin_is_not_blamed(build_it: Build, request_: Request) -> None:
    assert check(load(build_it), request_).valid


def test_a_request_with_a_problem_blames_no_plugin() -> None:
    def gives_up(draft: Draft, request: Request) -> None:
        if draft.take("seed") and request.duration:
            draft.problem("duration", "odd", "is odd")

    found = check(load(gives_up), Request("k", seed=7, duration=5)).problems
    assert [problem.path for problem in found] == ["duration", "duration"]
    malformed = {"prompt": "k", "seed": 7, "audio": "yes"}
    assert [problem.path for problem in check(load(seed_is_dropped), malformed).problems] == [
        "audio",
        "audio",
    ]


def test_a_problem_of_a_field_made_of_two_names_both() -> None:
    (found,) = check(load(size_from_two), msgspec.structs.replace(SIZE, resolution="odd")).problems
    assert (found.path, found.names) == ("aspect_ratio", ["resolution"])
    assert found.message == (
        "is sent as size together with resolution: '16:9 odd' is not accepted by acme/zoom; "
        "it must match p$"
    )
    assert found.accepted is None
