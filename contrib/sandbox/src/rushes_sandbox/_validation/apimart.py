"""APIMart: kling-v3, with shots and subjects."""

from collections.abc import Mapping
from typing import Any

from rushes_sandbox._validation.checks import (
    anything,
    aspect_ratio,
    blank,
    boolean,
    http_url,
    integer,
    list_of,
    non_blank,
    object_of,
    one_of,
    public_url,
    text,
)
from rushes_sandbox._validation.validation import Check, Validation

#: The duration without the field, in seconds.
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
        "name": non_blank,
        "description": non_blank,
        "element_input_urls": list_of(public_url, least=2, most=4),
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
    "image_urls": list_of(public_url, most=2),
    "watermark": boolean,
    "audio": boolean,
    "multi_shot": boolean,
    "shot_type": one_of("customize", "intelligence"),
    "multi_prompt": list_of(_SHOT, most=6),
    "element_list": list_of(_SUBJECT, most=3),
    "webhook": http_url,
}


def kling_v3(body: Mapping[str, Any], validation: Validation) -> None:
    """Validate a body for kling-v3."""
    validation.check_fields(body, "", _FIELDS)
    if not validation.valid("multi_shot"):
        return
    if body.get("multi_shot", False):
        _multiple_shots(body, validation)
    else:
        _one_shot(body, validation)


def _needs_prompt(body: Mapping[str, Any], validation: Validation, why: str) -> None:
    if validation.valid("prompt") and blank(body.get("prompt", "")):
        validation.add("prompt", f"is required and must not be blank{why}")


def _one_shot(body: Mapping[str, Any], validation: Validation) -> None:
    _needs_prompt(body, validation, "")
    if "shot_type" in body and validation.valid("shot_type"):
        validation.add("shot_type", "needs multi_shot to be true")
    if body.get("multi_prompt") and validation.valid("multi_prompt"):
        validation.add("multi_prompt", "needs multi_shot to be true")


def _multiple_shots(body: Mapping[str, Any], validation: Validation) -> None:
    kind = body.get("shot_type")
    if "shot_type" not in body:
        validation.add("shot_type", "is required when multi_shot is true")
    if not validation.valid("shot_type"):
        return
    if kind == "intelligence":
        _needs_prompt(body, validation, " with shot_type intelligence")
        if body.get("multi_prompt"):
            validation.add("multi_prompt", "is not accepted with shot_type intelligence")
    elif validation.valid("multi_prompt"):
        _custom_shots(body, validation)


def _custom_shots(body: Mapping[str, Any], validation: Validation) -> None:
    shots = body.get("multi_prompt", [])
    if not shots:
        validation.add("multi_prompt", "is required with shot_type customize: 1 to 6 shots")
        return
    if [shot["index"] for shot in shots] != list(range(1, len(shots) + 1)):
        validation.add("multi_prompt", "must have the indexes 1, 2, 3 and so on, in order")
    total = sum(shot["duration"] for shot in shots)
    duration = body.get("duration", DURATION)
    if validation.valid("duration") and total != duration:
        validation.add(
            "multi_prompt", f"has shots of {total} seconds in all, but duration is {duration}"
        )
