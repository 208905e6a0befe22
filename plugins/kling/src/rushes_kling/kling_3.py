"""Kling 3.0 in the newer generation of Kling's API: text, or frames and elements."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    Built,
    Draft,
    PublicURL,
    Request,
    Source,
    To,
    Variant,
    absent,
    hookimpl,
)
from rushes.vocabulary import at_most, given, has, needs, not_together, required

from rushes_kling.current import (
    CITED,
    COMPLETE,
    CONTENTS_NEED_A_PROMPT,
    MAX_PROMPT,
    MULTI_SHOT,
    PROMPT,
    VIDEO_PAGES,
    WATERMARK,
    Options,
    content,
    current,
    ids_differ,
    shots_as_text,
)

PRICES = {"720p": (0.084, 0.126), "1080p": (0.112, 0.168), "4k": (0.42, 0.42)}
"""USD per second by resolution, without and with sound."""


class Content(Struct, kw_only=True, forbid_unknown_fields=True):
    """One input, by its type."""

    type: Literal["prompt", "first_frame", "last_frame", "element"]
    text: Annotated[str, Meta(max_length=MAX_PROMPT)] = absent("")
    url: PublicURL = absent("")
    element_id: str = absent("")
    id: str = absent("")


class Settings(Struct, kw_only=True, forbid_unknown_fields=True):
    """How the video is made."""

    multi_shot: bool = absent(True)
    audio: Literal["native", "off"] = absent("off")
    resolution: Literal["720p", "1080p", "4k"] = absent("720p")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    duration: Annotated[int, Meta(ge=3, le=15)] = absent(5)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /text-to-video/kling-3.0, with a prompt, or /image-to-video/kling-3.0."""

    prompt: Annotated[str, Meta(max_length=MAX_PROMPT)] = absent("")
    contents: list[Content] = absent([])
    settings: Settings = absent(Settings())
    options: Options = absent(Options())


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Put the prompt, or the shots as one, beside the frames; without frames it has a field."""
    draft = Draft(variant, request)
    texts = (("prompt", draft.take("prompt")), ("shots", shots_as_text(draft, request)))
    for origin, text in texts:
        if text is not None and draft.roles():
            path = draft.put("contents[]", {"type": "prompt", "text": text}, origin)
            draft.origins[f"{path}.text"] = origin
        elif text is not None:
            draft.put("prompt", text, origin)
    return draft


def input_mode(payload: Any) -> str:
    """Return the input mode, which decides the address."""
    return "frame control" if payload.contents else "text"


def cost(payload: Payload) -> float:
    """Estimate USD."""
    silent, sound = PRICES[payload.settings.resolution]
    price = sound if payload.settings.audio == "native" else silent
    return round(price * payload.settings.duration, 4)


FIRST, LAST, ELEMENT = (
    has("contents", "type", name) for name in ("first_frame", "last_frame", "element")
)
plugin = current.variant(
    "kling-3.0",
    page=Source("Kling, 3.0 image to video", f"{VIDEO_PAGES}/image-to-video"),
    payload=Payload,
    submit_path="/text-to-video/kling-3.0",
    submit_paths={"frame control": "/image-to-video/kling-3.0"},
    fields={
        "duration": To("settings.duration"),
        "aspect_ratio": To("settings.aspect_ratio"),
        "resolution": To("settings.resolution"),
        "images.first_frame": To("contents[]", form=content("first_frame")),
        "images.last_frame": To("contents[]", form=content("last_frame")),
        "prompt": Built("prompt", also=("contents",)),
        "shots": Built("prompt", also=("contents", "settings.multi_shot")),
        "audio": To("settings.audio", values={True: "native", False: "off"}),
        "watermark": Always(False),
    },
    rules=(
        required("prompt", unless="contents", name="prompt_or_contents"),
        not_together(
            "prompt",
            "contents",
            says="With {contents}, the prompt is one of them.",
            name="prompt_beside_contents",
        ),
        needs(given("contents"), FIRST, name="contents_need_a_frame"),
        CONTENTS_NEED_A_PROMPT,
        at_most(1, PROMPT, FIRST, LAST, name="one_of_each"),
        at_most(3, ELEMENT, name="three_elements"),
        not_together(
            "settings.aspect_ratio",
            "contents",
            says="The image sets the ratio: image-to-video has no {settings.aspect_ratio}.",
            name="image_sets_the_ratio",
        ),
        *COMPLETE,
        ids_differ,
        CITED,
        WATERMARK,
        MULTI_SHOT,
    ),
    cost=cost,
    input_mode=input_mode,
    facts=(
        *current.facts,
        "USD per second in 2026-09, silent and with sound: 0.084 and 0.126 in 720p, 0.112 and "
        "0.168 in 1080p, 0.42 in 4k.",
    ),
    hooks=(build_payload,),
)
