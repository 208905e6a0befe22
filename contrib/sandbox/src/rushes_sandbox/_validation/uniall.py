"""UniAll: four models that differ in size and sound only, and one open object."""

from collections.abc import Mapping
from typing import Any

from rushes_sandbox._validation.checks import (
    a_list,
    anything,
    aspect_ratio,
    blank,
    integer,
    list_of,
    non_blank,
    number,
    object_of,
    one_of,
    public_url,
    text,
)
from rushes_sandbox._validation.validation import Check, Validation

_EXTRA: dict[str, Check] = {
    "cfg_scale": number(0, 1),
    "shot_type": one_of("customize", "intelligent"),
    "negative_prompt": text(),
    "multi_prompt": list_of(object_of({"prompt": non_blank}, "prompt"), most=6),
    "element_list": a_list,
}
_FIELDS: dict[str, Check] = {
    "model": anything,
    "prompt": text(),
    "image": public_url,
    "last_image": public_url,
    "aspect_ratio": aspect_ratio,
    "duration": integer(3, 15),
    "extra_body": object_of(_EXTRA, open_to_others=True),
}


def kling_v3(body: Mapping[str, Any], validation: Validation) -> None:
    """Validate a body for any of the four models."""
    validation.check_fields(body, "", _FIELDS)
    if "last_image" in body and "image" not in body:
        validation.add("last_image", "needs image, the first frame")
    if not validation.valid("prompt", "extra_body"):
        return
    shots = body.get("extra_body", {}).get("multi_prompt")
    has_prompt = not blank(body.get("prompt", ""))
    if not shots:
        if not has_prompt:
            validation.add("prompt", "is required unless extra_body.multi_prompt is given")
        return
    if has_prompt:
        validation.add("prompt", "and extra_body.multi_prompt cannot be combined")
    if "image" not in body:
        validation.add("extra_body.multi_prompt", "needs image")
