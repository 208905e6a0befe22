"""Kling 3.0 at Runway, standard and pro: sound, a first and a last frame, several shots."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    Draft,
    Finding,
    PublicURL,
    Request,
    Shots,
    Text,
    To,
    Variant,
    absent,
    hookimpl,
    max_utf16,
    rule,
)
from rushes.vocabulary import (
    at_most,
    by_default,
    equals,
    has,
    needs,
    remark,
    required,
)

from rushes_runway.gateway import (
    CREDIT,
    INPUTS,
    OVER_HTTPS,
    PAGE,
    fill_in,
    over_https,
    runway,
)

SHOTS = "providerSettings.multiPrompt"
MIN_SECONDS, MAX_SECONDS = 3, 15
CREDITS = {"kling3.0_standard": (9, 13), "kling3.0_pro": (12, 17)}
"""Credits per second without and with sound, from a table of 2026-05-31; only one of the four
figures, the standard tier's with sound, has a second source."""
UNSAID_SOUND = "it is not documented whether the video has sound; the estimate is with sound"
UNSAID_LENGTH = "the length is Runway's, which is not documented"


class PromptImage(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An image and where it is in the video."""

    uri: PublicURL
    position: Literal["first", "last"]


class Segment(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One shot: its prompt, its length in seconds."""

    prompt: Text
    duration: Annotated[int, Meta(ge=1)]


class ProviderSettings(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The settings for several shots."""

    shot_type: Literal["intelligence", "customize"] = absent("customize")
    multi_prompt: list[Segment] = absent([])


class Payload(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of POST /v1/text_to_video and, with an image, of /v1/image_to_video.

    The reference does not say how long a prompt and a video may be; both limits are what the
    service's validation answered somebody on 2026-10-01.
    """

    model: str
    prompt_text: Annotated[str, max_utf16(2500)] = absent("")
    prompt_image: Annotated[list[PromptImage], Meta(max_length=2)] = absent([])
    duration: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = absent()
    audio: bool = absent()
    cfg_scale: Annotated[float, Meta(ge=0, le=1)] = absent(0.5)
    provider_settings: ProviderSettings = absent(ProviderSettings())


class Standard(Payload, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Kling 3.0 standard: 720p."""

    ratio: Literal["1280:720", "720:1280", "960:960"] = absent("")


class Pro(Payload, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Kling 3.0 pro: 1080p."""

    ratio: Literal["1920:1080", "1080:1920", "1440:1440"] = absent("")


def at(position: str) -> Callable[[str], dict[str, str]]:
    """Return a function that makes a `PromptImage` from an address."""
    return lambda url: {"uri": url, "position": position}


@rule(f"The shots last {MIN_SECONDS} to {MAX_SECONDS} seconds together.", fields=(SHOTS,))
def shots_fit(payload: Payload) -> bool:
    """Add up the shots' lengths, if there are any."""
    shots = payload.provider_settings.multi_prompt
    return not shots or MIN_SECONDS <= sum(shot.duration for shot in shots) <= MAX_SECONDS


@rule(OVER_HTTPS, fields=("promptImage",), source=INPUTS)
def images_over_https(payload: Payload) -> list[Finding]:
    """Judge each image's address."""
    return [
        Finding(f"promptImage[{index}].uri", "is not an https address")
        for index, image in enumerate(payload.prompt_image)
        if not over_https(image.uri)
    ]


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Fill in the ratio, which is required if no image sets it."""
    draft = Draft(variant, request)
    if not draft.roles() and "promptImage" not in request.extra:
        landscape = "1920:1080" if issubclass(variant.payload, Pro) else "1280:720"
        fill_in(draft, request, "ratio", landscape, "aspect_ratio")
    return draft


def input_mode(payload: Payload) -> str:
    """Return the input mode: images are the first and the last frame."""
    return "frame control" if payload.prompt_image else "text"


FIRST, LAST = (has("promptImage", "position", place) for place in ("first", "last"))


RULES = (
    required("promptText", unless=SHOTS, name="prompt_or_shots"),
    required(
        "promptText",
        when=equals("providerSettings.shotType", "intelligence"),
        says="{promptText} is still required when {providerSettings.shotType} is intelligence.",
        name="intelligence_needs_prompt",
    ),
    required("ratio", unless="promptImage", name="ratio_unless_image"),
    at_most(1, FIRST, LAST, name="one_of_each_frame"),
    needs(LAST, FIRST, name="last_frame_needs_first"),
    shots_fit,
    images_over_https,
    by_default("audio", UNSAID_SOUND),
    by_default("duration", UNSAID_LENGTH),
    remark(
        "duration",
        "the page does not say whether this or the shots' own lengths count",
        when=SHOTS,
        name="duration_beside_shots",
    ),
    remark(
        "ratio",
        "with two frames, the ratio of the video is that of the first",
        when=LAST,
        says="When both keyframes are provided, {ratio} follows the first frame.",
        name="first_frame_sets_the_ratio",
    ),
)


def cost(payload: Payload) -> float | None:
    """Return USD; with sound, unless it is switched off; None if the length is not known."""
    shots = payload.provider_settings.multi_prompt
    seconds = sum(shot.duration for shot in shots) or payload.duration
    silent, with_sound = CREDITS[payload.model]
    price = silent if payload.audio is False else with_sound
    return round(seconds * price * CREDIT, 4) if seconds else None


def _model(
    name: str, payload: type[Payload], resolution: str, ratios: Mapping[str, str]
) -> Variant:
    return runway.variant(
        name,
        page=PAGE,
        payload=payload,
        fields={
            "prompt": To("promptText"),
            "duration": To("duration"),
            "aspect_ratio": To("ratio", values=ratios),
            "resolution": Always(resolution),
            "images.first_frame": To("promptImage[]", form=at("first")),
            "images.last_frame": To("promptImage[]", form=at("last")),
            "shots": Shots(path=f"{SHOTS}[]"),
            "audio": To("audio"),
            "guidance": To("cfgScale"),
        },
        rules=RULES,
        cost=cost,
        input_mode=input_mode,
        hooks=(build_payload,),
    )


standard = _model(
    "kling3.0_standard",
    Standard,
    "720p",
    {"16:9": "1280:720", "9:16": "720:1280", "1:1": "960:960"},
)
pro = _model(
    "kling3.0_pro",
    Pro,
    "1080p",
    {"16:9": "1920:1080", "9:16": "1080:1920", "1:1": "1440:1440"},
)
