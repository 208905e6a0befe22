"""Kling v2.6 at ToAPIs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import PublicURL, Source, Text, To, TransportText, TransportURL, absent
from rushes.vocabulary import equals, needs

from rushes_toapis.gateway import PAGES, toapis
from rushes_toapis.images import IMAGE_FIELDS, IMAGE_RULES, RoleImage, input_mode

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


plugin = toapis.variant(
    "kling-v2-6",
    page=PAGE,
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
    rules=(
        needs(
            "audio",
            equals("mode", "pro"),
            says="Sound is available only in mode pro (1080p).",
            name="audio_needs_pro",
        ),
        *IMAGE_RULES,
    ),
    input_mode=input_mode,
)
