"""Images with roles, and their rules."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct
from rushes import Problem, PublicURL, To


class RoleImage(Struct, forbid_unknown_fields=True):
    """One image and what it is for."""

    url: PublicURL
    role: Literal["first_frame", "last_frame", "reference_image"]


FRAMES = ("first_frame", "last_frame")


def _of(role: str) -> dict[str, Any]:
    """Return the JSON Schema of an image with this role."""
    return {"properties": {"role": {"const": role}}, "required": ["role"]}


ONE_OF_EACH_FRAME: dict[str, Any] = {
    "properties": {
        "image_with_roles": {
            "allOf": [
                {"contains": _of(role), "minContains": 0, "maxContains": 1} for role in FRAMES
            ]
        }
    }
}
LAST_FRAME_NEEDS_FIRST: dict[str, Any] = {
    "properties": {
        "image_with_roles": {
            "if": {"contains": _of("last_frame")},
            "then": {"contains": _of("first_frame")},
        }
    }
}


def with_role(role: str) -> Callable[[str], dict[str, str]]:
    """Return a function that makes a `RoleImage` from an address."""
    return lambda url: {"url": url, "role": role}


IMAGE_FIELDS = {
    "images.first_frame": To("image_with_roles[]", form=with_role("first_frame")),
    "images.last_frame": To("image_with_roles[]", form=with_role("last_frame")),
    "images.reference": To("reference_images[]"),
}


def repeated_frames(payload: Any) -> list[Problem]:
    """Return a problem for each frame that is given twice."""
    roles = [image.role for image in payload.image_with_roles]
    return [
        Problem(
            path=f"image_with_roles[{index}].role",
            code="one_of_each_frame",
            message=f"is another {role}; only one is accepted",
        )
        for index, role in enumerate(roles)
        if role in FRAMES and role in roles[:index]
    ]


def lone_last_frame(payload: Any) -> list[Problem]:
    """Return a problem for a last frame without a first (Kling itself refuses it)."""
    roles = [image.role for image in payload.image_with_roles]
    if "last_frame" not in roles or "first_frame" in roles:
        return []
    path = f"image_with_roles[{roles.index('last_frame')}].role"
    message = "last_frame is given without a first_frame; give both, or the first alone"
    return [Problem(path=path, code="last_frame_needs_first", message=message)]


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
