"""The shapes of rules: each is bound to a payload struct, and then says everything at once.

A shape says when it is satisfied (as an expression, for the one function that a check runs for all
rules), what to report where if it is not, and the same as JSON Schema.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rushes._payload.constraints import described, distance, finite, spans
from rushes._structs.unrolled import unrolled
from rushes._vocabulary.conditions import (
    Condition,
    Given,
    Has,
    Words,
    compiled,
    field_and_values,
    refuse_impossible,
    sentence,
)
from rushes._vocabulary.places import KNOWN, Place, Schema, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing, show
from rushes.rules import Finding, Names

Found = Callable[[Any, Any, Names], list[Finding]]
CLOSE = 1e-6
"""Numbers that differ by less are equal: fractions of a second have no exact sum."""
NO_MORE = r"(?![A-Za-z0-9_])"
"""After a name without an end mark: not the beginning of a longer one."""


class Parts(Struct, frozen=True, kw_only=True):
    """A shape, bound to one payload struct.

    `find` returns what to report; it is called only if `test`, an expression over `read` and `raw`,
    is false.
    """

    name: str
    text: Words
    fields: tuple[str, ...]
    find: Found
    test: str
    schema: Schema | None = None


class Shape(Struct, frozen=True):
    """One sentence of a page, with its paths."""

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct; raises BrokenPluginError if a path is wrong."""
        raise NotImplementedError

    def words(self, struct: type[Struct], says: str) -> Words:
        """Return an author's sentence, in which `{image}` becomes the name of a field."""
        return sentence(struct, says)


class Needs(Shape, frozen=True):
    """What is given needs something else beside it, or a certain setting."""

    what: tuple[Condition, ...]
    other: Condition

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        whats, other = [what.bind(struct) for what in self.what], self.other.bind(struct)
        tests = [(what, compiled(what.test)) for what in whats]

        def found(read: Any, raw: Any, names: Names) -> list[Finding]:
            only = f"is accepted only when {other.when(names)}"
            return [
                Finding(blame.path, blame.subject + only, blame.others)
                for what, met in tests
                if met(read, raw)
                for blame in what.blamed(read, raw, names)
            ]

        def text(names: Names) -> str:
            several = " and ".join(what.beside(names) for what in whats)
            are = "are" if len(whats) > 1 else "is"
            return f"{several} {are} accepted only when {other.when(names)}."

        schemas = [what.schema for what in whats]
        return Parts(
            name=f"{whats[0].name}_needs_{other.name}",
            text=text,
            fields=(*(path for what in whats for path in what.fields), *other.fields),
            test=f"not ({' or '.join(what.test for what in whats)}) or ({other.test})",
            find=found,
            schema={
                "if": schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
                "then": other.schema,
            },
        )


class NotTogether(Shape, frozen=True):
    """Two things exclude each other."""

    one: Condition
    other: Condition

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        one, other = self.one.bind(struct), self.other.bind(struct)
        both = isinstance(self.one, Given) and isinstance(self.other, Given)
        instead = "; give one of the two" if both else ""

        def found(read: Any, raw: Any, names: Names) -> list[Finding]:
            message = f"is not accepted when {other.when(names)}{instead}"
            return [
                Finding(blame.path, f"{blame.subject}{message}", blame.others)
                for blame in one.blamed(read, raw, names)
            ]

        def text(names: Names) -> str:
            if both:
                return f"{one.beside(names)} and {other.beside(names)} must not be given together."
            return f"{one.beside(names)} is not accepted when {other.when(names)}."

        return Parts(
            name=f"{one.name}_not_with_{other.name}",
            text=text,
            fields=(*one.fields, *other.fields),
            test=f"not (({one.test}) and ({other.test}))",
            find=found,
            schema={"not": {"allOf": [one.schema, other.schema]}},
        )


class Required(Shape, frozen=True):
    """A field must be given when something is so, or unless it is; a boolean may be false."""

    path: str
    when: Condition
    unless: bool

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        words = described(place.hint).words
        boolean = words == "true or false"
        given = place.nested({}) if boolean else place.given_schema()
        word = "unless" if self.unless else "when"
        accepted = finite(place.hint)
        blank = " and must not be blank" if words == "text" and not accepted else ""

        def found(_read: Any, _raw: Any, names: Names) -> list[Finding]:
            choices = names.accepted(self.path, accepted)
            these = f"; accepted: {listing(choices)}" if choices else ""
            return [
                Finding(self.path, f"is required{blank} {word} {when.when(names)}{these}", choices)
            ]

        return Parts(
            name=f"{place.name}_{word}_{when.name}",
            text=lambda names: f"{names.field(self.path)} is required {word} {when.when(names)}.",
            fields=(self.path, *when.fields),
            test=f"{place.present if boolean else place.given} or "
            f"{'' if self.unless else 'not '}({when.test})",
            find=found,
            schema={"anyOf": [when.schema, given]}
            if self.unless
            else {"if": when.schema, "then": given},
        )


