"""Kling v3 in the older generation of Kling's API: up to 4k, several shots, elements."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    Shots,
    Source,
    Text,
    To,
    absent,
)
from rushes.vocabulary import (
    adds_up,
    all_of,
    counts_from_one,
    equals,
    needs,
    not_together,
    remark,
    required,
)

from rushes_kling import legacy
from rushes_kling.legacy import FIELDS, IMAGE_PAGE, RULES, input_mode

SECONDS = {number: str(number) for number in range(3, 16)}
CUSTOMIZE = all_of("multi_shot", equals("shot_type", "customize"))
INTELLIGENCE = all_of("multi_shot", equals("shot_type", "intelligence"))
PRICES = {"std": (0.084, 0.126), "pro": (0.112, 0.168), "4k": (0.42, 0.42)}
"""USD per second by mode, without and with sound."""


class ShotPrompt(Struct, kw_only=True, forbid_unknown_fields=True):
    """One shot of several: its number from 1, its prompt, its length in seconds, as a text."""

    index: Annotated[int, Meta(ge=1)]
    prompt: Annotated[Text, Meta(max_length=512)]
    duration: Literal[
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"
    ]


class Element(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person or thing that the account has as an element."""

    element_id: int


class Payload(legacy.Payload, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos/text2video; with an image, of /v1/videos/image2video."""

    mode: Literal["std", "pro", "4k"] = absent("std")
    duration: Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"] = (
        absent("5")
    )
    cfg_scale: Annotated[float, Meta(ge=0, le=1)] = absent(0.5)
    multi_shot: bool = absent(False)
    shot_type: Literal["customize", "intelligence"] = absent("")
    multi_prompt: Annotated[list[ShotPrompt], Meta(max_length=6)] = absent([])
    element_list: Annotated[list[Element], Meta(max_length=3)] = absent([])


def text(number: float) -> str:
    """Write a length as a text."""
    return f"{number:g}"


def cost(payload: Any) -> float:
    """Estimate USD."""
    silent, sound = PRICES[payload.mode]
    return round((sound if payload.sound == "on" else silent) * int(payload.duration), 4)


plugin = legacy.legacy.variant(
    "kling-v3",
    page=Source("Kling, Image to video", IMAGE_PAGE),
    payload=Payload,
    fields={
        **FIELDS,
        "duration": To("duration", values=SECONDS),
        "resolution": To("mode", values={"720p": "std", "1080p": "pro", "4k": "4k"}),
        "shots": Shots(
            path="multi_prompt[]",
            number="index",
            form=text,
            also={"multi_shot": True, "shot_type": "customize"},
            fill_in=True,
        ),
        "guidance": To("cfg_scale"),
    },
    rules=(
        required(
            "prompt",
            unless=CUSTOMIZE,
            says="A prompt is required unless there are shots.",
            name="prompt_or_shots",
        ),
        *RULES,
        required("shot_type", when="multi_shot", name="multi_shot_needs_type"),
        needs(
            ("shot_type", "multi_prompt"),
            "multi_shot",
            says="Without {multi_shot}, Kling ignores both.",
            name="shots_need_multi_shot",
        ),
        required("multi_prompt", when=CUSTOMIZE, name="customize_needs_shots"),
        not_together(
            CUSTOMIZE,
            "prompt",
            says="The prompt is ignored if there are shots.",
            name="shots_or_prompt",
        ),
        remark(
            "multi_prompt",
            "with {shot_type} intelligence Kling makes the shots itself; no page says what becomes "
            "of these",
            when=all_of("multi_prompt", INTELLIGENCE),
            name="intelligence_makes_the_shots",
        ),
        not_together("image_tail", "multi_shot", name="shots_take_no_last_frame"),
        counts_from_one("multi_prompt[].index", name="indexes_count_from_one"),
        adds_up("multi_prompt[].duration", to="duration", name="shots_fill_the_duration"),
        needs("element_list", "image", name="elements_need_an_image"),
        remark(
            "element_list",
            "cite them in the prompt as <<<element_1>>>, <<<element_2>>> and so on",
            when="element_list",
            name="elements_are_cited_by_number",
        ),
    ),
    cost=cost,
    input_mode=input_mode,
    facts=(
        *legacy.legacy.facts,
        "USD per second in 2026-09, silent and with sound: 0.084 and 0.126 std, 0.112 and 0.168 "
        "pro, 0.42 in 4k.",
    ),
)
