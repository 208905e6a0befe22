"""Kling v3 at APIMart: up to 4k, several shots, subjects."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import (
    Built,
    Draft,
    PublicURL,
    Request,
    Shots,
    Subject,
    Text,
    To,
    TransportURL,
    Variant,
    absent,
    hookimpl,
)

from rushes_apimart import rules
from rushes_apimart.gateway import PAGE, apimart

MAX_SHOTS = 6
MIN_SECONDS, MAX_SECONDS = 3, 15

# USD per second by mode and sound, as APIMart's descriptions of its endpoint gave them on
# 2026-10-12 (https://github.com/apimartt9/kling-v3-api-ja), except that of 4k; others are unknown.
PRICES = {
    ("std", False): 0.0672,
    ("pro", False): 0.0896,
    ("pro", True): 0.112,
    ("4k", False): 0.429,
}


class ShotPrompt(Struct, kw_only=True, forbid_unknown_fields=True):
    """One shot: its number from 1, its prompt, its length in seconds."""

    index: Annotated[int, Meta(ge=1)]
    prompt: Annotated[Text, Meta(max_length=512)]
    duration: Annotated[int, Meta(ge=1)]


class Element(Struct, kw_only=True, forbid_unknown_fields=True):
    """One subject, cited in prompts as @name; its first image is the frontal one."""

    name: Text
    description: Text
    element_input_urls: Annotated[list[PublicURL], Meta(min_length=2, max_length=4)]


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/generations."""

    model: Literal["kling-v3"]
    prompt: str = absent("")
    mode: Literal["std", "pro", "4k"] = absent("std")
    duration: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = absent(5)
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    negative_prompt: str = absent("")
    image_urls: Annotated[list[PublicURL], Meta(max_length=2)] = absent([])
    watermark: bool = absent(False)
    audio: bool = absent(False)
    multi_shot: bool = absent(False)
    shot_type: Literal["customize", "intelligence"] = absent("")
    multi_prompt: Annotated[list[ShotPrompt], Meta(max_length=MAX_SHOTS)] = absent([])
    element_list: Annotated[list[Element], Meta(max_length=3)] = absent([])
    webhook: TransportURL = absent()


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Carry over subjects; the frames follow in the order the gateway reads them."""
    draft = Draft(variant, request)
    roles = draft.roles()
    if "last_frame" in roles and "first_frame" not in roles:
        path = f"images[{roles.index('last_frame')}].role"
        message = "last_frame is given without a first_frame; give both, or the first alone"
        draft.problem(path, "last_frame_needs_first", message)
    if subjects := draft.take("subjects"):
        _subjects(draft, subjects)
    return draft


def _subjects(draft: Draft, subjects: Sequence[Subject]) -> None:
    for index, subject in enumerate(subjects):
        origin = f"subjects[{index}]"
        element = {"name": subject.name}
        if subject.description is not None:
            element["description"] = subject.description
        urls = [
            draft.address(url, f"{origin}.images[{place}]")
            for place, url in enumerate(subject.images)
        ]
        draft.put("element_list[]", {**element, "element_input_urls": urls}, origin)
        draft.origins[f"element_list[{index}].element_input_urls"] = f"{origin}.images"


def input_mode(payload: Payload) -> str:
    """Return the input mode: on the page it depends on image_urls alone."""
    return "frame control" if payload.image_urls else "text"


def cost(payload: Payload) -> float | None:
    """Estimate USD for the combinations of mode and sound with a known price."""
    price = PRICES.get((payload.mode, payload.audio))
    return None if price is None else round(price * payload.duration, 4)


plugin = apimart.variant(
    "kling-v3",
    page=PAGE,
    payload=Payload,
    fields={
        "prompt": To("prompt"),
        "negative_prompt": To("negative_prompt"),
        "duration": To("duration"),
        "aspect_ratio": To("aspect_ratio"),
        "resolution": To("mode", values={"720p": "std", "1080p": "pro", "4k": "4k"}),
        "images.first_frame": To("image_urls[]"),
        "images.last_frame": To("image_urls[]"),
        "shots": Shots(
            path="multi_prompt[]",
            number="index",
            also={"multi_shot": True, "shot_type": "customize"},
            fill_in=True,
        ),
        "subjects": Built("element_list[]"),
        "audio": To("audio"),
        "watermark": To("watermark"),
    },
    rules=rules.RULES,
    cost=cost,
    facts=(
        *apimart.facts,
        "USD per second on 2026-10-12: 0.0672 std, 0.0896 pro, 0.112 pro with sound; that of 4k, "
        "0.429, was seen in 2026.",
    ),
    input_mode=input_mode,
    hooks=(build_payload,),
)
