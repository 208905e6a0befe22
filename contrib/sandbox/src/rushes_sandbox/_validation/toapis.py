"""ToAPIs: three models on one path."""

import re
from collections.abc import Mapping
from typing import Any

from rushes_sandbox._validation.checks import (
    anything,
    aspect_ratio,
    boolean,
    http_url,
    integer_of,
    list_of,
    non_blank,
    object_of,
    one_of,
    public_url,
    text,
)
from rushes_sandbox._validation.validation import Check, Validation

#: How the omni model's prompt cites its images; only ASCII digits count, without leading zeros.
CITATION = re.compile(r"<<<image_(0|[1-9][0-9]*)>>>")

_COMMON: dict[str, Check] = {
    "model": anything,
    "prompt": non_blank,
    "mode": one_of("std", "pro"),
    "aspect_ratio": aspect_ratio,
    "client_business_id": non_blank,
    "callback_url": http_url,
}
_ROLE = object_of(
    {"url": public_url, "role": one_of("first_frame", "last_frame", "reference_image")},
    "url",
    "role",
)
_FRAMES: dict[str, Check] = {
    **_COMMON,
    "reference_images": list_of(public_url),
    "image_with_roles": list_of(_ROLE),
    "audio": boolean,
}
_METADATA = object_of({"negative_prompt": text(), "watermark": boolean}, open_to_others=True)
_KLING_V3: dict[str, Check] = {
    **_FRAMES,
    "duration": integer_of(5, 10, 15),
    "metadata": _METADATA,
}
_KLING_V2_6: dict[str, Check] = {
    **_FRAMES,
    "prompt": text(longest=2500, may_be_blank=False),
    "duration": integer_of(5, 10),
    "negative_prompt": text(),
    "watermark": boolean,
}
_OMNI: dict[str, Check] = {
    **_COMMON,
    "duration": integer_of(5, 10),
    "image_urls": list_of(public_url),
    "metadata": object_of({}, open_to_others=True),
}


def kling_v3(body: Mapping[str, Any], validation: Validation) -> None:
    """Validate a body for kling-v3."""
    validation.check_fields(body, "", _KLING_V3, required=("prompt",))
    _frames(body, validation)
    images = bool(body.get("reference_images")) or bool(body.get("image_with_roles"))
    if validation.valid("duration") and body.get("duration") == 15 and images:
        validation.add("duration", "15 seconds are for text only; with images at most 10")


def kling_v2_6(body: Mapping[str, Any], validation: Validation) -> None:
    """Validate a body for kling-v2-6."""
    validation.check_fields(body, "", _KLING_V2_6, required=("prompt",))
    _frames(body, validation)
    if (
        validation.valid("audio", "mode")
        and body.get("audio") is True
        and body.get("mode") != "pro"
    ):
        validation.add("audio", "is available only in mode pro")


def kling_v3_omni(body: Mapping[str, Any], validation: Validation) -> None:
    """Validate a body for kling-v3-omni."""
    validation.check_fields(body, "", _OMNI, required=("prompt",))
    if not validation.valid("prompt", "image_urls"):
        return
    images = len(body.get("image_urls", []))
    for cited in CITATION.finditer(body["prompt"]):
        # Only short numbers are parsed: there may be megabytes of digits.
        if len(cited[1]) > 6 or not 1 <= int(cited[1]) <= images:
            shown = cited[0] if len(cited[0]) <= 40 else "<<<image_…>>>"
            validation.add("prompt", f"cites {shown}, but image_urls has {images} images")
            return


def prompt_with_citation(body: Mapping[str, Any]) -> str:
    """Return the omni model's prompt; if it cites no image, the first one is cited in front."""
    prompt = str(body["prompt"])
    if body.get("image_urls") and not CITATION.search(prompt):
        return f"<<<image_1>>> {prompt}"
    return prompt


def _frames(body: Mapping[str, Any], validation: Validation) -> None:
    if not validation.valid("image_with_roles"):
        return
    roles = [item["role"] for item in body.get("image_with_roles", [])]
    for role in ("first_frame", "last_frame"):
        if roles.count(role) > 1:
            validation.add("image_with_roles", f"has more than one {role}")
    if "last_frame" in roles and "first_frame" not in roles:
        validation.add("image_with_roles", "has a last_frame without a first_frame")
