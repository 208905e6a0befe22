"""Conditions on a payload: a field is given, has a value, or holds an item of a kind."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rushes._payload.constraints import described, finite, spans
from rushes._payload.fields import takes_null, unwrap
from rushes._structs.unrolled import unrolled
from rushes._vocabulary.places import KNOWN, Place, Schema, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing
from rushes.rules import Names


class Blame(Struct, frozen=True):
    """A place in one payload where a condition is met.

    `subject` begins a message about it: the value that is meant, if there is one. `others` are the
    field's values that do not meet the condition, if they are few.
    """

    path: str
    subject: str = ""
    others: list[Any] | None = None


Words = Callable[[Names], str]
"""A part of a message or a sentence, as a function of how fields are named in it."""


class Bound(Struct, frozen=True, kw_only=True):
    """A condition, bound to one payload struct.

    `test` is an expression over `read` and `raw`; `blamed` returns the places where a payload meets
    it. `when` and `beside` are the condition in words: "mode is pro" and "mode pro"; `name` is a
    short one for codes. `fields` are the paths that it looks at.
    """

    name: str
    test: str
    schema: Schema
    when: Words
    beside: Words
    fields: tuple[str, ...]
    blamed: Callable[[Any, Any, Names], list[Blame]]


class BoundItem(Bound, frozen=True, kw_only=True):
    """A condition that a list has an item of a kind: `item_schema` describes such an item."""

    place: Place
    item_schema: Schema


class Condition(Struct, frozen=True):
    """Something that is true of a payload or not."""

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct; raises BrokenPluginError if it cannot be."""
        raise NotImplementedError


class Given(Condition, frozen=True):
    """A field is given: present, and not blank, empty or false."""

    path: str

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        place, path = find(struct, self.path), self.path
        boolean = described(place.hint).words == "true or false"

        def is_true(names: Names) -> bool:
            """Whether the caller says `true`: what makes the value may be another field."""
            return boolean and names.values(path, [True]) == [True]

        def blamed(_read: Any, _raw: Any, names: Names) -> list[Blame]:
            return [Blame(path, "true ", [False]) if is_true(names) else Blame(path)]

        return Bound(
            name=place.name,
            test=place.given,
            schema=place.given_schema(),
            when=lambda names: f"{names.field(path)} is {'true' if is_true(names) else 'given'}",
            beside=lambda names: names.field(path) + (" true" if is_true(names) else ""),
            fields=(path,),
            blamed=blamed,
        )


class Sent(Condition, frozen=True):
    """A field is in the payload at all, even as false, 0, empty text or its own default."""

    path: str

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        place, path = find(struct, self.path), self.path
        not_null = {"not": {"const": None}} if takes_null(place.hint) else {}
        return Bound(
            name=f"{place.name}_sent",
            test=place.present,
            schema=place.nested(not_null),
            when=lambda names: f"{names.field(path)} is given at all",
            beside=lambda names: f"{names.field(path)} of any value",
            fields=(path,),
            blamed=lambda _read, _raw, _names: [Blame(path)],
        )


class Equals(Condition, frozen=True):
    """A field has one of several values, or is absent and reads as one."""

    path: str
    values: tuple[Any, ...]

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        place, values = find(struct, self.path), self.values
        refuse_impossible(place, values)
        one = len(values) == 1
        value_of = place.reader()

        def blamed(read: Any, _raw: Any, names: Names) -> list[Blame]:
            value = value_of(read)
            others = names.accepted(self.path, _others(place, value, values))
            return [Blame(self.path, subject(names, self.path, value), others)]

        return Bound(
            name=f"{place.name}_{'_'.join(str(value) for value in values)}",
            test=f"{place.value} == {values[0]!r}" if one else f"{place.value} in {values!r}",
            schema=place.nested(
                {"const": values[0]} if one else {"enum": [*values]},
                required=place.default not in values,
            ),
            when=lambda names: " is ".join(field_and_values(names, self.path, values)),
            beside=lambda names: " ".join(field_and_values(names, self.path, values)),
            fields=(self.path,),
            blamed=blamed,
        )


class Has(Condition, frozen=True):
    """A list has an item of a kind: one whose field has a value.

    `besides` are other values that are refused as well, so that no message offers them instead.
    """

    path: str
    name: str
    value: Any
    besides: tuple[Any, ...] = ()

    def bind(self, struct: type[Struct]) -> BoundItem:
        """Return the condition for a payload struct."""
        place = find(struct, self.path)
        inner = place.item(self.name)
        refuse_impossible(inner, (self.value,))
        test = f"{inner.value} == {self.value!r}"
        item = inner.nested({"const": self.value}, required=inner.default != self.value)
        others = _others(inner, self.value, (self.value, *self.besides))
        found = f"[place for place, item in enumerate({place.items}) if {test}]"
        places = unrolled("read", (f"return {found}",), **KNOWN)

        def kind(names: Names) -> str | None:
            return names.item(self.path, self.name, self.value)

        def when(names: Names) -> str:
            if own := kind(names):
                return f"{own} is given"
            return f"{names.field(self.path)} has an item whose {self.name} is {self.value}"

        def blamed(read: Any, _raw: Any, names: Names) -> list[Blame]:
            accepted = names.accepted(f"{self.path}[].{self.name}", others)
            paths = [f"{self.path}[{index}].{self.name}" for index in places(read)]
            return [Blame(path, f"{kind(names) or self.value} ", accepted) for path in paths]

        return BoundItem(
            name=str(self.value),
            test=found,
            schema=place.nested({"contains": item}),
            when=when,
            beside=lambda names: kind(names) or str(self.value),
            fields=(self.path,),
            blamed=blamed,
            place=place,
            item_schema=item,
        )


