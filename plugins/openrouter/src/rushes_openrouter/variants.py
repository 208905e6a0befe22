"""One variant for each model of the list, and those of the snapshot in this package."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rushes import Always, Finding, To, Variant, rule
from rushes.rules import Rule
from rushes.vocabulary import (
    any_of,
    at_most,
    by_default,
    each,
    equals,
    has,
    needs,
    not_together,
    remark,
    required,
)

from rushes_openrouter.listing import Listing, Model, snapshot
from rushes_openrouter.payloads import payload_for
from rushes_openrouter.prices import estimate
from rushes_openrouter.provider import PAGE, openrouter

REFERENCES: Mapping[str, tuple[str, ...]] = {
    "alibaba/wan-2.7": ("images.reference",),
    "bytedance/seedance-2.0": ("images.reference", "videos.reference", "sounds"),
    "bytedance/seedance-2.0-fast": ("images.reference", "videos.reference", "sounds"),
}
"""Which models use references, of which kinds: the list does not say it, only the guides do.

https://openrouter.ai/docs/cookbook/video-generation/reference-to-video
"""

KINDS = {"images.reference": "image_url", "videos.reference": "video_url", "sounds": "audio_url"}


def variant_for(model: Model, listed: str, *, whole: bool = False) -> Variant:
    """Declare one model of the list; `listed` is the day on which the list was taken.

    Ids of variants have no slash: the variant is named by the last part of the model's id, or by
    the `whole` id with a dash for the slash.
    """
    payload = payload_for(model)
    return openrouter.variant(
        model.id,
        name=_spelled(model.id) if whole else _last_part(model),
        page=PAGE,
        payload=payload,
        fields=_fields(model, payload.__struct_fields__),
        rules=tuple(_rules(model, payload.__struct_fields__)),
        cost=_cost(model),
        input_mode=input_mode,
        facts=(f"Values and prices are those that OpenRouter listed on {listed or 'that day'}.",),
    )


def variants(listing: Listing) -> list[Variant]:
    """Declare every model of a list, for a client: `Client(plugins=variants(read(content)))`.

    Models whose ids end alike are named by their whole ids.
    """
    ends = Counter(_last_part(model) for model in listing.data)
    return [
        variant_for(model, listing.listed, whole=ends[_last_part(model)] > 1)
        for model in listing.data
    ]


def named(name: str) -> Variant:
    """Declare a model of the snapshot by its id; raises LookupError if it is not there."""
    listing = snapshot()
    model = next((one for one in listing.data if one.id == name), None)
    if model is None:
        raise LookupError(f"the snapshot of {listing.listed} has no model {name!r}")
    return variant_for(model, listing.listed)


def _last_part(model: Model) -> str:
    return _spelled(model.id.rpartition("/")[2])


def _spelled(name: str) -> str:
    """Return a name as ids of variants may have it."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def input_mode(payload: Any) -> str:
    """Return the input mode; if there are frames, references are ignored."""
    if getattr(payload, "frame_images", None):
        return "frame control"
    return "reference" if payload.input_references else "text"


def _fields(model: Model, known: tuple[str, ...]) -> dict[str, To | Always]:
    """Return where each common field goes, as far as the model has a place for it."""
    places = {
        "prompt": To("prompt"),
        "duration": To("duration"),
        "aspect_ratio": To("aspect_ratio"),
        "resolution": _resolution(model),
        "audio": To("generate_audio"),
        "seed": To("seed"),
        "continues": To("previous_job_id"),
    }
    for role in model.supported_frame_images or ():
        places[f"images.{role}"] = To("frame_images[]", form=_frame(role))
    for field in REFERENCES.get(model.id, ()):
        places[field] = To("input_references[]", form=_reference(KINDS[field]))
    silent: dict[str, To | Always] = (
        {"audio": Always(False)} if model.generate_audio is False else {}
    )
    return silent | {
        name: place for name, place in places.items() if place.path.removesuffix("[]") in known
    }


def _resolution(model: Model) -> To:
    """Return the place of a resolution; the list writes 4K and 2K, we 4k and 2k."""
    words = {name.lower(): name for name in model.supported_resolutions or ()}
    return To("resolution", values=words)


def _frame(role: str) -> Callable[[str], dict[str, Any]]:
    return lambda url: {"type": "image_url", "image_url": {"url": url}, "frame_type": role}


def _reference(kind: str) -> Callable[[str], dict[str, Any]]:
    return lambda url: {"type": kind, kind: {"url": url}}


