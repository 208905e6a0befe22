"""The content of a task: texts, images, videos and sounds in one list, and their rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET, Struct
from rushes import Finding, PublicURL, Text, To, absent, rule
from rushes.rules import Rule
from rushes.vocabulary import at_most, has, needs


class Address(Struct, forbid_unknown_fields=True):
    """Where an image, a video or a sound is."""

    url: PublicURL


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the content of every model has: texts and images; each model adds its own."""

    type: str
    text: Text = absent("")
    image_url: Address = absent()
    role: str = absent()


ROLES: Mapping[str, tuple[str, ...]] = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}
"""What an image, a video or a sound may be for, by the type of its part; others have no role.

A video or a sound has only one, and may leave it out.
"""

FIRST, LAST = (has("content", "role", role) for role in ("first_frame", "last_frame"))


def part_of(kind: str, role: str) -> Any:
    """Return a function that makes a part of the content from an address."""
    return lambda url: {"type": kind, kind: {"url": url}, "role": role}


FIELDS: Mapping[str, To] = {
    "prompt": To("content[]", form=lambda text: {"type": "text", "text": text}),
    "images.first_frame": To("content[]", form=part_of("image_url", "first_frame")),
    "images.last_frame": To("content[]", form=part_of("image_url", "last_frame")),
}


@rule(
    "Each part has what its type names, and nothing else; an image has a role, unless there is "
    "only text beside it.",
    fields=("content",),
)
def parts_fit_their_types(_read: Any, payload: Any) -> list[Finding]:
    """Refuse a part whose type, role and fields do not belong together."""
    media = [part for part in payload.content if part.type in ROLES]
    return [
        Finding(f"content[{place}].{name}", message)
        for place, part in enumerate(payload.content)
        for name, message in (*_misfits(part), *_misplaced(part, media))
    ]


def _misfits(part: Any) -> Iterator[tuple[str, str]]:
    """Yield the fields that a part lacks, or has although it is of another type."""
    for name in part.__struct_fields__:
        given = getattr(part, name) is not UNSET
        if name == part.type and not given:
            yield name, f"is required in a part of type {part.type}"
        if name not in ("type", "role", part.type) and given:
            yield name, f"does not belong to a part of type {part.type}"


def _misplaced(part: Any, media: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the role of a part, if there is anything."""
    roles = ROLES.get(part.type, ())
    if part.role is UNSET:
        if len(roles) > 1 and media != [part]:
            yield "role", "is required; only an image without other media needs none"
    elif not roles:
        yield "role", f"does not belong to a part of type {part.type}"
    elif part.role not in roles:
        yield "role", f"{part.role} is not for a part of type {part.type}"


FRAME_RULES: tuple[Rule, ...] = (
    parts_fit_their_types,
    at_most(1, FIRST, LAST, name="one_of_each_frame"),
    needs(LAST, FIRST, name="last_frame_needs_first"),
)
