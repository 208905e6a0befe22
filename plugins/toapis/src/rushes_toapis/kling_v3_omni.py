"""Kling v3 Omni at ToAPIs: images are cited in the prompt."""

import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    Draft,
    Finding,
    PublicURL,
    Request,
    Source,
    Text,
    To,
    TransportText,
    TransportURL,
    Variant,
    absent,
    hookimpl,
    rule,
)
from rushes.problems import show
from rushes.vocabulary import image_may_set_ratio

from rushes_toapis.gateway import PAGES, toapis

PAGE = Source("ToAPIs, Kling v3 Omni", f"{PAGES}/kling-v3-omni/generation")
IMAGE_TAG = re.compile(r"<<<image_(0|[1-9][0-9]*)>>>")
ANY_TAG = re.compile(r"<<<([^<>]*)>>>")
FIRST_TAG = "<<<image_1>>>"


class Anything(Struct):
    """The page documents no key of metadata; all are passed on."""


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/generations for kling-v3-omni."""

    model: Literal["kling-v3-omni"]
    prompt: Text
    mode: Literal["std", "pro"] = absent("std")
    duration: Literal[5, 10] = absent(5)
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    image_urls: list[PublicURL] = absent([])
    metadata: Annotated[dict[str, Any], Meta(extra={"known": Anything})] = absent({})
    client_business_id: TransportText = absent()
    callback_url: TransportURL = absent()


@rule(
    "<<<image_N>>> cites the N-th of image_urls, counted from 1; that image must be given.",
    fields=("prompt", "image_urls"),
)
def cited_images_exist(payload: Payload) -> bool | list[Finding]:
    """Compare each tag with the images."""
    numbers = IMAGE_TAG.findall(payload.prompt)
    if not numbers:
        return True
    count = len(payload.image_urls)
    tags = [f"<<<image_{n}>>>" for n in range(count, 0, -1)]
    there = f"accepted: {', '.join(tags[::-1])}" if tags else "no image is given"
    return [
        Finding(
            "prompt",
            f"<<<image_{number[:12]}>>> cites an image that is not given ({there})",
            tags or None,
        )
        for number in dict.fromkeys(numbers)
        if len(number) > 9 or not 1 <= int(number) <= count
    ]


@rule(
    "Text in <<<…>>> that is not an image tag is sent unchanged.",
    fields=("prompt",),
    notes=True,
)
def other_tags_pass(payload: Payload) -> bool | list[Finding]:
    """Point out a tag of another kind: it may be a mistake."""
    texts = ANY_TAG.findall(payload.prompt)
    if not texts:
        return True
    return [
        Finding("prompt", f"{show(f'<<<{text}>>>')} is not an image tag; it is sent unchanged")
        for text in dict.fromkeys(texts)
        if not IMAGE_TAG.fullmatch(f"<<<{text}>>>")
    ]


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Prepend the first image's tag to a prompt that cites no image, as the gateway would."""
    draft = Draft(variant, request)
    body = {**request.extra, **draft.body}
    prompt, images = body.get("prompt"), body.get("image_urls")
    if not isinstance(prompt, str) or not prompt.strip() or not isinstance(images, list):
        return draft
    if images and not IMAGE_TAG.search(prompt):
        message = f"{FIRST_TAG} is put in front, as the gateway does if no image is cited"
        draft.change("prompt", f"{FIRST_TAG} {prompt}", "tag_added", message)
    return draft


def input_mode(payload: Payload) -> str:
    """Return the input mode: images are references here."""
    return "reference" if payload.image_urls else "text"


plugin = toapis.variant(
    "kling-v3-omni",
    page=PAGE,
    payload=Payload,
    fields={
        "prompt": To("prompt"),
        "duration": To("duration"),
        "aspect_ratio": To("aspect_ratio"),
        "resolution": To("mode", values={"720p": "std", "1080p": "pro"}),
        "images.reference": To("image_urls[]"),
        "audio": Always(False),
    },
    rules=(
        cited_images_exist,
        other_tags_pass,
        image_may_set_ratio("aspect_ratio", "image_urls"),
    ),
    input_mode=input_mode,
    hooks=(build_payload,),
)
