"""Seedance 1.5 pro: from text, a first frame, or a first and a last frame, with sound."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import Text, To, TransportURL, absent
from rushes.vocabulary import (
    accepts,
    all_of,
    any_of,
    by_default,
    equals,
    has,
    not_together,
    sent,
)

from rushes_byteplus.content import FIELDS, FRAME_RULES, REMARKS, Part, by_type
from rushes_byteplus.prices import READ, cost_by_tokens, tokens, usd
from rushes_byteplus.provider import PAGE, byteplus


class Draft(Struct, forbid_unknown_fields=True):
    """A finished draft, which is made again in full quality."""

    id: Text


class DraftOrPart(Part, kw_only=True, forbid_unknown_fields=True):
    """A text, an image, or a draft."""

    type: Literal["text", "image_url", "draft_task"]
    draft_task: Draft = absent()
    role: Literal["first_frame", "last_frame"] = absent()


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /contents/generations/tasks for seedance-1-5-pro."""

    model: str
    content: list[DraftOrPart]
    resolution: Literal["480p", "720p", "1080p"] = absent("720p")
    ratio: Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"] = absent("adaptive")
    duration: Literal[-1, 4, 5, 6, 7, 8, 9, 10, 11, 12] = absent(5)
    seed: Annotated[int, Meta(ge=-1, le=2**32 - 1)] = absent(-1)
    camera_fixed: bool = absent(False)
    watermark: bool = absent(False)
    generate_audio: bool = absent(True)
    draft: bool = absent(False)
    return_last_frame: bool = absent(False)
    service_tier: Literal["default", "flex"] = absent("default")
    execution_expires_after: Annotated[int, Meta(ge=3600, le=259200)] = absent(172800)
    safety_identifier: Annotated[str, Meta(max_length=64)] = absent("")
    callback_url: TransportURL = absent()


DRAFT = has("content", "type", "draft_task")


def rate(body: Mapping[str, Any]) -> float:
    """Return USD per million tokens: sound doubles the price, the flexible tier halves it."""
    online = 2.4 if body.get("generate_audio", True) else 1.2
    return online / 2 if body.get("service_tier") == "flex" else online


def cost(payload: Payload) -> float | None:
    """Estimate USD; None if the model chooses the length, and for drafts, which take fewer."""
    kinds = {part.type for part in payload.content}
    if payload.duration == -1 or payload.draft or "draft_task" in kinds:
        return None
    body = {"generate_audio": payload.generate_audio, "service_tier": payload.service_tier}
    return usd(tokens(payload.resolution, payload.ratio, payload.duration), rate(body))


def input_mode(payload: Payload) -> str:
    """Return the input mode by what is in the content."""
    kinds = {part.type for part in payload.content}
    if "draft_task" in kinds:
        return "draft"
    return "frame control" if "image_url" in kinds else "text"


plugin = byteplus.variant(
    "seedance-1-5-pro-251215",
    name="seedance-1.5-pro",
    page=PAGE,
    payload=Payload,
    fields={
        **FIELDS,
        "duration": To("duration", accepts=Annotated[int, Meta(ge=4, le=12)]),
        "aspect_ratio": To("ratio", accepts=Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"]),
        "resolution": To("resolution"),
        "audio": To("generate_audio"),
        "watermark": To("watermark"),
        "seed": To("seed"),
    },
    rules=(
        *by_type("text", "image_url", "draft_task", media=("image_url",)),
        *FRAME_RULES,
        not_together(
            DRAFT,
            any_of(has("content", "type", "text"), has("content", "type", "image_url")),
            name="a_draft_comes_alone",
        ),
        accepts(
            "resolution",
            ("480p",),
            when=all_of("draft", sent("resolution")),
            says="A draft is made in 480p.",
            name="drafts_are_480p",
        ),
        not_together("return_last_frame", "draft"),
        not_together(equals("service_tier", "flex"), "draft"),
        by_default("generate_audio", "the video has sound, at twice the price"),
        *REMARKS,
    ),
    cost=cost,
    facts=(
        *byteplus.facts,
        f"USD per million tokens on {READ}: 2.4 with sound, 1.2 silent; half of it in the flexible "
        "tier.",
    ),
    input_mode=input_mode,
    hooks=(cost_by_tokens(rate),),
)
