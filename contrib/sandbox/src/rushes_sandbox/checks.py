"""Checks of single values, for the tables of a protocol's models.

A `Check` is given a value (never null), its path, and the `Validation` to which it adds what is
wrong.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rushes_sandbox._validation.urls import is_http_url, is_public_url
from rushes_sandbox._validation.validation import Check, Validation

_DATA_URI = re.compile(r"data:(image|video|audio)/[a-z0-9.+-]+;base64,.", re.IGNORECASE)


def blank(text: str) -> bool:
    """Whether a text is only white space."""
    return not text.strip()


def text(
    *,
    shortest: int = 0,
    longest: int | None = None,
    may_be_blank: bool = True,
    length: Callable[[str], int] = len,
) -> Check:
    """Accept a string of `shortest` to `longest` characters: code points, or as `length` counts."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, str):
            validation.add(path, "must be a string")
        elif not may_be_blank and blank(value):
            validation.add(path, "must not be blank")
        elif length(value) < shortest:
            validation.add(path, f"must have at least {shortest} characters")
        elif longest is not None and length(value) > longest:
            validation.add(path, f"has {length(value)} characters; at most {longest} are accepted")

    return check


def utf16_units(text: str) -> int:
    """Count a text's characters as JavaScript does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_of(*choices: str) -> Check:
    """Accept one of these strings."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, str) or value not in choices:
            validation.add(path, f"must be one of {', '.join(choices)}")

    return check


def is_integer(value: object) -> bool:
    """Whether a parsed JSON value is an integer; true, 5.0 and "5" are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer_of(*choices: int) -> Check:
    """Accept one of these integers."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not is_integer(value) or value not in choices:
            validation.add(path, f"must be one of the integers {', '.join(map(str, choices))}")

    return check


def integer(low: int, high: int | None = None) -> Check:
    """Accept an integer within bounds, both included."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not is_integer(value):
            validation.add(path, "must be an integer")
        elif value < low or (high is not None and value > high):
            span = f"from {low} to {high}" if high is not None else f"of at least {low}"
            validation.add(path, f"must be an integer {span}")

    return check


def number(low: float, high: float) -> Check:
    """Accept a number within bounds, both included."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not (is_integer(value) or isinstance(value, float)) or not low <= value <= high:
            validation.add(path, f"must be a number from {low:g} to {high:g}")

    return check


def boolean(value: Any, path: str, validation: Validation) -> None:
    """Accept true or false."""
    if not isinstance(value, bool):
        validation.add(path, "must be true or false")


def anything(value: Any, path: str, validation: Validation) -> None:
    """Accept any value; another rule checks it."""


def public_url(value: Any, path: str, validation: Validation) -> None:
    """Accept the URL of an image that the gateway could fetch."""
    if not isinstance(value, str):
        validation.add(path, "must be a string, the public URL of an image")
    elif not is_public_url(value, loopback=validation.loopback):
        validation.add(path, "must be a public http(s) URL of an image; upload local images first")


def image_source(
    *,
    https_only: bool = False,
    urls: bool = True,
    data: bool = False,
    handle: str = "",
    longest: int | None = None,
) -> Check:
    """Accept an image by its public URL, as a `data:` URI, or by a handle of the provider's."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, str):
            validation.add(path, "must be a string")
        elif (data and _DATA_URI.match(value)) or (handle and value.startswith(handle)):
            return
        elif not urls:
            validation.add(path, "must be an image, not an address of one")
        elif https_only and not validation.loopback and not value.lower().startswith("https://"):
            validation.add(path, "must be an https URL")
        elif longest is not None and len(value) > longest:
            validation.add(path, f"must have at most {longest} characters")
        else:
            public_url(value, path, validation)

    return check


def http_url(value: Any, path: str, validation: Validation) -> None:
    """Accept any http(s) URL, for the gateway to call back."""
    if not isinstance(value, str) or not is_http_url(value):
        validation.add(path, "must be an http(s) URL")


def list_of(item: Check, *, least: int = 0, most: int | None = None) -> Check:
    """Accept a list of such items."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, list):
            validation.add(path, "must be a list")
            return
        if len(value) < least or (most is not None and len(value) > most):
            span = f"at most {most}" if not least else f"{least} to {most}"
            validation.add(path, f"has {len(value)} items; {span} are accepted")
        for place, one in enumerate(value[: most or len(value)]):
            if one is None:
                validation.add(f"{path}[{place}]", "must not be null")
            else:
                item(one, f"{path}[{place}]", validation)

    return check


def fixed(only: object) -> Check:
    """Accept one value only."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if value != only or type(value) is not type(only):
            validation.add(path, f"must be {only}")

    return check


def a_list(value: Any, path: str, validation: Validation) -> None:
    """Accept any list."""
    if not isinstance(value, list):
        validation.add(path, "must be a list")


def object_of(declared: Mapping[str, Check], *required: str, open_to_others: bool = False) -> Check:
    """Accept an object with these fields."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, Mapping):
            validation.add(path, "must be an object")
        else:
            validation.check_fields(
                value, path, declared, required=required, open_to_others=open_to_others
            )

    return check


#: The aspect ratios that all models accept.
aspect_ratio = one_of("16:9", "9:16", "1:1")

#: A text that is not blank.
non_blank = text(may_be_blank=False)
