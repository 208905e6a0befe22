"""The content of a task: texts, images, videos and sounds in one list, and their rules."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct
from rushes import Finding, PublicURL, Text, To, absent, rule
from rushes.rules import Rule
from rushes.vocabulary import at_most, has, needs

ADDRESSES = {"image_url": "image", "video_url": "video", "audio_url": "sound"}
"""The types of parts that hold an address."""


class Address(Struct, forbid_unknown_fields=True):
    """Where an image, a video or a sound is."""

    url: PublicURL


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """What every model takes: a text, or an image and what it is for."""

    type: Literal["text", "image_url"]
    text: Text = absent("")
    image_url: Address = absent()
    role: Literal["first_frame", "last_frame"] = absent()


FIRST, LAST = (has("content", "role", role) for role in ("first_frame", "last_frame"))


def part_of(kind: str, role: str) -> Any:
    """Return a function that makes a part of the content from an address."""
    return lambda url: {"type": kind, kind: {"url": url}, "role": role}


FIELDS: Mapping[str, To] = {
    "prompt": To("content[]", form=lambda text: {"type": "text", "text": text}),
    "images.first_frame": To("content[]", form=part_of("image_url", "first_frame")),
    "images.last_frame": To("content[]", form=part_of("image_url", "last_frame")),
}


def _misfits(place: int, part: Any, images: int) -> list[Finding]:
    """Say what one part lacks, or has without being of that type."""
    path, found = f"content[{place}]", []
    holders = [name for name in part.__struct_fields__ if name not in ("type", "role")]
    for name in holders:
        given = getattr(part, name) is not UNSET
        if given and name != part.type:
            found.append(Finding(f"{path}.{name}", f"does not belong to a part of type {part.type}"))
        elif name == part.type and not given:
            found.append(Finding(f"{path}.{name}", f"is required in a part of type {part.type}"))
    role = part.role
    if part.type not in ADDRESSES:
        if role is not UNSET:
            found.append(Finding(f"{path}.role", f"does not belong to a part of type {part.type}"))
    elif role is UNSET:
        if part.type != "image_url" or images > 1:
            found.append(Finding(f"{path}.role", "is required; only a single image needs none"))
    elif part.type not in WITH[role]:
        fits = ", ".join(name for name, types in WITH.items() if part.type in types)
        found.append(Finding(f"{path}.role", f"{role} is not for {part.type} (accepted: {fits})"))
    return found


WITH: Mapping[str, tuple[str, ...]] = {
    "first_frame": ("image_url",),
    "last_frame": ("image_url",),
    "reference_image": ("image_url",),
    "reference_video": ("video_url",),
    "reference_audio": ("audio_url",),
}
"""The types of parts that have each role."""


@rule(
    "Each part has what its type names, and nothing else; an image, a video or a sound has a role, "
    "unless it is the only image.",
    fields=("content",),
)
def parts_fit_their_types(_read: Any, payload: Any) -> list[Finding]:
    """Refuse a part whose type, role and fields do not belong together."""
    images = sum(part.type == "image_url" for part in payload.content)
    return [
        finding
        for place, part in enumerate(payload.content)
        for finding in _misfits(place, part, images)
    ]


FRAME_RULES: tuple[Rule, ...] = (
    parts_fit_their_types,
    at_most(1, FIRST, LAST, name="one_of_each_frame"),
    needs(LAST, FIRST, name="last_frame_needs_first"),
)
