"""Images with roles, and their rules."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct
from rushes import PublicURL, To
from rushes.vocabulary import at_most, has, needs


class RoleImage(Struct, forbid_unknown_fields=True):
    """One image and what it is for."""

    url: PublicURL
    role: Literal["first_frame", "last_frame", "reference_image"]


FRAMES = ("first_frame", "last_frame")


def with_role(role: str) -> Callable[[str], dict[str, str]]:
    """Return a function that makes a `RoleImage` from an address."""
    return lambda url: {"url": url, "role": role}


IMAGE_FIELDS = {
    "images.first_frame": To("image_with_roles[]", form=with_role("first_frame")),
    "images.last_frame": To("image_with_roles[]", form=with_role("last_frame")),
    "images.reference": To("reference_images[]"),
}


FIRST, LAST = (has("image_with_roles", "role", role) for role in FRAMES)
IMAGE_RULES = (
    at_most(1, FIRST, LAST, name="one_of_each_frame"),
    needs(LAST, FIRST, name="last_frame_needs_first"),  # Kling itself refuses it
)


def input_mode(payload: Any) -> str:
    """Return the input mode by the page's table of input shapes."""
    roles = {image.role for image in payload.image_with_roles}
    frames = bool(roles & set(FRAMES))
    references = "reference_image" in roles
    if (payload.reference_images and roles) or (frames and references):
        return "mixed"
    if frames:
        return "frame control"
    return "reference" if payload.reference_images or references else "text"
