"""The settings under which a variant makes a video: requested, sent, or always so."""

from typing import Any

from rushes import Variant, capabilities, json_schema

from rushes_compare._promises.requested import RequestedFields
from rushes_compare.results import Settings


def always_delivered(declared: Variant) -> dict[str, Any]:
    """Return what a variant declares that it always delivers, by common field."""
    return {
        name: one.accepted[0]
        for name, one in capabilities(declared).items()
        if one.how == "always" and one.accepted
    }


def request_for(declared: Variant, request: dict[str, Any]) -> dict[str, Any]:
    """Return a row's request as a variant gets it: the seed is for those that have one."""
    if request.get("seed") is None or capabilities(declared)["seed"].how != "no":
        return request
    return {name: value for name, value in request.items() if name != "seed"}


def settings_of(request: dict[str, Any], payload: dict[str, Any], declared: Variant) -> Settings:
    """Return the settings of a request to a variant, its documented defaults included."""
    properties = json_schema(declared).get("properties", {})
    defaults = {name: one["default"] for name, one in properties.items() if "default" in one}
    found = RequestedFields(request, {**defaults, **payload}, always_delivered(declared))
    seed = payload.get("seed", request.get("seed"))
    fixed = isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0  # -1 is any
    return Settings(
        duration=found.duration,
        aspect_ratio=found.aspect_ratio,
        resolution=found.resolution,
        audio=found.audio,
        seed=seed if fixed else None,
    )
