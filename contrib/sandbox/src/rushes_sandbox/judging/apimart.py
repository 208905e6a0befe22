"""APIMart: kling-v3, with shots and subjects."""

from collections.abc import Mapping
from typing import Any

from rushes_sandbox.judging.checks import (
    anything,
    aspect_ratio,
    blank,
    boolean,
    integer,
    list_of,
    object_of,
    one_of,
    public_address,
    text,
    web_address,
    words,
)
from rushes_sandbox.judging.inspection import Check, Inspection

#: What an absent duration means, in seconds.
DURATION = 5

_SHOT = object_of(
    {
        "index": integer(1),
        "prompt": text(longest=512, may_be_blank=False),
        "duration": integer(1),
    },
    "index",
    "prompt",
    "duration",
)
_SUBJECT = object_of(
    {
        "name": words,
        "description": words,
        "element_input_urls": list_of(public_address, least=2, most=4),
    },
    "name",
    "description",
    "element_input_urls",
)
_FIELDS: dict[str, Check] = {
    "model": anything,
    "prompt": text(),
    "mode": one_of("std", "pro", "4k"),
    "duration": integer(3, 15),
    "aspect_ratio": aspect_ratio,
    "negative_prompt": text(),
    "image_urls": list_of(public_address, most=2),
    "watermark": boolean,
    "audio": boolean,
    "multi_shot": boolean,
    "shot_type": one_of("customize", "intelligence"),
    "multi_prompt": list_of(_SHOT, most=6),
    "element_list": list_of(_SUBJECT, most=3),
    "webhook": web_address,
}


def kling_v3(body: Mapping[str, Any], inspection: Inspection) -> None:
    """Judge a body for kling-v3."""
    inspection.fields(body, "", _FIELDS)
    if not inspection.sound("multi_shot"):
        return
    if body.get("multi_shot", False):
        _several_shots(body, inspection)
    else:
        _one_shot(body, inspection)


def _needs_prompt(body: Mapping[str, Any], inspection: Inspection, why: str) -> None:
    if inspection.sound("prompt") and blank(body.get("prompt", "")):
        inspection.refuse("prompt", f"is required and must not be blank{why}")


def _one_shot(body: Mapping[str, Any], inspection: Inspection) -> None:
    _needs_prompt(body, inspection, "")
    if "shot_type" in body and inspection.sound("shot_type"):
        inspection.refuse("shot_type", "needs multi_shot to be true")
    if body.get("multi_prompt") and inspection.sound("multi_prompt"):
        inspection.refuse("multi_prompt", "needs multi_shot to be true")


def _several_shots(body: Mapping[str, Any], inspection: Inspection) -> None:
    kind = body.get("shot_type")
    if "shot_type" not in body:
        inspection.refuse("shot_type", "is required when multi_shot is true")
    if not inspection.sound("shot_type"):
        return
    if kind == "intelligence":
        _needs_prompt(body, inspection, " with shot_type intelligence")
        if body.get("multi_prompt"):
            inspection.refuse("multi_prompt", "is not taken with shot_type intelligence")
    elif inspection.sound("multi_prompt"):
        _customized(body, inspection)


def _customized(body: Mapping[str, Any], inspection: Inspection) -> None:
    shots = body.get("multi_prompt", [])
    if not shots:
        inspection.refuse("multi_prompt", "is required with shot_type customize: 1 to 6 shots")
        return
    if [shot["index"] for shot in shots] != list(range(1, len(shots) + 1)):
        inspection.refuse("multi_prompt", "must have the indexes 1, 2, 3 and so on, in order")
    total = sum(shot["duration"] for shot in shots)
    duration = body.get("duration", DURATION)
    if inspection.sound("duration") and total != duration:
        inspection.refuse(
            "multi_prompt", f"has shots of {total} seconds in all, but duration is {duration}"
        )
