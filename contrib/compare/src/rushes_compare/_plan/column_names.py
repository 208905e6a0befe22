"""Columns and bounds in a plan file: known names, ranges that something can be in."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite

from rushes_compare.columns import COLUMNS
from rushes_compare.results import Bounds


def column_errors(names: Iterable[str], where: str) -> Iterator[str]:
    """Yield an error for each name that is no column's."""
    for name in names:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=3, cutoff=0.5)
            words = f"nearest: {', '.join(near)}" if near else f"accepted: {', '.join(COLUMNS)}"
            yield f"{where}: there is no column {name!r:.60} ({words})"


def bounds_errors(bounds: Mapping[str, Bounds], where: str) -> Iterator[str]:
    """Yield an error for each range that is not one of a column, is empty, or has no limit."""
    yield from column_errors(bounds, where)
    for name, each in bounds.items():
        if not all(limit is None or isfinite(limit) for limit in (each.min, each.max)):
            yield f"{where}.{name}: a limit must be a finite number"
        elif each.min is None and each.max is None:
            yield f"{where}.{name}: give a `min`, a `max`, or both"
        elif each.min is not None and each.max is not None and each.min > each.max:
            yield f"{where}.{name}: `min` ({each.min:g}) is more than `max` ({each.max:g})"
