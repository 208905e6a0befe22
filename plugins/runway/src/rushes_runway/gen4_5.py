"""Gen-4.5 at Runway: text to video, and from a first frame."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    Draft,
    PublicURL,
    Request,
    Text,
    To,
    Variant,
    absent,
    hookimpl,
    max_utf16,
    rule,
)
from rushes.vocabulary import equals, needs

from rushes_runway.gateway import (
    CREDIT,
    INPUTS,
    OVER_HTTPS,
    PAGE,
    fill_in,
    over_https,
    runway,
)

RATIOS = {
    "16:9": "1280:720",
    "9:16": "720:1280",
    "4:3": "1104:832",
    "1:1": "960:960",
    "3:4": "832:1104",
    "21:9": "1584:672",
}
WITH_IMAGE = ("1104:832", "960:960", "832:1104", "1584:672")
CREDITS, DEEP_CREDITS = 12, 20
"""Credits per second: of a video, and on top of it for one in 10 bit."""


class ContentModeration(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How strict Runway's moderation is."""

    public_figure_threshold: Literal["auto", "low"] = absent("auto")


class Payload(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of POST /v1/text_to_video and, with an image, of /v1/image_to_video."""

    model: Literal["gen4.5"]
    prompt_text: Annotated[Text, max_utf16(1000)]
    prompt_image: PublicURL = absent("")
    ratio: Literal["1280:720", "720:1280", "1104:832", "960:960", "832:1104", "1584:672"]
    duration: Annotated[int, Meta(ge=2, le=10)]
    seed: Annotated[int, Meta(ge=0, le=4294967295)] = absent()
    content_moderation: ContentModeration = absent(ContentModeration())
    output_format: Literal["mp4", "hdr10", "hlg", "sdr_rec709_10bit"] = absent("mp4")


@rule(OVER_HTTPS, fields=("promptImage",), source=INPUTS)
def image_over_https(payload: Payload) -> bool:
    """Judge the image's address."""
    return over_https(payload.prompt_image)


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Fill in the ratio and the length of Runway's own examples."""
    draft = Draft(variant, request)
    fill_in(draft, request, "ratio", "1280:720", "aspect_ratio")
    fill_in(draft, request, "duration", 5, "duration")
    return draft


def input_mode(payload: Payload) -> str:
    """Return the input mode: an image is the first frame."""
    return "frame control" if payload.prompt_image else "text"


def cost(payload: Payload) -> float:
    """Return USD: 12 credits per second, and 20 more in 10 bit."""
    deep = DEEP_CREDITS if payload.output_format != "mp4" else 0
    return round(payload.duration * (CREDITS + deep) * CREDIT, 4)


plugin = runway.variant(
    "gen4.5",
    page=PAGE,
    payload=Payload,
    fields={
        "prompt": To("promptText"),
        "duration": To("duration"),
        "aspect_ratio": To("ratio", values=RATIOS),
        "resolution": Always("720p"),
        "images.first_frame": To("promptImage"),
        "audio": Always(False),
        "seed": To("seed"),
    },
    rules=(
        needs(
            equals("ratio", *WITH_IMAGE),
            "promptImage",
            says="From text alone, the video is 1280:720 or 720:1280.",
            name="ratio_needs_image",
        ),
        image_over_https,
    ),
    cost=cost,
    input_mode=input_mode,
    hooks=(build_payload,),
)