class Accepts(Shape, frozen=True):
    """A field accepts fewer values when something is so; one without a value is not judged."""

    path: str
    values: tuple[Any, ...]
    when: Condition

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        refuse_impossible(place, self.values)
        value_of = place.reader()

        def found(read: Any, _raw: Any, names: Names) -> list[Finding]:
            sent = [value_of(read), *self._values(names)]
            words = names.values(self.path, sent)
            value, *listed = [sent[0], *self.values] if words is None else words
            subject = (
                f"is sent as {self.path} {show(value)}, which" if words is None else show(value)
            )
            near = sorted(listed, key=distance(value))
            message = (
                f"{subject} is not accepted when {when.when(names)} "
                f"(nearest: {listing(near[:1])}; accepted: {listing(listed)})"
            )
            accepted = names.accepted(self.path, self.values) or []
            return [Finding(self.path, message, sorted(accepted, key=distance(value)) or None)]

        def text(names: Names) -> str:
            field, listed = field_and_values(names, self.path, self._values(names), " and ")
            return f"{field} accepts only {listed} when {when.when(names)}."

        required = place.default not in (None, *self.values)
        return Parts(
            name=f"{place.name}_when_{when.name}",
            text=text,
            fields=(self.path, *when.fields),
            test=f"{place.value} in {(None, *self.values)!r} or not ({when.test})",
            find=found,
            schema={
                "if": when.schema,
                "then": place.nested({"enum": [*self.values]}, required=required),
            },
        )

    def _values(self, names: Names) -> Sequence[Any]:
        """Return the accepted values that the caller's words can say: not every frame count can."""
        return [v for v in self.values if names.values(self.path, [v])] or self.values


class AtMost(Shape, frozen=True):
    """A list has at most so many items of each kind."""

    most: int
    kinds: tuple[Has, ...]

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        kinds = [kind.bind(struct) for kind in self.kinds]
        only = "only one is accepted" if self.most == 1 else f"only {self.most} are accepted"

        def found(read: Any, raw: Any, names: Names) -> list[Finding]:
            return [
                Finding(blame.path, f"is another {blame.subject.strip()}; {only}")
                for kind in kinds
                for blame in kind.blamed(read, raw, names)[self.most :]
            ]

        def text(_names: Names) -> str:
            return f"At most {' and '.join(f'{self.most} {kind.name}' for kind in kinds)}."

        return Parts(
            name=f"at_most_{self.most}_{'_'.join(kind.name for kind in kinds)}",
            text=text,
            fields=tuple(path for kind in kinds for path in kind.fields),
            test=" and ".join(f"len({kind.test}) <= {self.most}" for kind in kinds),
            find=found,
            schema={
                "allOf": [
                    kind.place.nested(self._few(kind.item_schema), required=False) for kind in kinds
                ]
            },
        )

    def _few(self, item: Schema) -> Schema:
        return {"contains": item, "minContains": 0, "maxContains": self.most}


