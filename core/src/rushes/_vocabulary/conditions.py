"""Conditions on a payload: a field is given, has a value, or holds an item of a kind."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rushes._payload.constraints import described, finite, spans
from rushes._structs.unrolled import unrolled
from rushes._vocabulary.places import KNOWN, Place, Schema, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing


class Blame(Struct, frozen=True):
    """A place in one payload where a condition is met.

    `subject` begins a message about it: the value that is meant, if there is one. `others` are the
    field's values that do not meet the condition, if they are few.
    """

    path: str
    subject: str = ""
    others: list[Any] | None = None


class Bound(Struct, frozen=True, kw_only=True):
    """A condition, bound to one payload struct.

    `test` is an expression over `read` and `raw`; `blamed` returns the places where a payload meets
    it. `when` and `beside` are the condition in words: "mode is pro" and "mode pro"; `name` is a
    short one for codes. `fields` are the paths that it looks at.
    """

    name: str
    test: str
    schema: Schema
    when: str
    beside: str
    fields: tuple[str, ...]
    blamed: Callable[[Any, Any], list[Blame]]


class BoundItem(Bound, frozen=True, kw_only=True):
    """A condition on the items of a list: `item_test` is an expression over `item`."""

    place: Place
    item_test: str
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
        place = find(struct, self.path)
        boolean = described(place.hint).words == "true or false"
        blame = [Blame(self.path, "true ", [False]) if boolean else Blame(self.path)]
        return Bound(
            name=place.name,
            test=place.given,
            schema=place.given_schema(),
            when=f"{self.path} is {'true' if boolean else 'given'}",
            beside=f"{self.path} true" if boolean else self.path,
            fields=(self.path,),
            blamed=lambda _read, _raw: blame,
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

        def blamed(read: Any, _raw: Any) -> list[Blame]:
            value = value_of(read)
            return [Blame(self.path, f"{listing([value])} ", _others(place, value, values))]

        return Bound(
            name=f"{place.name}_{'_'.join(str(value) for value in values)}",
            test=f"{place.value} == {values[0]!r}" if one else f"{place.value} in {values!r}",
            schema=place.nested(
                {"const": values[0]} if one else {"enum": [*values]},
                required=place.default not in values,
            ),
            when=f"{self.path} is {_either(values)}",
            beside=f"{self.path} {_either(values)}",
            fields=(self.path,),
            blamed=blamed,
        )


class Has(Condition, frozen=True):
    """A list has an item of a kind: one whose field has a value."""

    path: str
    name: str
    value: Any

    def bind(self, struct: type[Struct]) -> BoundItem:
        """Return the condition for a payload struct."""
        place = find(struct, self.path)
        inner = place.item(self.name)
        refuse_impossible(inner, (self.value,))
        test = f"{inner.value} == {self.value!r}"
        item = inner.nested({"const": self.value}, required=inner.default != self.value)
        others = _others(inner, self.value, (self.value,))
        found = f"[place for place, item in enumerate({place.items}) if {test}]"
        places = unrolled("read", (f"return {found}",), **KNOWN)

        def blamed(read: Any, _raw: Any) -> list[Blame]:
            paths = [f"{self.path}[{index}].{self.name}" for index in places(read)]
            return [Blame(path, f"{listing([self.value])} ", others) for path in paths]

        return BoundItem(
            name=str(self.value),
            test=found,
            schema=place.nested({"contains": item}),
            when=f"{self.path} has a {self.value}",
            beside=f"a {self.value}",
            fields=(self.path,),
            blamed=blamed,
            place=place,
            item_test=test,
            item_schema=item,
        )


class Joined(Condition, frozen=True):
    """Several conditions: all of them, or any of them, must be met."""

    conditions: tuple[Condition, ...]
    how: Literal["and", "or"]

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        parts = [condition.bind(struct) for condition in self.conditions]
        tests = [(part, compiled(part.test)) for part in parts]
        nested = [isinstance(condition, Joined) for condition in self.conditions]
        word = f" {self.how} "

        def blamed(read: Any, raw: Any) -> list[Blame]:
            return next(part.blamed(read, raw) for part, met in tests if met(read, raw))

        return Bound(
            name=f"_{self.how}_".join(part.name for part in parts),
            test=f"({word.join(f'({part.test})' for part in parts)})",
            schema={"allOf" if self.how == "and" else "anyOf": [part.schema for part in parts]},
            when=word.join(_apart(p.when, inner) for p, inner in zip(parts, nested, strict=True)),
            beside=word.join(
                _apart(p.beside, inner) for p, inner in zip(parts, nested, strict=True)
            ),
            fields=tuple(path for part in parts for path in part.fields),
            blamed=blamed,
        )


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
    known = finite(place.hint, near=value)
    return [other for other in known if other not in values] if known else None


def _either(values: tuple[Any, ...]) -> str:
    *rest, last = (listing([value]) for value in values)
    return f"{', '.join(rest)} or {last}" if rest else last


def _apart(words: str, nested: bool) -> str:
    return f"({words})" if nested else words