def _rules(model: Model, known: tuple[str, ...]) -> list[Rule]:
    """Return the rules about the fields that the model has."""
    rules = [_passed_on(model)]
    for kind in KINDS.values():
        of_kind = equals("type", kind)
        rules.append(each("input_references", required(kind, when=of_kind)))
        rules.append(each("input_references", needs(kind, of_kind)))
    shape = [name for name in ("resolution", "aspect_ratio") if name in known]
    if "size" in known and shape:
        rules.append(
            not_together(
                "size", any_of(*shape), says="A size stands for both.", name="a_size_is_both"
            )
        )
    if frames := model.supported_frame_images:
        kinds = (has("frame_images", "frame_type", role) for role in frames)
        rules.append(at_most(1, *kinds, name="one_of_each_frame"))
    if "generate_audio" in known:
        rules.append(by_default("generate_audio", "the video has sound"))
    rules += _about_references(model)
    rules.append(
        remark(
            "previous_job_id",
            "the list does not say whether this model continues a video",
            when="previous_job_id",
            name="it_may_not_continue",
        )
    )
    return rules


def _about_references(model: Model) -> list[Rule]:
    """Return a rule that notes when references do nothing, as far as that is known."""
    if model.id not in REFERENCES:
        message = "the list does not say whether this model uses references; others ignore them"
        name = "references_may_be_ignored"
        return [remark("input_references", message, when="input_references", name=name)]
    if not model.supported_frame_images:
        return []
    message, name = "references are ignored beside frames", "frames_come_before_references"
    return [remark("input_references", message, when="frame_images", name=name)]


def _passed_on(model: Model) -> Rule:
    """Return a rule that notes options which the list does not name."""
    allowed = model.allowed_passthrough_parameters

    @rule(
        "Options for the provider that makes the video are forwarded if the list names them.",
        fields=("provider",),
        notes=True,
    )
    def unlisted_options_are_dropped(payload: Any) -> list[Finding]:
        options = payload.provider.get("options") or {}
        return [
            Finding(f"provider.options.{slug}", f"{key} is dropped: {model.id} does not take it")
            for slug, given in options.items()
            for key in _parameters(given)
            if key not in allowed
        ]

    return unlisted_options_are_dropped


def _parameters(given: Any) -> Mapping[str, Any]:
    """Return the parameters among one provider's options."""
    inner = given.get("parameters") if isinstance(given, dict) else None
    return inner if isinstance(inner, dict) else {}


def _cost(model: Model) -> Callable[[Any], float | None]:
    """Return a function that estimates USD by the model's prices in the list."""

    def cost(payload: Any) -> float | None:
        """Estimate USD; None without a length, or if what is left out may change the price."""
        seconds = getattr(payload, "duration", None)
        if not seconds or any(part.type == "video_url" for part in payload.input_references):
            return None
        found = {
            estimate(
                model.pricing_skus or {},
                seconds=seconds,
                size=size,
                resolution=resolution,
                sound=getattr(payload, "generate_audio", False),
                mode=input_mode(payload),
            )
            for size, resolution in _outputs(model, payload)
        }
        return found.pop() if len(found) == 1 else None

    return cost


def _outputs(model: Model, payload: Any) -> list[tuple[str | None, str]]:
    """List the sizes and resolutions that the video may have, by what is asked for."""
    sizes = model.supported_sizes or []
    size, resolution = getattr(payload, "size", None), getattr(payload, "resolution", None)
    ratio = getattr(payload, "aspect_ratio", None)
    known = [(one, resolution_of(one)) for one in sizes]
    fitting = [
        (one, height)
        for one, height in known
        if one == (size or one)
        and height == (resolution or height)
        and ratio_of(one) == (ratio or ratio_of(one))
    ]
    rest = [resolution] if resolution else model.supported_resolutions or [""]
    return [*fitting] or [(None, one) for one in rest]


def resolution_of(size: str) -> str:
    """Return the resolution that a size has: that of its shorter side."""
    shorter = min(map(int, size.split("x")))
    return "4K" if shorter == 2160 else f"{shorter}p"


def ratio_of(size: str) -> str:
    """Return the documented ratio that is nearest to a size's."""
    width, height = map(int, size.split("x"))
    ratios = {name: tuple(map(int, name.split(":"))) for name in RATIOS}
    return min(ratios, key=lambda name: abs(ratios[name][0] / ratios[name][1] - width / height))


RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21")
"""The ratios that the page lists."""


kling_v3_0_pro = named("kwaivgi/kling-v3.0-pro")
kling_v3_0_std = named("kwaivgi/kling-v3.0-std")
seedance_2_0_fast = named("bytedance/seedance-2.0-fast")
veo_3_1 = named("google/veo-3.1")
veo_3_1_fast = named("google/veo-3.1-fast")
veo_3_1_lite = named("google/veo-3.1-lite")
