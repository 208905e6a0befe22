"""Kling v3 at ToAPIs."""

from typing import Annotated, Any, Literal

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

PAGE = Source("ToAPIs, Kling v3 Video Generation", f"{PAGES}/kling-v3/generation")


class Metadata(Struct):
    """The extended parameters that the page shows; others are passed on."""

    negative_prompt: str = absent("")
    watermark: bool = absent(False)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/generations for kling-v3."""

    model: Literal["kling-v3"]
    prompt: Text
    mode: Literal["std", "pro"] = absent("std")
    duration: Literal[5, 10, 15] = absent(5)
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    reference_images: list[PublicURL] = absent([])
    image_with_roles: list[RoleImage] = absent([])
    audio: bool = absent(False)
    metadata: Annotated[dict[str, Any], Meta(extra={"known": Metadata})] = absent({})
    client_business_id: TransportText = absent()
    callback_url: TransportURL = absent()


@rule(
    "15 seconds are for text-to-video only; with input images 5 and 10 are accepted.",
    fields=("duration", "reference_images", "image_with_roles"),
    source=PAGE,
    schema={
        "if": {"properties": {"duration": {"const": 15}}, "required": ["duration"]},
        "then": {
            "properties": {
                "reference_images": {"maxItems": 0},
                "image_with_roles": {"maxItems": 0},
            }
        },
    },
)
def fifteen_seconds_without_images(payload: Payload) -> bool | list[Problem]:
    """Limit image-to-video to 10 seconds."""
    if payload.duration != 15 or not (payload.reference_images or payload.image_with_roles):
        return True
    return [
        Problem(
            path="duration",
            code="fifteen_seconds_without_images",
            message=(
                "15 is not accepted with input images (nearest: 10; accepted: 5, 10); "
                "15 seconds are for text-to-video only"
            ),
            accepted=[10, 5],
        )
    ]


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
        "kling-v3",
        PAGE,
        payload=Payload,
        fields={
            "prompt": To("prompt"),
            "negative_prompt": To("metadata.negative_prompt"),
            "duration": To("duration"),
            "aspect_ratio": To("aspect_ratio"),
            "resolution": To("mode", values={"720p": "std", "1080p": "pro"}),
            **IMAGE_FIELDS,
            "audio": To("audio"),
            "watermark": To("metadata.watermark"),
        },
        rules=(fifteen_seconds_without_images, one_of_each_frame, last_frame_needs_first),
        input_mode=input_mode,
    )
)
