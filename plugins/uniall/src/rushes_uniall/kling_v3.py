"""Kling v3 at UniAll: four model ids, one for each quality with and without sound."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    PublicURL,
    Shots,
    Text,
    To,
    Variant,
    absent,
)

from rushes_uniall import rules
from rushes_uniall.gateway import uniall


class ShotPrompt(Struct, kw_only=True, forbid_unknown_fields=True):
    """One shot of several."""

    prompt: Text


class ExtraBody(Struct, kw_only=True):
    """The advanced controls that UniAll documents; other keys are passed on."""

    cfg_scale: Annotated[float, Meta(ge=0, le=1)] = absent(0.5)
    shot_type: Literal["customize", "intelligent"] = absent("customize")
    negative_prompt: str = absent("")
    multi_prompt: Annotated[list[ShotPrompt], Meta(max_length=6)] = absent([])
    element_list: list[Any] = absent([])


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/video/generations."""

    model: str
    prompt: str = absent("")
    image: PublicURL = absent("")
    last_image: PublicURL = absent("")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    duration: Annotated[int, Meta(ge=3, le=15)] = absent()
    extra_body: Annotated[dict[str, Any], Meta(extra={"known": ExtraBody})] = absent({})


def input_mode(payload: Payload) -> str:
    """Return the input mode: an image is the first frame here."""
    return "frame control" if payload.image else "text"


def _model(name: str, resolution: str, *, audio: bool) -> Variant:
    return uniall.variant(
        name,
        page=rules.PAGE,
        payload=Payload,
        fields={
            "prompt": To("prompt"),
            "negative_prompt": To("extra_body.negative_prompt"),
            "duration": To("duration"),
            "aspect_ratio": To("aspect_ratio"),
            "resolution": Always(resolution),
            "images.first_frame": To("image"),
            "images.last_frame": To("last_image"),
            "shots": Shots(path="extra_body.multi_prompt[]", duration=None),
            "audio": Always(audio),
            "guidance": To("extra_body.cfg_scale"),
        },
        rules=rules.RULES,
        input_mode=input_mode,
    )


std_silent = _model("kling-v3-std-silent", "720p", audio=False)
std_audio = _model("kling-v3-std-audio", "720p", audio=True)
pro_silent = _model("kling-v3-pro-silent", "1080p", audio=False)
pro_audio = _model("kling-v3-pro-audio", "1080p", audio=True)
