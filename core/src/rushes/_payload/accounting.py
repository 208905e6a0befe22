"""Whether what a plugin takes from a request goes somewhere: into the body, or into a message."""

from collections.abc import Mapping, Sequence
from typing import Any

from rushes._payload.body import top

Carried = Sequence[tuple[str, Any]]
"""Paths of the request that something in the body is made of, each with the value it is in."""


def dropped(taken: Mapping[str, Any], carried: Carried, noted: Sequence[str]) -> str | None:
    """Return the first field, or item of a list, that was taken and went nowhere.

    `noted` are the paths that notes are about. Only clear cases are reported: a value that was
    turned into something else and put under its field's name counts as carried.
    """
    for field, value in taken.items():
        own = [(path, at) for path, at in carried if top(path) == field]
        notes = [path for path in noted if top(path) == field]
        if not own and not notes:
            return field
        if isinstance(value, Sequence) and not isinstance(value, str):
            missed = _dropped_item(field, value, own, notes)
            if missed is not None:
                return missed
    return None


def _dropped_item(
    field: str, items: Sequence[Any], own: Carried, notes: Sequence[str]
) -> str | None:
    """Return the first item of a list that was dropped.

    Items are carried one by one, each named, or as a whole: in a list with as many items, or in a
    text with all of theirs. True or false carries no item.
    """
    whole = [at for path, at in own if path == field and not isinstance(at, bool)]
    lists = [at for at in whole if isinstance(at, list)]
    texts = [at for at in whole if isinstance(at, str)]
    if any(len(at) >= len(items) for at in lists) or any(_contains_all(at, items) for at in texts):
        return None
    named = {_index(field, path) for path, _ in own if path != field}
    if named:
        named |= {_index(field, path) for path in notes}
    elif lists:
        named = {str(index) for index in range(max(map(len, lists)))}
    else:
        return None if whole or notes else field
    missed = (index for index in range(len(items)) if str(index) not in named)
    return next((f"{field}[{index}]" for index in missed), None)


def _index(field: str, path: str) -> str:
    return path[len(field) + 1 :].partition("]")[0]


def _contains_all(text: str, items: Sequence[Any]) -> bool:
    """Whether a text contains the essential part of each item: the first of its fields."""
    return all(str(getattr(item, type(item).__struct_fields__[0])) in text for item in items)
