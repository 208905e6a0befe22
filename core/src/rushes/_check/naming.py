"""What a payload's fields and values are called in common words, for those who use common words."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from rushes._payload.body import ITEMS, filled_by, top
from rushes.draft import Draft
from rushes.rules import Names
from rushes.variant import Always, Built, To, Variant

ADDRESS = "https://pictures.example.com/a.png"
"""An image's address, to see what a declaration makes of one."""


class CommonNames(Names):
    """The names of a declaration's common fields, as far as a payload's field has one."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant

    def field(self, path: str) -> str:
        """Return the name of the common field that goes to a path, or else of the payload's."""
        list_path, several, name = path.partition("[].")
        told = self._part(list_path, name) if several else self._name(path)
        self.used.append(told)
        return told

    def values(self, path: str, values: Iterable[Any]) -> list[Any] | None:
        """Return values of a field in common words, or None if they have no such words."""
        if self._is_native(path):
            return list(values)
        list_path, several, name = path.partition("[].")
        if several:
            told = [self._item_value(list_path, name, value) for value in values]
            return None if None in told else told
        return _led_back(self._target(path), values)

    def item(self, path: str, name: str, value: Any) -> str | None:
        """Return the role of images that become such items: `first_frame`."""
        told = None if self._is_native(path) else self._role(path, name, value)
        if told is not None:
            self.used.append(told)
        return told

    def _is_native(self, path: str) -> bool:
        """Whether the caller uses a field's native name."""
        return not any(self._rows(path))

    def _name(self, path: str) -> str:
        return _joined([row for row, _ in self._rows(path)]) or path

    def _part(self, path: str, name: str) -> str:
        """Name a field of a list's items."""
        return f"{self._name(path)}[].{name}"

    def _rows(self, path: str) -> Iterator[tuple[str, To | Built]]:
        """Yield the common fields, or the roles of an image, that go to a path."""
        for row, place in self.variant.fields.items():
            if not isinstance(place, Always) and path in self._paths(place):
                yield row, place

    def _paths(self, place: To | Built) -> Iterable[str]:
        """Return the paths that take a common field's name; what it also fills keeps its own."""
        return [place.path.removesuffix("[]")]

    def _target(self, path: str) -> To | Built | None:
        return next((place for _, place in self._rows(path)), None)

    def _role(self, path: str, name: str, value: Any) -> str | None:
        """Return the role whose images get this value in this list, according to `form`."""
        for row, place in self._rows(path):
            field, _, role = row.partition(".")
            if field == "images" and isinstance(place, To) and place.form:
                with suppress(Exception):  # a form that cannot be tried tells nothing
                    if place.form(ADDRESS)[name] == value:
                        return role
        return None

    def _item_value(self, path: str, name: str, value: Any) -> Any:
        field = next((row.partition(".")[0] for row, _ in self._rows(path)), "")
        if field == "images":
            return self._role(path, name, value)
        return value if field in ITEMS and name in ITEMS[field].__struct_fields__ else None


class CallersNames(CommonNames):
    """The names that the caller of one request used, or would have to use."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft.variant)
        self._draft = draft

    def _is_native(self, path: str) -> bool:
        return self._draft.native or top(self._draft.way_back(path.partition("[")[0])) == "extra"

    def _paths(self, place: To | Built) -> Iterable[str]:
        return filled_by(place)

    def _name(self, path: str) -> str:
        draft = self._draft
        if draft.native:
            return path
        back = draft.way_back(path)
        if not draft.has(path):
            return back if self._is_native(path) else super()._name(path)
        items = {self._image(origin) for at, origin in draft.origins.items() if _below(at, path)}
        return items.pop() if len(items) == 1 else self._image(back)

    def _part(self, path: str, name: str) -> str:
        back = self._draft.way_back(f"{path}[0].{name}")
        list_path, index, own = back.partition("[0].")
        return f"{list_path}[].{own}" if index else super()._part(path, name)

    def _image(self, origin: str) -> str:
        """Name an image by its role, if it is the only one that can have it."""
        found = re.match(r"images\[(\d+)\]", origin)
        roles = self._draft.roles()
        if not found or not roles:
            return origin
        role = roles[int(found[1])]
        return found[0] if role == "reference" else role


def _led_back(place: To | Built | None, values: Iterable[Any]) -> list[Any] | None:
    """Return wire values as the common values that become them."""
    if not isinstance(place, To) or place.form:
        return None
    if place.values is None:
        return list(values)
    told = []
    for value in values:
        common = [own for own, wire in place.values.items() if _same(wire, value)]
        if not common:
            return None
        told.append(common[0])
    return told


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _below(path: str, outer: str) -> bool:
    return path.startswith(f"{outer}[") and "." not in path[len(outer) :]


def _joined(rows: list[str]) -> str:
    """Name one common field, or one role of an image; all of an image's roles are `images`."""
    roles = [row.rpartition(".")[2] for row in rows]
    return roles[0] if len(set(roles)) == 1 else rows[0].partition(".")[0] if rows else ""
