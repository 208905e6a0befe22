"""What a payload's fields and values are called in common words, for those who use common words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from rushes._payload.body import ITEMS, filled_by, top
from rushes._payload.combining import column
from rushes.draft import Draft
from rushes.request import Role
from rushes.rules import Names
from rushes.variant import Always, Built, Shots, To, Together, Variant

OR = " or "
PLUS = " + "
"""Between the names, and the values, of two fields that make one value."""
ADDRESS = "https://pictures.example.com/a.png"
"""An image's address, to see what a declaration makes of one."""


class CommonNames(Names):
    """The names of a declaration's common fields, as far as a payload's field has one."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant

    def has(self, path: str) -> bool:
        """Whether a common field goes to a path."""
        return any(self._rows(path))

    def field(self, path: str) -> str:
        """Return the name of the common field that goes to a path, or else of the payload's."""
        list_path, several, name = path.partition("[].")
        words = self._part(list_path, name) if several else self._name(path)
        self.used += re.split(f"{re.escape(PLUS)}|{OR}", words)
        return words

    def values(self, path: str, values: Iterable[Any]) -> list[Any] | None:
        """Return values of a field in common words, or None if they have no such words."""
        if self._is_native(path):
            return list(values)
        list_path, several, name = path.partition("[].")
        if several and self._filling(list_path) is None:
            return list(values)
        if several:
            words = [self._item_value(list_path, name, value) for value in values]
            return None if None in words else words
        return _common_values(self._target(path), values)

    def item(self, path: str, name: str, value: Any) -> str | None:
        """Return what becomes such items, in common words: `first_frame`, or `sounds`."""
        words = None if self._is_native(path) else self._becoming(path, name, value)
        if words is not None:
            self.used.append(words)
        return words

    def accepted(self, path: str, values: Iterable[Any] | None) -> list[Any] | None:
        """Return those of several values that the caller can give, in the caller's words."""
        if self._is_native(path):
            return super().accepted(path, values)
        list_path, several, _ = path.partition("[].")
        if several and self._filling(list_path) is None:
            return None  # no common field has the items' own fields
        place = self._target(path)
        if isinstance(place, Together):
            return self._parts(place, values or ()) or None
        return super().accepted(path, values)

    def _parts(self, place: Together, values: Iterable[Any]) -> list[Any]:  # noqa: ARG002
        """List the values of one of two fields with which both make one of these values."""
        return []

    def _is_native(self, path: str) -> bool:
        """Whether the caller uses a field's native name."""
        return not self.has(path)

    def _name(self, path: str) -> str:
        place = self._target(path)
        if isinstance(place, Together):
            return PLUS.join(place.fields)
        rows = [row if row[:7] == "images." else top(row) for row, _ in self._rows(path)]
        roles = [row.partition(".")[2] for row in rows if "." in row]
        return _either(roles) if roles else rows[0] if rows else path

    def _part(self, path: str, name: str) -> str:
        """Name a field of a list's items."""
        return f"{self._filling(path) or path}[].{name}"

    def _filling(self, path: str) -> str | None:
        """Return the common field that fills a list, if it is one alone."""
        fields = {row.partition(".")[0] for row, _ in self._rows(path)}
        return fields.pop() if len(fields) == 1 else None

    def _rows(self, path: str) -> Iterator[tuple[str, To | Together | Shots | Built]]:
        """Yield the common fields, or the roles of an image, that go to a path."""
        for row, place in self.variant.fields.items():
            if not isinstance(place, Always) and path in self._paths(place):
                yield row, place

    def _paths(self, place: To | Together | Shots | Built) -> Iterable[str]:
        """Return the paths that take a common field's name; what it also fills keeps its own."""
        return [place.path.removesuffix("[]")]

    def _target(self, path: str) -> To | Together | Shots | Built | None:
        return next((place for _, place in self._rows(path)), None)

    def _becoming(self, path: str, name: str, value: Any) -> str | None:
        """Return what gets this value in this list, according to `form`: a role or a field."""
        for row, place in self._rows(path):
            field, _, role = row.partition(".")
            if isinstance(place, To) and place.form:
                with suppress(Exception):  # a form that raises says nothing about the role
                    if place.form(ADDRESS)[name] == value:
                        return f"{role} video" if field == "videos" else role or field
        return None

    def _item_value(self, path: str, name: str, value: Any) -> Any:
        field = self._filling(path) or ""
        if field == "images":
            return self._becoming(path, name, value)
        return value if field in ITEMS and name in ITEMS[field].__struct_fields__ else None


