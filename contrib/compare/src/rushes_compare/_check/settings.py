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


def settings_of(request: dict[str, Any], payload: dict[str, Any], declared: Variant) -> Settings:
    """Return the settings of a request to a variant, its documented defaults included."""
    properties = json_schema(declared).get("properties", {})
    defaults = {name: one["default"] for name, one in properties.items() if "default" in one}
    found = RequestedFields(request, {**defaults, **payload}, always_delivered(declared))
    seed = payload.get("seed", request.get("seed"))
    return Settings(
        duration=found.duration,
        aspect_ratio=found.aspect_ratio,
        resolution=found.resolution,
        audio=found.audio,
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
    )