class AddsUp(Shape, frozen=True):
    """The parts of a list add up to a total; nothing is judged if a part or the total is absent."""

    parts: str
    total: str
    when: Condition | None
    notes: bool = False

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        path, name = list_and_field(self.parts)
        items, sum_ = find(struct, path), find(struct, self.total)
        inner = items.item(name)
        part, total = _number(inner, inner.value), _number(sum_, sum_.value)
        when = self.when.bind(struct) if self.when else None
        bounds = described(sum_.hint)
        as_sent, must = _as_sent(sum_), "should" if self.notes else "must"
        parts = f"[{part} for item in {items.items}]"
        parts_of = unrolled("read", (f"return {parts}",), **KNOWN)
        total_of = unrolled("read", (f"return {total}",), **KNOWN)

        def found(read: Any, _raw: Any, names: Names) -> list[Finding]:
            listed, given = parts_of(read), total_of(read)
            if None in listed:
                return []
            reached = round(sum(listed), 6)
            if abs(reached - given) < CLOSE:
                return []
            given, reached = as_sent(given), as_sent(reached)
            words = names.values(self.total, [given, reached])
            sent_as = f"sent as {self.total} " if words is None else ""
            given, total = (listing([number]) for number in words or (given, reached))
            add_up = f"{names.field(self.parts)} add up to {total}"
            if self.notes:  # the caller may not have given the total
                message = f"{add_up}, {names.field(self.total)} is {given}; they should be equal"
                return [Finding(path, message)]
            if bounds.within(reached):
                message = f"is {sent_as}{given}, but {add_up}; they must be equal"
                return [Finding(self.total, message, names.accepted(self.total, [reached]))]
            choices = listing(names.accepted(self.total, bounds.choices) or ())
            return [Finding(path, f"{add_up}; accepted: {choices or spans(bounds)}")]

        unless = f"not ({when.test}) or " if when else ""
        return Parts(
            name=f"{items.name}_add_up_to_{sum_.name}",
            text=lambda names: (
                f"{names.field(self.parts)} {must} add up to {names.field(self.total)}."
            ),
            fields=(path, self.total, *(when.fields if when else ())),
            test=f"{unless}not {items.value} or {sum_.value} is None or "
            f"None not in (parts := {parts}) and abs(sum(parts) - {total}) < {CLOSE}",
            find=found,
        )


def _number(place: Place, value: str) -> str:
    """Return an expression for a field's number, which may be written as text, like "5".

    Raises BrokenPluginError if the field may be anything else.
    """
    bounds = described(place.hint)
    if {*bounds.types} & {int, float}:
        return value
    if bounds.choices and all(str(choice).isdecimal() for choice in bounds.choices):
        return f"(int({value}) if {value} is not None else None)"
    raise BrokenPluginError(f"{place.path} is not a number, and cannot add up")


def _as_sent(place: Place) -> Callable[[Any], Any]:
    """Return a function that writes a number as the field does."""
    text = not {*described(place.hint).types} & {int, float}
    return (lambda number: f"{number:g}") if text else (lambda number: number)


def list_and_field(path: str) -> tuple[str, str]:
    """Split a path to a field of a list's items; raises BrokenPluginError if it is none."""
    outer, several, name = path.partition("[].")
    if not several:
        raise BrokenPluginError(f"{path!r} is not of the form 'list[].field'")
    return outer, name


class Each(Shape, frozen=True):
    """Another shape, of which each item of a list is judged by itself."""

    path: str
    shape: Shape

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place = find(struct, self.path)
        parts = self.shape.bind(place.item_struct())
        met = compiled(parts.test)
        pairs = f"zip({place.items}, {place.sent} or ())"
        pairs_of = unrolled("read, raw", (f"return {pairs}",), **KNOWN)

        def found(read: Any, raw: Any, names: Names) -> list[Finding]:
            inner = ItemNames(names, self.path)
            return [
                replace(finding, path=f"{self.path}[{index}].{finding.path}")
                for index, (item, sent) in enumerate(pairs_of(read, raw))
                if not met(item, sent)
                for finding in parts.find(item, sent, inner)
            ]

        broken = f"not (lambda read, raw: {parts.test})(each, sent)"
        return Parts(
            name=f"{place.name}_{parts.name}",
            text=self._of_items(parts.text),
            fields=(self.path,),
            test=f"not [1 for each, sent in {pairs} if {broken}]",
            find=found,
            schema=parts.schema and place.nested({"items": parts.schema}, required=False),
        )

    def words(self, struct: type[Struct], says: str) -> Words:
        """Return an author's sentence about an item, in which `{url}` is the name of its field."""
        return self._of_items(self.shape.words(find(struct, self.path).item_struct(), says))

    def _of_items(self, words: Words) -> Words:
        return lambda names: words(ItemNames(names, self.path))


class ItemNames(Names):
    """How a message names the fields of a list's items: as parts of the list."""

    def __init__(self, names: Names, path: str) -> None:
        self._names, self._path = names, path
        self.used = names.used

    def field(self, path: str) -> str:
        """Return the name of an item's field."""
        return self._names.field(self._in(path))

    def values(self, path: str, values: Iterable[Any]) -> list[Any] | None:
        """Return values of an item's field in the words of its name."""
        return self._names.values(self._in(path), values)

    def item(self, path: str, name: str, value: Any) -> str | None:
        """Return the name of the items of a list within an item."""
        return self._names.item(self._in(path), name, value)

    def accepted(self, path: str, values: Iterable[Any] | None) -> list[Any] | None:
        """Return those of several values that the caller can give."""
        return self._names.accepted(self._in(path), values)

    def _in(self, path: str) -> str:
        return f"{self._path}[].{path}"


