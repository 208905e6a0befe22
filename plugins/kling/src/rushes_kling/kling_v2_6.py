"""Kling v2.6 in the older generation of Kling's API: 5 or 10 seconds, sound in pro."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import Source, Text, To, absent
from rushes.vocabulary import equals, needs, not_together, remark, required

from rushes_kling import legacy
from rushes_kling.legacy import FIELDS, IMAGE_PAGE, RULES, input_mode
from rushes_kling.shared import PAGES

CAPABILITIES = Source("Kling, Capability map", f"{PAGES}/guides/capability-map/video")
ON, PRO = equals("sound", "on"), equals("mode", "pro")


class Voice(Struct, kw_only=True, forbid_unknown_fields=True):
    """A voice of the account, or one of Kling's."""

    voice_id: Text


class Payload(legacy.Payload, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/text2video; with an image, of /v1/videos/image2video."""

    mode: Literal["std", "pro"] = absent("std")
    duration: Literal["5", "10"] = absent("5")
    voice_list: Annotated[list[Voice], Meta(max_length=2)] = absent([])


def cost(payload: Payload) -> float:
    """Estimate USD."""
    if payload.mode == "std":
        price = 0.042
    elif payload.sound == "off":
        price = 0.07
    else:
        price = 0.168 if payload.voice_list else 0.14
    return round(price * int(payload.duration), 4)


plugin = legacy.legacy.variant(
    "kling-v2-6",
    page=Source("Kling, Image to video", IMAGE_PAGE),
    payload=Payload,
    fields={
        **FIELDS,
        "duration": To("duration", values={5: "5", 10: "10"}),
        "resolution": To("mode", values={"720p": "std", "1080p": "pro"}),
    },
    rules=(
        required("prompt", unless="image", name="prompt_or_image"),
        *RULES,
        needs("image_tail", PRO, name="last_frame_needs_pro", source=CAPABILITIES),
        not_together("image_tail", ON, name="last_frame_is_silent", source=CAPABILITIES),
        needs(ON, PRO, name="sound_needs_pro", source=CAPABILITIES),
        needs("voice_list", "image", name="voices_need_an_image"),
        needs("voice_list", ON, name="voices_need_sound"),
        remark(
            "voice_list",
            "cite them in the prompt as <<<voice_1>>> and <<<voice_2>>>",
            when="voice_list",
            name="voices_are_cited_by_number",
        ),
    ),
    cost=cost,
    input_mode=input_mode,
    facts=(
        *legacy.legacy.facts,
        "USD per second in 2026-09: 0.042 std, 0.07 pro, 0.14 with sound, 0.168 with voices.",
    ),
)
