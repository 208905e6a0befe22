"""What the caller wants, independent of any provider."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from rushes._structs.invalid import INVALID
from rushes._structs.type_info import ready
from rushes._structs.unrolled import unrolled

Role = Literal["first_frame", "last_frame", "reference"]
Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image to start from, to end on, or to refer to.

    `url` is a public http(s) address or the path of a local file, which is uploaded first if the
    provider has an endpoint for that.
    """

    url: Filled
    role: Role


class Shot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shot of several, in order. `duration` is in seconds."""

    prompt: Filled
    duration: int | float | None = None


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person or thing that a prompt refers to by name; names are unique within a request.

    `images` are addresses or local paths.
    """

    name: Filled
    description: Filled | None = None
    images: Sequence[Filled] = ()


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request for a video. For absent fields the provider's default applies.

    None, empty text and empty lists count as absent, and so does a prompt of only white space. 5.0
    counts as 5 where an integer is expected.

    `duration` is in seconds, `aspect_ratio` reads like "16:9", `resolution` like "720p", "1080p" or
    "4k", `guidance` runs from 0 (free) to 1 (literal). `extra` holds a provider's own fields under
    the names on its page; they are checked like the rest. A request with nothing but `extra` is a
    native payload.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    duration: int | float | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    images: Sequence[Image] = ()
    shots: Sequence[Shot] = ()
    subjects: Sequence[Subject] = ()
    audio: bool | None = None
    watermark: bool | None = None
    guidance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    extra: Mapping[Any, Any] = {}


ready(Request)

FIELDS = tuple(name for name in Request.__struct_fields__ if name != "extra")


ABSENT: tuple[Any, ...] = (None, "", (), [])
"""The values of common fields that the request does not set."""


def is_empty(value: Any) -> bool:
    """Whether a value is empty text or an empty list."""
    return isinstance(value, (str, list, tuple)) and not value


def _each_set(then: str) -> list[str]:
    """Write a line for each common field that does something if the field is set."""
    test = "if (value := request.{0}) is not {1} and (value is INVALID or {2}): "
    lines = []
    for name in FIELDS:
        absent = "None" if getattr(Request(), name) is None else "EMPTY"
        some = "value or value not in ABSENT"
        if name == "prompt":
            some = f"({some}) and not (type(value) is str and value.isspace())"
        lines.append((test + then).format(name, absent, some))
    return lines


_KNOWN: dict[str, Any] = {"ABSENT": ABSENT, "EMPTY": (), "INVALID": INVALID}

sets_nothing: Callable[[Request], bool] = unrolled(
    "request", (*_each_set("return False"), "return True"), **_KNOWN
)
"""Whether a request sets no common field."""

fields_set: Callable[[Request], dict[str, Any]] = unrolled(
    "request", ("given = {}", *_each_set("given['{0}'] = value"), "return given"), **_KNOWN
)
"""Return the common fields that the request sets, with their values as given."""


def is_native(request: Request) -> bool:
    """Whether a request is a native payload: it has nothing but `extra`."""
    return request.extra is not INVALID and bool(request.extra) and sets_nothing(request)
