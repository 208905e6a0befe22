"""A payload as lines of JSON, each marked where it differs from the neighbour's payload."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from rushes_compare.page.escaping import in_json
from rushes_compare.results import Difference


class Line(Struct, frozen=True):
    """One line of JSON.

    `mark` is "changed" where the neighbour has another value (`was`), "only here" where it has
    nothing, and "only there" on a line that this payload lacks.
    """

    text: str
    mark: str = ""
    was: str = ""


def lines(payload: Any, differs: Sequence[Difference] = ()) -> list[Line]:
    """Write a payload as JSON over several lines, then what only the neighbour has.

    Without the last kind, the lines joined are the payload's JSON. Numbers are written as Python
    has them, so that none is rounded by a browser.
    """
    marks = {
        one.path: Line("", "only here") if one.only else Line("", "changed", in_json(one.there))
        for one in differs
        if one.only != "there"
    }
    missing = [
        Line(f"{one.path}: {in_json(one.there)}", "only there")
        for one in differs
        if one.only == "there"
    ]
    return [*_value(payload, "", "", "", "", marks), *missing]


def _value(
    value: Any,
    path: str,
    indent: str,
    name: str,
    comma: str,
    marks: dict[str, Line],
    mark: str = "",
) -> Iterator[Line]:
    """Yield a value's lines; `mark` is that of the whole to which it belongs."""
    found = marks.get(path, Line("", mark))
    if not isinstance(value, dict | list) or not value:
        yield Line(f"{indent}{name}{in_json(value)}{comma}", found.mark, found.was)
        return
    start, end = "{}" if isinstance(value, dict) else "[]"
    yield Line(f"{indent}{name}{start}", found.mark, found.was)
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for number, (key, inner) in enumerate(entries, 1):
        if isinstance(value, dict):
            inner_path, label = f"{path}.{key}" if path else str(key), f"{in_json(str(key))}: "
        else:
            inner_path, label = f"{path}[{key}]", ""
        after = "," if number < len(entries) else ""
        yield from _value(inner, inner_path, f"{indent}  ", label, after, marks, found.mark)
    yield Line(f"{indent}{end}{comma}", found.mark)
