"""Checks of single values, to be named in the tables of the models."""

from collections.abc import Mapping
from typing import Any

from rushes_sandbox.judging.addresses import is_public_address, is_web_address
from rushes_sandbox.judging.inspection import Check, Inspection


def blank(text: str) -> bool:
    """Whether there is nothing but white space in a text."""
    return not text.strip()


def text(*, longest: int | None = None, may_be_blank: bool = True) -> Check:
    """Accept a string of at most `longest` Unicode code points."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not isinstance(value, str):
            inspection.refuse(path, "must be a string")
        elif not may_be_blank and blank(value):
            inspection.refuse(path, "must not be blank")
        elif longest is not None and len(value) > longest:
            inspection.refuse(path, f"has {len(value)} characters; at most {longest} are accepted")

    return check


def one_of(*choices: str) -> Check:
    """Accept one of a few words."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not isinstance(value, str) or value not in choices:
            inspection.refuse(path, f"must be one of {', '.join(choices)}")

    return check


def is_integer(value: object) -> bool:
    """Whether a parsed JSON value is an integer; true, 5.0 and "5" are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer_of(*choices: int) -> Check:
    """Accept one of a few integers."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not is_integer(value) or value not in choices:
            inspection.refuse(path, f"must be one of the integers {', '.join(map(str, choices))}")

    return check


def integer(low: int, high: int | None = None) -> Check:
    """Accept an integer within bounds, both included."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not is_integer(value):
            inspection.refuse(path, "must be an integer")
        elif value < low or (high is not None and value > high):
            span = f"from {low} to {high}" if high is not None else f"of at least {low}"
            inspection.refuse(path, f"must be an integer {span}")

    return check


def number(low: float, high: float) -> Check:
    """Accept a number within bounds, both included."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not (is_integer(value) or isinstance(value, float)) or not low <= value <= high:
            inspection.refuse(path, f"must be a number from {low:g} to {high:g}")

    return check


def boolean(value: Any, path: str, inspection: Inspection) -> None:
    """Accept true or false."""
    if not isinstance(value, bool):
        inspection.refuse(path, "must be true or false")


def anything(value: Any, path: str, inspection: Inspection) -> None:
    """Accept whatever it is; another rule looks at it."""


def public_address(value: Any, path: str, inspection: Inspection) -> None:
    """Accept the address of an image that the gateway could fetch."""
    if not isinstance(value, str):
        inspection.refuse(path, "must be a string, the public address of an image")
    elif not is_public_address(value, loopback=inspection.loopback):
        inspection.refuse(
            path, "must be a public http(s) address of an image; upload local images first"
        )


def web_address(value: Any, path: str, inspection: Inspection) -> None:
    """Accept any http(s) address, for the gateway to call back."""
    if not isinstance(value, str) or not is_web_address(value):
        inspection.refuse(path, "must be an http(s) address")


def list_of(item: Check, *, least: int = 0, most: int | None = None) -> Check:
    """Accept a list of such items."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not isinstance(value, list):
            inspection.refuse(path, "must be a list")
            return
        if len(value) < least or (most is not None and len(value) > most):
            span = f"at most {most}" if not least else f"{least} to {most}"
            inspection.refuse(path, f"has {len(value)} items; {span} are accepted")
        for place, one in enumerate(value[: most or len(value)]):
            if one is None:
                inspection.refuse(f"{path}[{place}]", "must not be null")
            else:
                item(one, f"{path}[{place}]", inspection)

    return check


def a_list(value: Any, path: str, inspection: Inspection) -> None:
    """Accept a list, whatever it holds."""
    if not isinstance(value, list):
        inspection.refuse(path, "must be a list")


def object_of(declared: Mapping[str, Check], *required: str, open_to_others: bool = False) -> Check:
    """Accept an object with these fields."""

    def check(value: Any, path: str, inspection: Inspection) -> None:
        if not isinstance(value, Mapping):
            inspection.refuse(path, "must be an object")
        else:
            inspection.fields(
                value, path, declared, required=required, open_to_others=open_to_others
            )

    return check


#: What every model says about the shape of the picture.
aspect_ratio = one_of("16:9", "9:16", "1:1")

#: A text that must be there and say something.
words = text(may_be_blank=False)
