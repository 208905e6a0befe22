"""The content of a task: texts, images, videos and sounds in one list, and their rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET, Struct
from rushes import Finding, PublicURL, Text, To, absent, rule
from rushes.rules import Rule
from rushes.vocabulary import at_most, each, equals, has, needs, remark, required


class Address(Struct, forbid_unknown_fields=True):
    """Where an image, a video or a sound is."""

    url: PublicURL


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the content of every model has: texts and images; each model adds its own."""

    type: str
    text: Text = absent("")
    image_url: Address = absent()
    role: str = absent()


FIRST, LAST = (has("content", "role", role) for role in ("first_frame", "last_frame"))


def part_of(kind: str, role: str) -> Any:
    """Return a function that makes a part of the content from an address."""
    return lambda url: {"type": kind, kind: {"url": url}, "role": role}


FIELDS: Mapping[str, To] = {
    "prompt": To("content[]", form=lambda text: {"type": "text", "text": text}),
    "images.first_frame": To("content[]", form=part_of("image_url", "first_frame")),
    "images.last_frame": To("content[]", form=part_of("image_url", "last_frame")),
}

MEDIA = ("image_url", "video_url", "audio_url")


@rule("An image has a role, unless there is only text beside it.", fields=("content",))
def images_have_roles(_read: Any, payload: Any) -> list[Finding]:
    """Refuse an image without a role beside others, videos or sounds."""
    several = sum(part.type in MEDIA for part in payload.content) > 1
    return [
        Finding(
            f"content[{place}].role", "is required; only an image without other media needs none"
        )
        for place, part in enumerate(payload.content)
        if several and part.type == "image_url" and part.role is UNSET
    ]


def by_type(*types: str, media: tuple[str, ...]) -> Iterator[Rule]:
    """Yield rules by which a part has what its type names, and nothing else.

    Of the types, `media` are those that have a role.
    """
    for name in types:
        yield each("content", required(name, when=equals("type", name), name=f"{name}_is_there"))
        yield each("content", needs(name, equals("type", name), name=f"{name}_is_its_type"))
    yield each("content", needs("role", equals("type", *media), name="only_media_have_roles"))


FRAME_RULES: tuple[Rule, ...] = (
    images_have_roles,
    at_most(1, FIRST, LAST, name="one_of_each_frame"),
    needs(LAST, FIRST, name="last_frame_needs_first"),
)

REMARKS: tuple[Rule, ...] = (
    remark(
        "duration",
        "the model chooses the length, and with it the price",
        when=equals("duration", -1),
        name="the_model_chooses_the_length",
    ),
    remark(
        "ratio",
        "an image of another ratio is cropped to this one, at its centre",
        when=FIRST,
        name="images_are_cropped",
    ),
)
"""What both models do without being asked."""
