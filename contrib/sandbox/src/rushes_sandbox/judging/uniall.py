"""UniAll: four models that differ in size and sound only, and one open object."""

from collections.abc import Mapping
from typing import Any

from rushes_sandbox.judging.checks import (
    a_list,
    anything,
    aspect_ratio,
    blank,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    public_address,
    text,
    words,
)
from rushes_sandbox.judging.inspection import Check, Inspection

#: What an absent duration means, in seconds.
DURATION = 5

_EXTRA: dict[str, Check] = {
    "cfg_scale": number(0, 1),
    "shot_type": one_of("customize", "intelligent"),
    "negative_prompt": text(),
    "multi_prompt": list_of(object_of({"prompt": words}, "prompt"), most=6),
    "element_list": a_list,
}
_FIELDS: dict[str, Check] = {
    "model": anything,
    "prompt": text(),
    "image": public_address,
    "last_image": public_address,
    "aspect_ratio": aspect_ratio,
    "duration": integer(3, 15),
    "extra_body": object_of(_EXTRA, open_to_others=True),
}


def kling_v3(body: Mapping[str, Any], inspection: Inspection) -> None:
    """Judge a body for any of the four models."""
    inspection.fields(body, "", _FIELDS)
    if "last_image" in body and "image" not in body:
        inspection.refuse("last_image", "needs image, the first frame")
    if not inspection.sound("prompt", "extra_body"):
        return
    shots = body.get("extra_body", {}).get("multi_prompt")
    words_given = not blank(body.get("prompt", ""))
    if not shots:
        if not words_given:
            inspection.refuse("prompt", "is required unless extra_body.multi_prompt is given")
        return
    if words_given:
        inspection.refuse("prompt", "and extra_body.multi_prompt exclude each other")
    if "image" not in body:
        inspection.refuse("extra_body.multi_prompt", "needs image")