class CallersNames(CommonNames):
    """The names that the caller of one request used, or would have to use."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft.variant)
        self._draft = draft

    def _is_native(self, path: str) -> bool:
        return self._draft.native or top(self._draft.way_back(path.partition("[")[0])) == "extra"

    def _paths(self, place: To | Together | Shots | Built) -> Iterable[str]:
        return filled_by(place)

    def _name(self, path: str) -> str:
        draft = self._draft
        if draft.native:
            return path
        back = draft.way_back(path)
        if not draft.has(path) or isinstance(self._target(path), Together):
            return back if self._is_native(path) else super()._name(path)
        if top(back) != "images":
            return top(back) if any(_below(at, path) for at in draft.origins) else back
        roles = [draft.roles()[int(index)] for at, index in self._images() if _is(at, path)]
        return _either(list(dict.fromkeys(roles))) if roles else back

    def _images(self) -> Iterator[tuple[str, str]]:
        """Yield each path of the body that an image went to, with the image's index."""
        if self._draft.roles():
            for at, origin in self._draft.origins.items():
                if found := re.match(r"images\[(\d+)\]", origin):
                    yield at, found[1]

    def _part(self, path: str, name: str) -> str:
        back = self._draft.way_back(f"{path}[0].{name}")
        list_path, index, own = back.partition("[0].")
        return f"{list_path}[].{own}" if index else super()._part(path, name)

    def _target(self, path: str) -> To | Together | Shots | Built | None:
        origin = top(self._draft.way_back(path))
        rows = list(self._rows(path))
        given = [place for row, place in rows if row.partition(".")[0] == origin]
        return given[0] if given else super()._target(path)

    def _parts(self, place: Together, values: Iterable[Any]) -> list[Any]:
        draft, wanted = self._draft, list(values)
        name = draft.way_back(place.path)
        sent = draft.at(place.path)
        pair = next((pair for pair, wire in place.values.items() if wire == sent), ())
        given = dict(zip(place.fields, pair, strict=False))
        others = {other: value for other, value in given.items() if other != name}
        fitting = {pair: wire for pair, wire in place.values.items() if wire in wanted}
        return column(replace(place, values=fitting), name, others) if name in given else []


def _common_values(
    place: To | Together | Shots | Built | None, values: Iterable[Any]
) -> list[Any] | None:
    """Return wire values as the common values that become them."""
    if isinstance(place, To) and place.form:
        words = [_computed_back(place, value) for value in values]
    elif isinstance(place, To) and place.values is None:
        return list(values)
    elif isinstance(place, (To, Together)):
        words = [_looked_up(place.values or {}, value) for value in values]
    else:
        return None
    return None if None in words else words


def _looked_up(values: Mapping[Any, Any], wanted: Any) -> Any:
    found = next((own for own, wire in values.items() if _same(wire, wanted)), None)
    return PLUS.join(map(str, found)) if isinstance(found, tuple) else found


def _computed_back(place: To, value: Any) -> Any:
    """Return the common value that becomes this one, or None if there is none."""
    if place.form is None or place.back is None:
        return None
    with suppress(Exception):  # a wire value that no common value makes may be anything
        for common in _rounded(place.back(value)):
            if place.accepts is not None:
                msgspec.convert(common, place.accepts)
            if _same(place.form(common), value):
                return common
    return None


def _rounded(number: Any) -> Iterator[Any]:
    """Yield a number with ever more digits: the first that is right is the one to show."""
    if isinstance(number, float):
        yield round(number)
        yield from (round(number, digits) for digits in range(1, 5))
    yield number


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is(path: str, outer: str) -> bool:
    """Whether a path of the body is this one, or an item of it."""
    return path == outer or _below(path, outer)


def _below(path: str, outer: str) -> bool:
    return path.startswith(f"{outer}[") and "." not in path[len(outer) :]


def _either(roles: list[str]) -> str:
    """Name images by their roles; those of every role are just images."""
    return "images" if len(roles) == len(get_args(Role)) else OR.join(roles)
