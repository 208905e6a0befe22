"""Messages of rules in the caller's words: common ones for a request, the page's for a payload."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_zoom import Zoom
from msgspec import Struct
from rushes import (
    BrokenPluginError,
    Built,
    Draft,
    Image,
    PublicURL,
    Request,
    Shot,
    To,
    Variant,
    Video,
    absent,
    capabilities,
    hookimpl,
)
from rushes._check.checking import check
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.problems import Problem
from rushes.rules import Rule
from rushes.vocabulary import (
    accepts,
    adds_up,
    all_of,
    any_of,
    at_most,
    equals,
    given,
    has,
    image_may_set_ratio,
    needs,
    not_together,
    remark,
    required,
)

A, B, C = (f"https://pictures.example.com/{name}.png" for name in "abc")


class Picture(Struct, forbid_unknown_fields=True):
    url: PublicURL
    role: Literal["start", "end", "other"]


class Part(Struct, forbid_unknown_fields=True):
    text: str
    length: int = absent()


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: str = absent("")
    mode: Literal["std", "pro", "4k"] = absent("std")
    seconds: Literal[5, 10, 15] = absent(5)
    frames: Literal[121, 241, 361] = absent(121)
    loud: bool = absent(False)
    split: bool = absent(False)
    ratio: Literal["16:9", "1:1"] = absent("16:9")
    image: PublicURL = absent("")
    last_image: PublicURL = absent("")
    pictures: list[Picture] = absent([])
    references: list[PublicURL] = absent([])
    parts: list[Part] = absent([])


def as_role(role: str) -> Any:
    return lambda url: {"url": url, "role": role}


class Plugin(Zoom):
    """Carries over shots by itself."""

    def __init__(self, *rules: Rule, **fields: Any) -> None:
        self.declaration = msgspec.structs.replace(
            Zoom.declaration,
            payload=Payload,
            rules=rules,
            cost=None,
            input_mode=None,
            client_id_field=None,
            fields={
                "prompt": To("text"),
                "duration": To("seconds"),
                "resolution": To("mode", values={"720p": "std", "1080p": "pro", "4k": "4k"}),
                "images.first_frame": To("image"),
                "images.last_frame": To("last_image"),
                "images.reference": To("references[]"),
                "shots": Built("parts[]", also=("split",)),
                "audio": To("loud"),
                "aspect_ratio": To("ratio"),
                **fields,
            },
        )

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = Draft(variant, request)
        if shots := draft.take("shots"):
            draft.put("split", True, "shots")
            for index, shot in enumerate(shots):
                part = {"text": shot.prompt, "length": shot.duration or 1}
                draft.put("parts[]", part, f"shots[{index}]")
                draft.origins[f"parts[{index}].length"] = f"shots[{index}].duration"
        return draft


ROLES = {
    "images.first_frame": To("pictures[]", form=as_role("start")),
    "images.last_frame": To("pictures[]", form=as_role("end")),
}


def load(*rules: Rule, **fields: Any) -> LoadedVariant:
    return build(Plugin(*rules, **fields), [], "acme.zoom")


def problem(loaded: LoadedVariant, request: Request) -> Problem:
    (found,) = check(loaded, request).problems
    return found


FIRST, LAST = Image(A, "first_frame"), Image(B, "last_frame")


@pytest.mark.parametrize(
    ("made", "request_", "path", "message", "named"),
    [
        (needs("last_image", "image"), Request(images=[LAST]), "images[0].url",
         "is accepted only when first_frame is given", ["first_frame"]),
        (needs("loud", equals("mode", "pro", "4k")), Request(audio=True), "audio",
         "true is accepted only when resolution is 1080p or 4k", ["resolution"]),
        (needs(equals("mode", "4k"), "loud"), Request(resolution="4k"), "resolution",
         "4k is accepted only when audio is true", ["audio"]),
        (not_together("text", "parts"), Request("k", shots=[Shot("a")]), "prompt",
         "is not accepted when shots is given; give one of the two", ["shots"]),
        (not_together("text", "parts"), Request("k", shots=[Shot("a"), Shot("b")]), "prompt",
         "is not accepted when shots is given; give one of the two", ["shots"]),
        (required("text", unless="split"), Request(audio=True), "prompt",
         "is required and must not be blank unless shots is given", ["shots"]),
        (required("mode", when="references"), Request(images=[Image(C, "reference")]),
         "resolution",
         "is required when reference is given; accepted: 720p, 1080p, 4k", ["reference"]),
        (accepts("seconds", (5, 10), when=given("image", "references")),
         Request(duration=15, images=[FIRST]), "duration",
         "15 is not accepted when first_frame is given or reference is given "
         "(nearest: 10; accepted: 5, 10)", ["first_frame", "reference"]),
        (accepts("mode", ("std", "pro"), when="loud"), Request(audio=True, resolution="4k"),
         "resolution", "'4k' is not accepted when audio is true "
         "(nearest: 1080p; accepted: 720p, 1080p)", ["audio"]),
        (adds_up("parts[].length", to="seconds"), Request(duration=5, shots=[Shot("a", 10)]),
         "duration", "is 5, but shots[].duration add up to 10; they must be equal",
         ["shots[].duration"]),
        # What only the provider has keeps its own name, and so does what the caller gave natively.
        (needs("loud", equals("frames", 241)), Request(audio=True), "audio",
         "true is accepted only when extra.frames is 241", ["extra.frames"]),
        (needs("loud", equals("mode", "pro")), Request(audio=True, extra={"mode": "4k"}), "audio",
         "true is accepted only when extra.mode is pro", ["extra.mode"]),
    ],
)  # fmt: skip
def test_a_request_is_answered_in_common_words(
    made: Rule, request_: Request, path: str, message: str, named: list[str]
) -> None:
    found = problem(load(made), request_)
    assert (found.path, found.message, found.names) == (path, message, named)


def test_a_payload_is_answered_in_the_words_of_its_page() -> None:
    loaded = load(accepts("mode", ("std", "pro"), when=given("image", "loud")))
    found = problem(loaded, Request(extra={"mode": "4k", "image": A}))
    assert (found.path, found.names) == ("mode", ["image", "loud"])
    assert found.message == (
        "'4k' is not accepted when image is given or loud is true "
        "(nearest: std; accepted: std, pro)"
    )
    assert found.accepted == ["std", "pro"]


def test_accepted_values_are_common_ones() -> None:
    loaded = load(accepts("mode", ("std", "pro"), when="loud"))
    found = problem(loaded, Request(audio=True, resolution="4k"))
    assert found.accepted == ["1080p", "720p"]
    assert check(loaded, Request(audio=True, resolution="1080p")).valid
    (found,) = check(load(needs(equals("mode", "4k"), "loud")), Request(resolution="4k")).problems
    assert found.accepted == ["720p", "1080p"]


@pytest.mark.parametrize(
    ("form", "wire"),
    [
        (lambda url: {"uri": url, "position": "last"}, "position"),
        (lambda url: {"kind": "last", "image": {"url": url}}, "kind"),
    ],
)
def test_what_a_form_puts_beside_the_address_comes_from_the_role(form: Any, wire: str) -> None:
    fields = {"images.last_frame": To("frames[]", form=form)}
    variant = msgspec.structs.replace(Zoom.declaration, fields=fields)
    draft = Draft(variant, Request(images=[LAST]))
    assert draft.way_back(f"frames[0].{wire}") == "images[0].role"
    (address,) = {"uri", "image"} & {*draft.body["frames"][0]}
    assert draft.way_back(f"frames[0].{address}") == "images[0].url"


def test_images_in_a_list_are_called_by_their_roles() -> None:
    first, last = (has("pictures", "role", role) for role in ("start", "end"))
    loaded = load(needs(last, first), **ROLES)
    found = problem(loaded, Request(images=[LAST]))
    assert (found.path, found.names) == ("images[0].role", ["last_frame", "first_frame"])
    assert found.message == "last_frame is accepted only when first_frame is given"
    assert found.accepted == ["first_frame"]  # a role that no common word makes is left out
    native = problem(loaded, Request(extra={"pictures": [{"url": A, "role": "end"}]}))
    assert native.message == "end is accepted only when pictures has an item whose role is start"
    assert native.accepted == ["other", "start"]
    assert capabilities(loaded.variant)["images.last_frame"].conditions == (
        "last_frame is accepted only when first_frame is given.",
    )


class Item(Struct, forbid_unknown_fields=True):
    kind: Literal["text", "image", "clip", "sound"]
    at: str


def item(kind: str) -> Any:
    return lambda value: {"kind": kind, "at": value}


MIXED = {
    "prompt": To("items[]", form=item("text")),
    "images.reference": To("items[]", form=item("image")),
    "videos.reference": To("items[]", form=item("clip")),
    "sounds": To("items[]", form=item("sound")),
}


class Mixed(Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    items: Annotated[list[Item], msgspec.Meta(min_length=1)]


def mixed(*rules: Rule) -> LoadedVariant:
    """Load a plugin whose only list takes texts, images, videos and sounds."""

    class Plugin(Zoom):
        declaration = msgspec.structs.replace(
            Zoom.declaration, payload=Mixed, fields=MIXED, rules=rules, cost=None,
            input_mode=None, client_id_field=None,
        )  # fmt: skip

    return build(Plugin(), [], "acme.zoom")


def test_what_becomes_an_item_of_a_list_is_called_by_its_field() -> None:
    kinds = ("text", "image", "clip", "sound")
    text, image, clip, sound = (has("items", "kind", kind) for kind in kinds)
    loaded = mixed(needs(sound, any_of(image, clip)), needs(clip, text))
    found = problem(loaded, Request("k", sounds=[A]))
    assert found.path == "sounds[0]"
    assert found.message == (
        "sounds is accepted only when reference is given or reference video is given"
    )
    found = problem(loaded, Request(videos=[Video(A, "reference")]))
    assert found.message == "reference video is accepted only when prompt is given"


def test_a_missing_list_is_told_to_be_its_first_field() -> None:
    assert problem(mixed(), Request()).path == "prompt"


def test_a_message_ends_with_the_sentence_of_the_page() -> None:
    says = "{last_image} is for {mode} pro, says the page."
    loaded = load(needs("last_image", all_of(equals("mode", "pro"), "image"), says=says))
    native = problem(loaded, Request(extra={"last_image": A}))
    assert native.message.endswith("image is given. last_image is for mode pro, says the page.")
    found = problem(loaded, Request(images=[LAST]))
    assert found.message.endswith(". last_frame is for resolution pro, says the page.")
    assert loaded.variant.rules[0].text == "last_image is for mode pro, says the page."
    assert found.names == ["resolution", "first_frame", "last_frame"]


def test_an_authors_note_may_name_fields() -> None:
    loaded = load(remark("ratio", "{image} may decide, not {mode}", when="image"))
    (noted,) = check(loaded, Request(aspect_ratio="1:1", images=[FIRST])).notes
    assert noted.message == "first_frame may decide, not resolution"
    (noted,) = check(loaded, Request(extra={"ratio": "1:1", "image": A})).notes
    assert noted.message == "image may decide, not mode"
    with pytest.raises(BrokenPluginError, match="no field 'imge'"):
        load(remark("ratio", "{imge} may decide", when="image"))


def test_the_matrix_says_conditions_in_common_words() -> None:
    loaded = load(needs("loud", equals("mode", "pro")), at_most(1, has("pictures", "role", "end")))
    found = capabilities(loaded.variant)
    assert found["audio"].conditions == ("audio true is accepted only when resolution is 1080p.",)
    assert found["resolution"].conditions == found["audio"].conditions


def test_the_remark_about_a_ratio_is_one_of_the_vocabulary() -> None:
    loaded = load(image_may_set_ratio("ratio", given("image", "last_image")))
    request = Request(aspect_ratio="1:1", images=[FIRST])
    (noted,) = check(loaded, request).notes
    assert (noted.path, noted.code) == ("aspect_ratio", "image_may_set_the_ratio")
    assert loaded.variant.rules[0].text == (
        "ratio may be overridden by the ratio of an input image."
    )
    assert capabilities(loaded.variant)["aspect_ratio"].conditions == (
        "aspect_ratio may be overridden by the ratio of an input image.",
    )