class Joined(Condition, frozen=True):
    """Several conditions: all of them, or any of them, must be met."""

    conditions: tuple[Condition, ...]
    how: Literal["and", "or"]

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        conditions = _besides(self.conditions) if self.how == "or" else self.conditions
        parts = [condition.bind(struct) for condition in conditions]
        tests = [(part, compiled(part.test)) for part in parts]
        nested = [isinstance(condition, Joined) for condition in self.conditions]
        word = f" {self.how} "

        def blamed(read: Any, raw: Any, names: Names) -> list[Blame]:
            return next(part.blamed(read, raw, names) for part, met in tests if met(read, raw))

        def joined(words: list[Words], names: Names) -> str:
            """Join the parts; two that the caller's words do not tell apart are one."""
            each = (_apart(one(names), inner) for one, inner in zip(words, nested, strict=True))
            return word.join(dict.fromkeys(each))

        return Bound(
            name=f"_{self.how}_".join(part.name for part in parts),
            test=f"({word.join(f'({part.test})' for part in parts)})",
            schema={"allOf" if self.how == "and" else "anyOf": [part.schema for part in parts]},
            when=lambda names: joined([part.when for part in parts], names),
            beside=lambda names: joined([part.beside for part in parts], names),
            fields=tuple(path for part in parts for path in part.fields),
            blamed=blamed,
        )


def _besides(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    """Yield alternatives; those that are kinds of items of one list know each other's values."""
    for one in conditions:
        if isinstance(one, Has):
            kinds = (other for other in conditions if isinstance(other, Has) and other is not one)
            same = [kind for kind in kinds if (kind.path, kind.name) == (one.path, one.name)]
            one = msgspec.structs.replace(one, besides=tuple(kind.value for kind in same))
        yield one


FIELD = re.compile(r"\{([^{}]+)\}")
"""A field's path in a sentence."""


def sentence(struct: type[Struct], text: str) -> Words:
    """Return an author's sentence, in which `{image}` becomes the name of a field.

    Raises BrokenPluginError if there is no such field.
    """
    parts = FIELD.split(text)
    for path in parts[1::2]:
        find(struct, path)

    def words(names: Names) -> str:
        return "".join(names.field(part) if place % 2 else part for place, part in enumerate(parts))

    return words


def as_condition(condition: Condition | str) -> Condition:
    """Return a condition; a path alone means that the field is given."""
    return Given(condition) if isinstance(condition, str) else condition


def compiled(test: str) -> Callable[[Any, Any], Any]:
    """Return an expression over `read` and `raw` as a function."""
    return unrolled("read, raw", (f"return {test}",), **KNOWN)


def refuse_impossible(place: Place, values: tuple[Any, ...]) -> None:
    """Raise BrokenPluginError for values that a field never has."""
    if not values:
        raise BrokenPluginError(f"no value of {place.path} is named")
    if unwrap(place.hint)[0] is Any:
        raise BrokenPluginError(
            f"{place.path} takes any value, so none can be told apart; give it a type, or use @rule"
        )
    bounds = described(place.hint)
    for value in values:
        never = f"{place.path} is never {value!r}"
        if not bounds.fits(value):
            raise BrokenPluginError(f"{never}; it is {bounds.words}")
        if bounds.choices and value not in bounds.choices:
            raise BrokenPluginError(f"{never}; it accepts {listing(bounds.choices)}")
        try:
            msgspec.convert(value, place.hint)
        except (msgspec.ValidationError, ValueError) as error:
            accepts = f"it accepts {spans(bounds)}" if spans(bounds) else str(error)
            raise BrokenPluginError(f"{never}; {accepts}") from None


def _others(place: Place, value: Any, values: tuple[Any, ...]) -> list[Any] | None:
    """List a field's values other than these, the nearest first, if they are few."""
    choices = finite(place.hint, near=value)
    return [other for other in choices if other not in values] if choices else None


def field_and_values(
    names: Names, path: str, values: Iterable[Any], joined: str = " or "
) -> tuple[str, str]:
    """Return the name of a field and "pro or 4k", both in the caller's words or both as sent."""
    words = names.values(path, values)
    field = path if words is None else names.field(path)
    return field, _several(values if words is None else words, joined)


def subject(names: Names, path: str, value: Any) -> str:
    """Begin a message about a field's value, in the caller's words if there are such."""
    words = names.values(path, [value])
    if words is None:
        return f"is sent as {path} {listing([value])}, which "
    return f"{listing(words)} "


def _several(values: Iterable[Any], joined: str) -> str:
    *rest, last = (listing([value]) for value in values)
    return f"{', '.join(rest)}{joined}{last}" if rest else last


def _apart(words: str, nested: bool) -> str:
    return f"({words})" if nested else words
