"""Kling v3 at fal, standard and pro: one model with two endpoints, for text and for an image."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    PublicURL,
    Shots,
    Source,
    Text,
    To,
    TransportURL,
    Variant,
    absent,
)

from rushes_fal.gateway import fal
from rushes_fal.rules import RULES, seconds

PAGES = "https://fal.ai/docs/model-api-reference/video-generation-api"
SECONDS = {number: str(number) for number in range(3, 16)}
Seconds = Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]


class ShotPrompt(Struct, kw_only=True, forbid_unknown_fields=True):
    """One shot of several; its length in seconds is a text."""

    prompt: Text
    duration: Seconds = absent("5")


class Element(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person or thing, by a frontal image and further ones, or by a video."""

    frontal_image_url: PublicURL = absent("")
    reference_image_urls: Annotated[list[PublicURL], Meta(max_length=3)] = absent([])
    video_url: PublicURL = absent("")


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The input of both endpoints, and the address to notify, which is a part of the endpoint's.

    fal ignores a field that an endpoint does not have.

    The limit of the prompt is in the model's schema (two sources), not on its page.
    """

    prompt: Annotated[str, Meta(max_length=2500)] = absent("")
    multi_prompt: list[ShotPrompt] = absent([])
    start_image_url: PublicURL = absent("")
    end_image_url: PublicURL = absent("")
    duration: Seconds = absent("5")
    generate_audio: bool = absent(True)
    elements: list[Element] = absent([])
    shot_type: Literal["customize", "intelligent"] = absent("customize")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    negative_prompt: str = absent("blur, distort, and low quality")
    cfg_scale: Annotated[float, Meta(ge=0, le=1)] = absent(0.5)
    fal_webhook: TransportURL = absent()


def text(number: float) -> str:
    """Write a length as a text."""
    return f"{number:g}"


def input_mode(payload: Any) -> str:
    """Return the input mode, which decides the endpoint."""
    return "frame control" if payload.start_image_url else "text"


def _model(tier: str, resolution: str, *, silent: float, sound: float) -> Variant:
    """Declare one of the two; `silent` and `sound` are USD per second.

    The endpoints have no resolution: the tiers are Kling's own modes, of 720p and 1080p.
    """
    endpoint = f"/fal-ai/kling-video/v3/{tier}"
    return fal.variant(
        f"kling-v3-{tier}",
        page=Source(f"fal, Kling Video V3 {tier.title()}", f"{PAGES}/kling-video-v3-{tier}"),
        payload=Payload,
        submit_path=f"{endpoint}/text-to-video",
        submit_paths={"frame control": f"{endpoint}/image-to-video"},
        fields={
            "prompt": To("prompt"),
            "negative_prompt": To("negative_prompt"),
            "duration": To("duration", values=SECONDS),
            "aspect_ratio": To("aspect_ratio"),
            "resolution": Always(resolution),
            "images.first_frame": To("start_image_url"),
            "images.last_frame": To("end_image_url"),
            "shots": Shots(path="multi_prompt[]", form=text, fill_in=True),
            "audio": To("generate_audio"),
            "guidance": To("cfg_scale"),
        },
        rules=RULES,
        cost=lambda payload: round(
            (sound if payload.generate_audio else silent) * seconds(payload), 4
        ),
        input_mode=input_mode,
        facts=(
            *fal.facts,
            f"USD per second on 2026-11-21: {silent} silent, {sound} with sound.",
        ),
    )


standard = _model("standard", "720p", silent=0.084, sound=0.126)
pro = _model("pro", "1080p", silent=0.112, sound=0.168)
