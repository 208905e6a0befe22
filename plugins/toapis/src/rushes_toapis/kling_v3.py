"""Kling v3 at ToAPIs."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import PublicURL, Source, Text, To, TransportText, TransportURL, absent
from rushes.vocabulary import accepts, given

from rushes_toapis.gateway import PAGES, toapis
from rushes_toapis.images import IMAGE_FIELDS, IMAGE_RULES, RoleImage, input_mode

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


plugin = toapis.variant(
    "kling-v3",
    page=PAGE,
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
    rules=(
        accepts(
            "duration",
            (5, 10),
            when=given("reference_images", "image_with_roles"),
            says="15 seconds are for text-to-video only; with input images 5 and 10 are accepted.",
            name="fifteen_seconds_without_images",
        ),
        *IMAGE_RULES,
    ),
    input_mode=input_mode,
)
