"""Which common fields a request sets. Every check needs this, so the loops are unrolled."""

from collections.abc import Callable
from typing import Any

from rushes._structs.invalid import INVALID
from rushes._structs.unrolled import unrolled
from rushes.request import Request

FIELDS = tuple(name for name in Request.__struct_fields__ if name != "extra")
"""The common fields, in the order of a request."""

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
