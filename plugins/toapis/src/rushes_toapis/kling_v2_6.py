"""Kling v2.6 at ToAPIs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import Problem, PublicURL, Source, Text, To, TransportText, TransportURL, absent, rule

from rushes_toapis.gateway import PAGES, Gateway, declare
from rushes_toapis.images import (
    IMAGE_FIELDS,
    LAST_FRAME_NEEDS_FIRST,
    ONE_OF_EACH_FRAME,
    RoleImage,
    input_mode,
    lone_last_frame,
    repeated_frames,
)

PAGE = Source("ToAPIs, Kling v2.6 Video Generation", f"{PAGES}/kling-v2-6/generation")


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/generations for kling-v2-6."""

    model: Literal["kling-v2-6"]
    prompt: Annotated[Text, Meta(max_length=2500)]
    mode: Literal["std", "pro"] = absent("std")
    duration: Literal[5, 10] = absent(5)
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    reference_images: list[PublicURL] = absent([])
    image_with_roles: list[RoleImage] = absent([])
    negative_prompt: str = absent("")
    audio: bool = absent(False)
    watermark: bool = absent(False)
    client_business_id: TransportText = absent()
    callback_url: TransportURL = absent()


@rule(
    "Sound is available only in mode pro (1080p).",
    fields=("audio", "mode"),
    source=PAGE,
    schema={
        "if": {"properties": {"audio": {"const": True}}, "required": ["audio"]},
        "then": {"properties": {"mode": {"const": "pro"}}, "required": ["mode"]},
    },
)
def audio_needs_pro(payload: Payload) -> bool:
    """Accept sound only in the mode that supports it."""
    return not payload.audio or payload.mode == "pro"


@rule(
    "At most one first_frame and one last_frame.",
    fields=("image_with_roles",),
    source=PAGE,
    schema=ONE_OF_EACH_FRAME,
)
def one_of_each_frame(payload: Payload) -> bool | list[Problem]:
    """Refuse a second frame with the same role."""
    if not payload.image_with_roles:
        return True
    return repeated_frames(payload)


@rule(
    "A last_frame needs a first_frame.",
    fields=("image_with_roles",),
    source=PAGE,
    schema=LAST_FRAME_NEEDS_FIRST,
)
def last_frame_needs_first(payload: Payload) -> bool | list[Problem]:
    """Refuse a last frame without a first."""
    if not payload.image_with_roles:
        return True
    return lone_last_frame(payload)


plugin = Gateway(
    declare(
        "kling-v2-6",
        PAGE,
        payload=Payload,
        fields={
            "prompt": To("prompt"),
            "negative_prompt": To("negative_prompt"),
            "duration": To("duration"),
            "aspect_ratio": To("aspect_ratio"),
            "resolution": To("mode", values={"720p": "std", "1080p": "pro"}),
            **IMAGE_FIELDS,
            "audio": To("audio"),
            "watermark": To("watermark"),
        },
        rules=(audio_needs_pro, one_of_each_frame, last_frame_needs_first),
        input_mode=input_mode,
    )
)
