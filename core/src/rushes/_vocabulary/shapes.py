"""The shapes of rules: each is bound to a payload struct, and then says everything at once.

A shape says when it is satisfied (as an expression, for the one function that a check runs for all
rules), what to report where if it is not, and the same as JSON Schema.
"""

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from rushes._payload.constraints import described, distance, finite, spans
from rushes._structs.unrolled import unrolled
from rushes._vocabulary.conditions import Condition, Given, Has, refuse_impossible
from rushes._vocabulary.places import KNOWN, Schema, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing, show
from rushes.rules import Finding

Found = Callable[[Any, Any], list[Finding]]


class Parts(Struct, frozen=True, kw_only=True):
    """A shape, bound to one payload struct.

    `find` returns what to report; it is called only if `test`, an expression over `read` and `raw`,
    is false, or empty.
    """

    name: str
    text: str
    fields: tuple[str, ...]
    find: Found
    test: str = ""
    schema: Schema | None = None


def compiled(test: str) -> Callable[[Any, Any], bool]:
    """Return an expression over `read` and `raw` as a function."""
    return unrolled("read, raw", (f"return {test}",), **KNOWN)


class Shape(Struct, frozen=True):
    """One sentence of a page, with its paths."""

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct; raises BrokenPluginError if a path is wrong."""
        raise NotImplementedError


class Needs(Shape, frozen=True):
    """What is given needs something else beside it, or a certain setting."""

    what: tuple[Condition, ...]
    other: Condition

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        whats, other = [what.bind(struct) for what in self.what], self.other.bind(struct)
        met = [(what, compiled(what.test)) for what in whats]

        def found(read: Any, raw: Any) -> list[Finding]:
            message = f"is accepted only when {other.when}"
            return [
                Finding(what.path(raw), f"{what.subject}{message}", what.others())
                for what, is_met in met
                if is_met(read, raw)
            ]

        return Parts(
            name=f"{whats[0].name}_needs_{other.name}",
            text=f"{' and '.join(what.beside for what in whats)}: only when {other.when}.",
            fields=(*(path for what in whats for path in what.fields), *other.fields),
            test=f"not ({' or '.join(what.test for what in whats)}) or ({other.test})",
            find=found,
            schema={
                "if": whats[0].schema
                if len(whats) == 1
                else {"anyOf": [what.schema for what in whats]},
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
        instead = "give one of the two" if isinstance(self.other, Given) else "leave it out"
        message = f"{one.subject}is not accepted when {other.when}; {instead}"
        accepted = one.others()
        return Parts(
            name=f"{one.name}_not_with_{other.name}",
            text=f"{one.beside} and {other.beside} must not be given together.",
            fields=(*one.fields, *other.fields),
            test=f"not (({one.test}) and ({other.test}))",
            find=lambda _read, raw: [Finding(one.path(raw), message, accepted)],
            schema={"not": {"allOf": [one.schema, other.schema]}},
        )


class Required(Shape, frozen=True):
    """A field must be given when something is so, or unless it is."""

    path: str
    when: Condition
    unless: bool

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        given, word = place.given_schema(), "unless" if self.unless else "when"
        accepted = finite(place.hint)
        blank = described(place.hint).words == "text" and not accepted
        message = f"is required{' and must not be blank' if blank else ''} {word} {when.when}"
        if accepted:
            message += f"; accepted: {listing(accepted)}"
        return Parts(
            name=f"{place.name}_{word}_{when.name}",
            text=f"{self.path} is required {word} {when.when}.",
            fields=(self.path, *when.fields),
            test=f"{place.given} or {'' if self.unless else 'not '}({when.test})",
            find=lambda _read, _raw: [Finding(self.path, message, accepted)],
            schema={"anyOf": [when.schema, given]}
            if self.unless
            else {"if": when.schema, "then": given},
        )


class Accepts(Shape, frozen=True):
    """A field accepts fewer values when something is so."""

    path: str
    values: tuple[Any, ...]
    when: Condition

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        refuse_impossible(place, self.values)
        listed = listing(self.values)
        value_of = unrolled("read", (f"return {place.value}",), **KNOWN)

        def found(read: Any, _raw: Any) -> list[Finding]:
            value = value_of(read)
            near = sorted(self.values, key=distance(value))
            message = (
                f"{show(value)} is not accepted when {when.when} "
                f"(nearest: {listing(near[:1])}; accepted: {listed})"
            )
            return [Finding(self.path, message, near)]

        required = place.default not in self.values
        return Parts(
            name=f"{place.name}_when_{when.name}",
            text=f"{self.path} accepts only {listed} when {when.when}.",
            fields=(self.path, *when.fields),
            test=f"{place.value} in {self.values!r} or not ({when.test})",
            find=found,
            schema={
                "if": when.schema,
                "then": place.nested({"enum": [*self.values]}, required=required),
            },
        )


class AtMost(Shape, frozen=True):
    """A list has at most so many items of each kind."""

    most: int
    kinds: tuple[Has, ...]

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        kinds = [kind.bind(struct) for kind in self.kinds]
        words = " and ".join(listing(kind.values) for kind in kinds)
        only = "only one is accepted" if self.most == 1 else f"only {self.most} are accepted"

        def found(_read: Any, raw: Any) -> list[Finding]:
            return [
                Finding(path, f"is another {listing(kind.values)}; {only}")
                for kind in kinds
                for path in kind.paths(raw)[self.most :]
            ]

        return Parts(
            name=f"at_most_{self.most}_{'_'.join(kind.name for kind in kinds)}",
            text=f"At most {self.most} {words}.",
            fields=tuple(dict.fromkeys(path for kind in kinds for path in kind.fields)),
            test=" and ".join(
                f"sum({kind.item_test} for item in {kind.place.value}) <= {self.most}"
                for kind in kinds
            ),
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
    """The parts of a list add up to a total, if both are given."""

    parts: str
    total: str
    when: Condition | None

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        path, _, name = self.parts.partition("[].")
        items, total = find(struct, path), find(struct, self.total)
        inner = items.item(name)
        when = self.when.bind(struct) if self.when else None
        bounds = described(total.hint)
        sum_of = unrolled("read", (f"return sum({inner.value} for item in {items.value})",))
        total_of = unrolled("read", (f"return {total.value}",), **KNOWN)

        def found(read: Any, _raw: Any) -> list[Finding]:
            reached = sum_of(read)
            if (bounds.ge or reached) <= reached <= (bounds.le or reached):
                message = (
                    f"is {show(total_of(read))}, but {self.parts} add up to {show(reached)}; "
                    "they must be equal"
                )
                return [Finding(self.total, message, [reached])]
            message = f"{self.parts} add up to {show(reached)}; accepted: {spans(bounds)}"
            return [Finding(path, message)]

        unless = f"not ({when.test}) or " if when else ""
        return Parts(
            name=f"{items.name}_add_up_to_{total.name}",
            text=f"{self.parts} must add up to {self.total}.",
            fields=(path, self.total, *(when.fields if when else ())),
            test=f"{unless}not {items.value} or "
            f"sum([{inner.value} for item in {items.value}]) == {total.value}",
            find=found,
        )


class CountsFromOne(Shape, frozen=True):
    """The items of a list are numbered from 1."""

    path: str

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        path, _, name = self.path.partition("[].")
        items = find(struct, path)
        inner = items.item(name)
        most = described(items.hint).max_length
        numbers = unrolled("read", (f"return [{inner.value} for item in {items.value}]",))

        def found(read: Any, _raw: Any) -> list[Finding]:
            return [
                Finding(
                    f"{path}[{place - 1}].{name}",
                    f"{show(number)} is not accepted; this item's {name} must be {place}",
                    [place],
                )
                for place, number in enumerate(numbers(read), 1)
                if number != place
            ]

        prefix = [{"properties": {name: {"const": place}}} for place in range(1, (most or 0) + 1)]
        return Parts(
            name=f"{name}_counts_from_1",
            text=f"{self.path} must count the items: 1, 2, 3…",
            fields=(path,),
            test=f"[{inner.value} for item in {items.value}] == "
            f"[*range(1, len({items.value}) + 1)]",
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
        path, _, name = self.names.partition("[].")
        items = find(struct, path)
        inner = items.item(name)
        names = unrolled("read", (f"return [{inner.value} for item in {items.value}]",))
        if self.citation.count("{}") != 1:
            raise BrokenPluginError(f"the citation {self.citation!r} has no {{}} for the name")
        before, after = self.citation.split("{}")
        texts, fields = [], [path]
        for text in self.within:
            outer, _, deep = text.partition("[].")
            place = find(struct, outer)
            if deep:
                texts.append(f"[{place.item(deep).value} for item in {place.value}]")
            else:
                texts.append(f"[{place.value}]")
            fields.append(outer)
        texts_of = unrolled("read", (f"return {' + '.join(texts)}",), **KNOWN)

        def found(read: Any, _raw: Any) -> list[Finding]:
            listed = names(read)
            if not listed:
                return []
            findings, told = [], texts_of(read)
            for place, cited in enumerate(listed):
                citation = f"{before}{cited}{after}"
                pattern = re.compile(re.escape(citation) + ("" if after else NO_MORE))
                if not any(pattern.search(text) for text in told):
                    message = f"no prompt cites {show(citation)}; it may not appear"
                    findings.append(Finding(f"{path}[{place}].{name}", message))
            return findings

        return Parts(
            name=f"{items.name}_cited",
            text=f"{self.names} should be cited as {self.citation.format(name)} in "
            f"{' or '.join(self.within)}.",
            fields=tuple(fields),
            find=found,
        )


NO_MORE = r"(?!\w)"
"""After a name without an end mark: not the beginning of a longer name."""


class Remark(Shape, frozen=True):
    """Something worth knowing about a field when something is so; it refuses nothing."""

    path: str
    when: Condition
    message: str

    def bind(self, struct: type[Struct]) -> Parts:
        """Return the shape for a payload struct."""
        place, when = find(struct, self.path), self.when.bind(struct)
        return Parts(
            name=f"{place.name}_when_{when.name}",
            text=f"{self.message[:1].upper()}{self.message[1:]}.",
            fields=(self.path, *when.fields),
            test=f"not ({when.test})",
            find=lambda _read, _raw: [Finding(self.path, self.message)],
        )