class CountsFromOne(Shape, frozen=True):
    """The items of a list are numbered from 1."""

    path: str

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        path, name = list_and_field(self.path)
        items = find(struct, path)
        inner = items.item(name)
        most = described(items.hint).max_length
        numbers = unrolled("read", (f"return [{inner.value} for item in {items.items}]",), **KNOWN)

        def found(read: Any, _raw: Any, _names: Names) -> list[Finding]:
            return [
                Finding(
                    f"{path}[{place - 1}].{name}",
                    f"{show(number)} is not accepted; this item's {name} must be {place}",
                    [place],
                )
                for place, number in enumerate(numbers(read), 1)
                if number != place
            ]

        prefix = [inner.nested({"const": place}) for place in range(1, (most or 0) + 1)]
        return Parts(
            name=f"{name}_counts_from_1",
            text=lambda _names: f"{self.path} must count the items: 1, 2, 3…",
            fields=(path,),
            test=f"not {items.value} or not "
            f"[1 for place, item in enumerate({items.value}, 1) if {inner.value} != place]",
            find=found,
            schema=items.nested({"prefixItems": prefix}, required=False) if most else None,
        )


class Cited(Shape, frozen=True):
    """Each name in a list is cited in a text; `citation` has `{}` in place of the name."""

    names: str
    citation: str
    within: tuple[str, ...]

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        path, name = list_and_field(self.names)
        items = find(struct, path)
        inner = items.item(name)
        if self.citation.count("{}") != 1:
            raise BrokenPluginError(f"the citation {self.citation!r} has no {{}} for the name")
        before, after = self.citation.split("{}")
        cited_of = unrolled("read", (f"return [{inner.value} for item in {items.items}]",), **KNOWN)
        outer = [text.partition("[].")[0] for text in self.within]
        written = " + ".join(_texts(struct, text) for text in self.within) or "[]"
        texts_of = unrolled("read", (f"return {written}",), **KNOWN)

        def found(read: Any, _raw: Any, _names: Names) -> list[Finding]:
            listed = cited_of(read)
            if not listed:
                return []
            texts = [text for text in texts_of(read) if text]
            uncited = []
            for place, cited in enumerate(listed):
                if cited and not any(_cites(text, before, cited, after) for text in texts):
                    message = (
                        f"no prompt cites {show(f'{before}{cited}{after}')}; it may not appear"
                    )
                    uncited.append(Finding(f"{path}[{place}].{name}", message))
            return uncited

        return Parts(
            name=f"{items.name}_cited",
            text=lambda names: (
                f"{names.field(self.names)} should be cited as {before}{name}{after} in "
                f"{' or '.join(names.field(text) for text in self.within)}."
            ),
            fields=(path, *outer),
            test=f"not {items.value}",
            find=found,
        )


def _texts(struct: type[Struct], path: str) -> str:
    """Return an expression for the list of texts at a path."""
    outer, _, deep = path.partition("[].")
    place = find(struct, outer)
    if not deep:
        return f"[{place.value}]"
    return f"[{place.item(deep).value} for item in {place.items}]"


def _cites(text: str, before: str, name: str, after: str) -> bool:
    """Whether a text contains a citation, and not only as the beginning of a longer name."""
    found = re.escape(f"{before}{name}{after}")
    return re.search(found if after else found + NO_MORE, text) is not None


class Remark(Shape, frozen=True):
    """Something worth knowing about a field that is sent when something is so."""

    path: str
    when: Condition
    message: str

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        message = sentence(struct, self.message)
        return Parts(
            name=f"{place.name}_when_{when.name}",
            text=lambda names: f"{message(names)[:1].upper()}{message(names)[1:]}.",
            fields=(self.path, *when.fields),
            test=f"not ({when.test}) or not {place.present}",
            find=lambda _read, _raw, names: [Finding(self.path, message(names))],
        )


class Unsaid(Shape, frozen=True):
    """Something that happens by default, and may surprise a caller who did not ask for it."""

    path: str
    message: str

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, message = find(struct, self.path), sentence(struct, self.message)
        return Parts(
            name=f"{place.name}_by_default",
            text=lambda names: f"Unless {names.field(self.path)} is given, {message(names)}.",
            fields=(self.path,),
            test=place.present,
            find=lambda _read, _raw, names: [
                Finding(self.path, f"is not given, so {message(names)}")
            ],
        )
