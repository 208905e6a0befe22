"""Kling v3 at UniAll: four model ids, one for each quality with and without sound."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    SPEC,
    Always,
    Built,
    Draft,
    Polling,
    PublicURL,
    Request,
    Text,
    To,
    Variant,
    absent,
    hookimpl,
)

from rushes_uniall import rules
from rushes_uniall.gateway import Gateway


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
    """The body of POST /v1/video/generations; each model fixes `model`."""

    model: str
    prompt: str = absent("")
    image: PublicURL = absent("")
    last_image: PublicURL = absent("")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    duration: Annotated[int, Meta(ge=3, le=15)] = absent()
    extra_body: Annotated[dict[str, Any], Meta(extra={"known": ExtraBody})] = absent({})


class StdSilent(Payload, kw_only=True, forbid_unknown_fields=True):
    """720p without sound."""

    model: Literal["kling-v3-std-silent"]


class StdAudio(Payload, kw_only=True, forbid_unknown_fields=True):
    """720p with sound."""

    model: Literal["kling-v3-std-audio"]


class ProSilent(Payload, kw_only=True, forbid_unknown_fields=True):
    """1080p without sound."""

    model: Literal["kling-v3-pro-silent"]


class ProAudio(Payload, kw_only=True, forbid_unknown_fields=True):
    """1080p with sound."""

    model: Literal["kling-v3-pro-audio"]


class KlingV3(Gateway):
    """The hooks of one of the four models."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        """Carry over shots; UniAll's shots have a prompt, but no duration of their own."""
        draft = Draft(variant, request)
        for index, shot in enumerate(draft.take("shots") or ()):
            draft.put("extra_body.multi_prompt[]", {"prompt": shot.prompt}, f"shots[{index}]")
            if shot.duration is not None:
                message = f"{variant.id} divides the time itself; leave a shot's duration out"
                draft.problem(f"shots[{index}].duration", "unsupported", message)
        return draft


def input_mode(payload: Payload) -> str:
    """Return the input mode: an image is the first frame here."""
    return "frame control" if payload.image else "text"


def _plugin(payload: type[Payload], quality: str, sound: str) -> KlingV3:
    return KlingV3(
        Variant(
            spec=SPEC,
            id=f"uniall/kling-v3-{quality}-{sound}",
            model=f"kling-v3-{quality}-{sound}",
            page=rules.PAGE,
            payload=payload,
            submit_path="/v1/video/generations",
            status_path="/v1/videos/{id}",
            fields={
                "prompt": To("prompt"),
                "negative_prompt": To("extra_body.negative_prompt"),
                "duration": To("duration"),
                "aspect_ratio": To("aspect_ratio"),
                "resolution": Always({"std": "720p", "pro": "1080p"}[quality]),
                "images.first_frame": To("image"),
                "images.last_frame": To("last_image"),
                "shots": Built("extra_body.multi_prompt[]"),
                "audio": Always(sound == "audio"),
                "guidance": To("extra_body.cfg_scale"),
            },
            rules=rules.RULES,
            input_mode=input_mode,
            polling=Polling(first=5, every=10, at_most=900),
        )
    )


std_silent = _plugin(StdSilent, "std", "silent")
std_audio = _plugin(StdAudio, "std", "audio")
pro_silent = _plugin(ProSilent, "pro", "silent")
pro_audio = _plugin(ProAudio, "pro", "audio")
