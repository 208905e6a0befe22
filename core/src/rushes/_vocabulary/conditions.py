"""Conditions on a payload: a field is given, has a value, or holds an item of a kind."""

from typing import Any, Literal

from msgspec import Struct

from rushes._payload.constraints import described, finite, spans
from rushes._vocabulary.places import Place, Schema, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing


class Bound(Struct, frozen=True, kw_only=True):
    """A condition, bound to one payload struct.

    `test` is an expression over `read` and `raw`. `when` and `beside` are the condition in words:
    "mode is pro" and "mode pro"; `name` is a short one for codes. `place` is the field that a
    problem names, `fields` are the paths that the condition looks at, `values` those that meet it.
    """

    name: str
    place: Place
    test: str
    schema: Schema
    when: str
    beside: str
    fields: tuple[str, ...]
    values: tuple[Any, ...] = ()

    def path(self, _raw: Any) -> str:
        """Return the path to blame in a payload that meets the condition."""
        return self.place.path

    @property
    def subject(self) -> str:
        """How a message about the field begins: with the value that is meant, if there is one."""
        return f"{listing(self.values[:1])} " if self.values else ""

    @property
    def _field(self) -> Place:
        """The field that has one of the values."""
        return self.place

    def others(self) -> list[Any] | None:
        """List the field's values that do not meet the condition, if they are few."""
        known = finite(self._field.hint, near=self.values[0]) if self.values else None
        return [value for value in known if value not in self.values] if known else None


class BoundItem(Bound, frozen=True, kw_only=True):
    """A condition on the items of a list: `item_test` is an expression over `item`."""

    inner: Place
    item_test: str
    item_schema: Schema

    @property
    def _field(self) -> Place:
        return self.inner

    def paths(self, raw: Any) -> list[str]:
        """Return the path of each item that meets the condition."""
        attribute = self.inner.value.removeprefix("item.")
        items = enumerate(getattr(raw, self.place.attribute))
        met = [n for n, item in items if getattr(item, attribute) in self.values]
        return [f"{self.place.path}[{n}].{self.inner.path}" for n in met]

    def path(self, raw: Any) -> str:
        """Return the path of the first such item."""
        return self.paths(raw)[0]


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
        return Bound(
            name=place.name,
            place=place,
            test=place.given,
            schema=place.given_schema(),
            when=f"{self.path} is {'true' if boolean else 'given'}",
            beside=f"{self.path} true" if boolean else self.path,
            fields=(self.path,),
            values=(True,) if boolean else (),
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
        return Bound(
            name="_".join(str(value) for value in values),
            place=place,
            test=f"{place.value} == {values[0]!r}" if one else f"{place.value} in {values!r}",
            schema=place.nested(
                {"const": values[0]} if one else {"enum": [*values]},
                required=place.default not in values,
            ),
            when=f"{self.path} is {_either(values)}",
            beside=f"{self.path} {_either(values)}",
            fields=(self.path,),
            values=values,
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
        item = {"properties": {self.name: {"const": self.value}}, "required": [self.name]}
        return BoundItem(
            name=str(self.value),
            place=place,
            test=f"any({test} for item in {place.value})",
            schema=place.nested({"contains": item}),
            when=f"{self.path} has a {self.value}",
            beside=f"a {self.value}",
            fields=(self.path,),
            values=(self.value,),
            inner=inner,
            item_test=test,
            item_schema=item,
        )


class Joined(Condition, frozen=True):
    """Several conditions, of which all or any must be met."""

    conditions: tuple[Condition, ...]
    how: Literal["and", "or"]

    def bind(self, struct: type[Struct]) -> Bound:
        """Return the condition for a payload struct."""
        parts = [condition.bind(struct) for condition in self.conditions]
        word = f" {self.how} "
        return Bound(
            name=f"_{self.how}_".join(part.name for part in parts),
            place=parts[0].place,
            test=f"({word.join(part.test for part in parts)})",
            schema={
                "allOf" if self.how == "and" else "anyOf": [part.schema for part in parts],
            },
            when=word.join(part.when for part in parts),
            beside=word.join(part.beside for part in parts),
            fields=tuple(path for part in parts for path in part.fields),
        )


def as_condition(condition: Condition | str) -> Condition:
    """Return a condition; a path alone means that the field is given."""
    return Given(condition) if isinstance(condition, str) else condition


def refuse_impossible(place: Place, values: tuple[Any, ...]) -> None:
    """Raise BrokenPluginError for values that a field never has."""
    bounds = described(place.hint)
    for value in values:
        never = f"{place.path} is never {value!r}"
        if not bounds.fits(value):
            raise BrokenPluginError(f"{never}; it is {bounds.words}")
        if bounds.choices and value not in bounds.choices:
            raise BrokenPluginError(f"{never}; it accepts {listing(bounds.choices)}")
        low, high = bounds.ge, bounds.le
        if (low is not None and value < low) or (high is not None and value > high):
            raise BrokenPluginError(f"{never}; it accepts {spans(bounds)}")


def _either(values: tuple[Any, ...]) -> str:
    *rest, last = (listing([value]) for value in values)
    return f"{', '.join(rest)} or {last}" if rest else last
