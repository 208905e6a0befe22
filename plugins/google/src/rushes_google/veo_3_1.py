"""Veo 3.1, fast and lite: 4, 6 or 8 seconds, always with sound.

Google ended the three preview models on 2026-10-22 (its page of deprecations, as two others quote
it; its own client for Python no longer makes videos over the Gemini API since version 3).
"""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import Always, Text, To, Variant, absent
from rushes.rules import Rule
from rushes.vocabulary import accepts, any_of, equals, given, needs, not_together, required

from rushes_google.gateway import PAGE, google

END = datetime.date(2026, 10, 22)
PRICES = {
    "veo-3.1-generate-preview": {"720p": 0.40, "1080p": 0.40, "4k": 0.60},
    "veo-3.1-fast-generate-preview": {"720p": 0.10, "1080p": 0.12, "4k": 0.30},
    "veo-3.1-lite-generate-preview": {"720p": 0.05, "1080p": 0.08},
}
"""USD per second by model and resolution, with sound."""


class InlineImage(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An image within the body; http addresses are not accepted."""

    bytes_base64_encoded: Text
    mime_type: Text


class Reference(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An image of what the video shows."""

    image: InlineImage
    reference_type: Literal["asset"]


class Instance(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the video is of. The page limits a prompt to 1,024 tokens, which nobody here counts."""

    prompt: str = absent("")
    image: InlineImage = absent()
    last_frame: InlineImage = absent()


class WithReferences(Instance, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The same with reference images."""

    reference_images: Annotated[list[Reference], Meta(max_length=3)] = absent([])


class Settings(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How the video is made. The length is a number, though the page's examples write text."""

    aspect_ratio: Literal["16:9", "9:16"] = absent("16:9")
    duration_seconds: Literal[4, 6, 8] = absent(8)
    negative_prompt: str = absent("")
    person_generation: Literal["allow_all", "allow_adult"] = absent("")
    seed: Annotated[int, Meta(ge=0, le=4294967295)] = absent()
    sample_count: Literal[1] = absent(1)


class UpToHD(Settings, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The settings of the lite model."""

    resolution: Literal["720p", "1080p"] = absent("720p")


class UpTo4K(Settings, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The settings of the other two."""

    resolution: Literal["720p", "1080p", "4k"] = absent("720p")


class Lite(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1beta/models/{model}:predictLongRunning for the lite model."""

    instances: Annotated[list[Instance], Meta(max_length=1)]
    parameters: UpToHD = absent(UpToHD())


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1beta/models/{model}:predictLongRunning."""

    instances: Annotated[list[WithReferences], Meta(max_length=1)]
    parameters: UpTo4K = absent(UpTo4K())


def as_asset(image: Any) -> dict[str, Any]:
    """Make a `Reference` from an image."""
    return {"image": image, "referenceType": "asset"}


def input_mode(payload: Lite | Payload) -> str:
    """Return the input mode: frames, reference images, or text alone."""
    one = payload.instances[0]
    if isinstance(one, WithReferences) and one.reference_images:
        return "reference"
    return "frame control" if one.image else "text"


PROMPT, FRAME, LAST, REFERENCES = (
    f"instances[0].{name}" for name in ("prompt", "image", "lastFrame", "referenceImages")
)
LENGTH, PEOPLE, RESOLUTION = (
    f"parameters.{name}" for name in ("durationSeconds", "personGeneration", "resolution")
)
EIGHT = "1080p, 4k and reference images take 8 seconds."
ADULTS = "With images, only adults are made."
# The documentation of Google's client for Python says so; the page is silent.
PROMPT_UNLESS_IMAGE = required(
    PROMPT,
    unless=FRAME,
    says="A prompt is required unless there is a first frame.",
    name="prompt_or_image",
)
LAST_NEEDS_FIRST = needs(LAST, FRAME, name="last_frame_needs_image")
RULES = (
    PROMPT_UNLESS_IMAGE,
    LAST_NEEDS_FIRST,
    # The same documentation says so.
    not_together(REFERENCES, given(FRAME, LAST), name="references_without_frames"),
    accepts(
        LENGTH,
        (8,),
        when=any_of(equals(RESOLUTION, "1080p", "4k"), REFERENCES),
        says=EIGHT,
        name="eight_seconds",
    ),
    not_together(
        equals(PEOPLE, "allow_all"), given(FRAME, REFERENCES), says=ADULTS, name="only_adults"
    ),
)
LITE_RULES = (
    PROMPT_UNLESS_IMAGE,
    LAST_NEEDS_FIRST,
    accepts(LENGTH, (8,), when=equals(RESOLUTION, "1080p"), says=EIGHT, name="eight_seconds"),
    not_together(equals(PEOPLE, "allow_all"), FRAME, says=ADULTS, name="only_adults"),
)
FIELDS: dict[str, To | Always] = {
    "prompt": To(PROMPT),
    "negative_prompt": To("parameters.negativePrompt"),
    "duration": To(LENGTH),
    "aspect_ratio": To("parameters.aspectRatio"),
    "resolution": To(RESOLUTION),
    "images.first_frame": To(FRAME),
    "images.last_frame": To(LAST),
    "audio": Always(True),
    "seed": To("parameters.seed"),
}

FULL_FIELDS: dict[str, To | Always] = {
    **FIELDS,
    "images.reference": To(f"{REFERENCES}[]", form=as_asset),
}


def _model(
    name: str,
    model: str,
    payload: type[Lite | Payload] = Payload,
    fields: Mapping[str, To | Always] = FULL_FIELDS,
    rules: tuple[Rule, ...] = RULES,
) -> Variant:
    prices = PRICES[model]
    return google.variant(
        model,
        name=name,
        page=PAGE,
        payload=payload,
        submit_path=f"/models/{model}:predictLongRunning",
        fields=fields,
        rules=rules,
        cost=lambda payload: round(
            payload.parameters.duration_seconds * prices[payload.parameters.resolution], 4
        ),
        input_mode=input_mode,
        ends=END,
    )


plugin = _model("veo-3.1", "veo-3.1-generate-preview")
fast = _model("veo-3.1-fast", "veo-3.1-fast-generate-preview")
lite = _model("veo-3.1-lite", "veo-3.1-lite-generate-preview", Lite, FIELDS, LITE_RULES)
