"""The body of a submit, made for one model of the list: it has what the list says, and no more."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from rushes import PublicURL, Text, TransportURL, absent

from rushes_openrouter.listing import Model


class Address(Struct, forbid_unknown_fields=True):
    """Where an image, a video or a sound is."""

    url: PublicURL


class Reference(Struct, kw_only=True, forbid_unknown_fields=True):
    """An image, a video or a sound to refer to."""

    type: Literal["image_url", "video_url", "audio_url"]
    image_url: Address = absent()
    video_url: Address = absent()
    audio_url: Address = absent()


class Routed(Struct):
    """What is passed on to the provider that makes the video, by its slug."""

    options: dict[str, Any] = absent({})


class Common(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /videos, without what the list decides."""

    model: str
    prompt: Text
    input_references: list[Reference] = absent([])
    previous_job_id: str = absent("")
    provider: Annotated[dict[str, Any], Meta(extra={"known": Routed})] = absent({})
    callback_url: Annotated[TransportURL, Meta(pattern="^[Hh][Tt][Tt][Pp][Ss]:")] = absent()


def payload_for(model: Model) -> type[Struct]:
    """Return the payload of one model, with the values that the list says.

    What is absent reads as None where no page says what the default is.
    """
    decided = [
        ("duration", model.supported_durations),
        ("resolution", model.supported_resolutions),
        ("aspect_ratio", model.supported_aspect_ratios),
        ("size", model.supported_sizes),
    ]
    fields: list[Any] = [
        (name, one_of(sorted(values, key=_by_number)), absent())
        for name, values in decided
        if values
    ]
    if model.seed:
        fields.append(("seed", int, absent()))
    if model.generate_audio:
        fields.append(("generate_audio", bool, absent(True)))
    if frames := model.supported_frame_images:
        fields.append(("frame_images", list[_frame(frames)], absent([])))  # type: ignore[misc]
    return msgspec.defstruct("Payload", fields, bases=(Common,), kw_only=True)


def one_of(values: Iterable[Any]) -> Any:
    """Return the type of a field that has one of these values."""
    return Literal.__getitem__(tuple(values))


def _by_number(value: Any) -> tuple[int, ...]:
    """Sort lengths by number; words keep the order of the list."""
    return (value,) if isinstance(value, int) else ()


def _frame(roles: list[str]) -> Any:
    """Return the type of an image that the video begins or ends with."""
    return msgspec.defstruct(
        "Frame",
        [("type", Literal["image_url"]), ("image_url", Address), ("frame_type", one_of(roles))],
        forbid_unknown_fields=True,
    )
