"""Seedance 2.0: from text, frames, or references that are images, videos and sounds; up to 4k."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import Source, To, TransportURL, Uploads, absent
from rushes.vocabulary import (
    accepts,
    any_of,
    at_most,
    by_default,
    each,
    equals,
    has,
    needs,
    not_together,
    remark,
)

from rushes_byteplus.content import (
    FIELDS,
    FIRST,
    FRAME_RULES,
    LAST,
    REMARKS,
    Address,
    Part,
    by_type,
    part_of,
)
from rushes_byteplus.prices import READ, cost_by_tokens, tokens, usd
from rushes_byteplus.provider import IMAGES, MAX_IMAGE, PAGE, byteplus

VOLCENGINE = Source(
    "Volcengine Ark, Create a video generation task",
    "https://www.volcengine.com/docs/82379/1520757",
)
"""The same API in China, whose page is newer."""


class AnyPart(Part, kw_only=True, forbid_unknown_fields=True):
    """A text, an image, a video or a sound."""

    type: Literal["text", "image_url", "video_url", "audio_url"]
    video_url: Address = absent()
    audio_url: Address = absent()
    role: Literal[
        "first_frame", "last_frame", "reference_image", "reference_video", "reference_audio"
    ] = absent()


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /contents/generations/tasks for seedance-2-0.

    4k is on one page (Volcengine's) and in probes of BytePlus's API.
    """

    model: str
    content: list[AnyPart]
    resolution: Literal["480p", "720p", "1080p", "4k"] = absent("720p")
    ratio: Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"] = absent("adaptive")
    duration: Literal[-1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] = absent(5)
    seed: Annotated[int, Meta(ge=-1, le=2**32 - 1)] = absent(-1)
    watermark: bool = absent(False)
    generate_audio: bool = absent(True)
    return_last_frame: bool = absent(False)
    priority: Annotated[int, Meta(ge=0, le=9)] = absent(0)
    execution_expires_after: Annotated[int, Meta(ge=3600, le=259200)] = absent(172800)
    safety_identifier: Annotated[str, Meta(max_length=64)] = absent("")
    callback_url: TransportURL = absent()


ROLES = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}
"""What an image, a video or a sound may be for; a video or a sound has one role only, and may leave
it out, as Volcengine's page says."""

WITH_SOUNDS = Uploads(
    types=(*IMAGES.types, "audio/wav"),
    max_bytes={"image": MAX_IMAGE, "sound": 15_000_000},
    max_body=IMAGES.max_body,
    inline=IMAGES.inline,
)
"""A sound in MP3 goes by address only: its name in a `data:` address is not documented."""

IMAGE = has("content", "role", "reference_image")
VIDEO, SOUND = (has("content", "type", f"{kind}_url") for kind in ("video", "audio"))

RATES = {"480p": (7.0, 4.3), "720p": (7.0, 4.3), "1080p": (7.7, 4.7), "4k": (4.0, 2.4)}
"""USD per million tokens, without and with a video among the references."""


def rate(body: Mapping[str, Any]) -> float:
    """Return USD per million tokens, by the resolution and what the video is made from."""
    kinds = {part.get("type") for part in body.get("content", ())}
    return RATES[body.get("resolution", "720p")]["video_url" in kinds]


def cost(payload: Payload) -> float | None:
    """Estimate USD; None if the model chooses the length, or the length of a video counts."""
    kinds = {part.type for part in payload.content}
    if payload.duration == -1 or "video_url" in kinds:
        return None
    count = tokens(payload.resolution, payload.ratio, payload.duration)
    return usd(count, RATES[payload.resolution][0])


def input_mode(payload: Payload) -> str:
    """Return the input mode: the page's three scenarios, or text alone."""
    # A sound is never the only reference.
    if any(part.type == "video_url" or part.role == "reference_image" for part in payload.content):
        return "reference"
    return "frame control" if any(part.type == "image_url" for part in payload.content) else "text"


plugin = byteplus.variant(
    "dreamina-seedance-2-0-260128",
    name="seedance-2.0",
    page=PAGE,
    payload=Payload,
    fields={
        **FIELDS,
        "images.reference": To("content[]", form=part_of("image_url", "reference_image")),
        "videos.reference": To("content[]", form=part_of("video_url", "reference_video")),
        "sounds": To("content[]", form=part_of("audio_url", "reference_audio")),
        "duration": To("duration", accepts=Annotated[int, Meta(ge=4, le=15)]),
        "aspect_ratio": To("ratio", accepts=Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"]),
        "resolution": To("resolution"),
        "audio": To("generate_audio"),
        "watermark": To("watermark"),
        "seed": To("seed"),
    },
    rules=(
        *by_type("text", *ROLES, media=tuple(ROLES)),
        *(
            each("content", accepts("role", roles, when=equals("type", kind), name=f"{kind}_roles"))
            for kind, roles in ROLES.items()
        ),
        *FRAME_RULES,
        not_together(
            any_of(IMAGE, VIDEO, SOUND),
            any_of(FIRST, LAST),
            says="Frames and references exclude each other.",
            name="frames_or_references",
        ),
        at_most(9, IMAGE, name="nine_reference_images"),
        at_most(
            3,
            VIDEO,
            SOUND,
            says="At most 3 videos and 3 sounds.",
            name="three_videos_three_sounds",
        ),
        needs(
            SOUND,
            any_of(IMAGE, VIDEO),
            says="A sound alone is not enough.",
            name="sounds_need_pictures",
        ),
        by_default("generate_audio", "the video has sound"),
        *REMARKS,
        remark(
            "seed",
            "one page says that this model does not use a seed yet",
            when="seed",
            name="a_seed_may_not_count",
            source=VOLCENGINE,
        ),
    ),
    cost=cost,
    facts=(
        *byteplus.facts,
        f"USD per million tokens on {READ}, without and with a video to refer to: 7.0 and 4.3, in "
        "1080p 7.7 and 4.7, in 4k 4.0 and 2.4.",
    ),
    input_mode=input_mode,
    uploads=WITH_SOUNDS,
    hooks=(cost_by_tokens(rate),),
)
