"""Payloads that break one rule of the vocabulary: made from accepted ones, by small changes.

A rule's shape says what breaks it: `needs("last_image", "image")` is broken by a payload with a
`last_image` and without an `image`. Whether a payload breaks that rule alone, a check decides.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import singledispatch
from typing import Any, NamedTuple, cast, get_args

from msgspec import Struct

from rushes._payload.constraints import described, finite
from rushes._payload.fields import extra, is_struct, shape, unwrap
from rushes._payload.paths import steps_to
from rushes._vocabulary.conditions import Condition, Equals, Given, Has, Joined, Sent
from rushes._vocabulary.shapes import (
    Accepts,
    AddsUp,
    AtMost,
    Cited,
    CountsFromOne,
    Each,
    Needs,
    NotTogether,
    Remark,
    Required,
    Shape,
    Unsaid,
    list_and_field,
)
from rushes.calls import pick
from rushes.testing._answers import put_at
from rushes.testing._sites import Site, sites
from rushes.testing._values import ends, good, plausible

Body = Mapping[str, Any]
Change = Callable[[Body], Iterable[Body]]
"""What makes payloads from one; the smallest change comes first, often none."""


class Attempt(NamedTuple):
    """Changes that break a rule, one after the other, and the paths that it may then blame."""

    changes: tuple[Change, ...]
    blamed: tuple[str, ...]

    def payloads(self, body: Body) -> Iterator[Body]:
        """Yield what becomes of an accepted payload."""
        made: Iterable[Body] = [body]
        for change in self.changes:
            made = [changed for one in made for changed in change(one)]
        yield from made

    def blames(self, path: str) -> bool:
        """Whether a finding's path is one of those to be blamed, or an item there."""
        generic = re.sub(r"\[\d+\]", "[]", path)
        paths = [blamed.replace("[0]", "[]") for blamed in self.blamed]
        return any(generic in (blamed, f"{blamed}[]") for blamed in paths)


class Fields:
    """The fields of a payload by their paths, as changes put values there.

    `accepted` are payloads that break no rule: their values are tried before made-up ones.
    """

    def __init__(self, payload: type[Struct], accepted: Iterable[Body]) -> None:
        self._sites = {site.path.replace("[0]", "[]"): site for site in sites(payload)}
        self._accepted = list(accepted)

    def hint(self, path: str) -> Any:
        """Return a field's type."""
        return self._site(path).hint

    def _site(self, path: str) -> Site:
        return self._sites[path.replace("[0]", "[]")]

    def put(self, path: str, values: Iterable[Any]) -> Change:
        """Return the change to each of several values."""
        site = self._site(path)
        listed = list(values)
        return lambda body: [site.put(dict(body), value) for value in listed]

    def values(self, path: str) -> list[Any]:
        """List values that a field accepts: all, if they are few."""
        hint = self.hint(path)
        seen = [pick(body, *steps_to(path)) for body in self._accepted]
        known = [value for value in seen if value is not None]
        made = [*(finite(hint) or ()), plausible(hint), *good(hint), *_filled(hint)]
        return _distinct([*known, *made])

    def item(self, path: str, **given: Any) -> dict[str, Any]:
        """Return an item of a list of objects, with the values given."""
        return {**plausible(get_args(unwrap(self.hint(path))[0])[0]), **given}

    def items(self, path: str) -> "Fields":
        """Return the fields of a list's items."""
        inner = unwrap(get_args(unwrap(self.hint(path))[0])[0])[0]
        listed = (pick(body, *steps_to(path)) for body in self._accepted)
        return Fields(cast("Any", inner), [item for items in listed for item in items or ()])


def _filled(hint: Any) -> list[Any]:
    """List objects with one field each."""
    base, metas = unwrap(hint)
    inner = extra(metas, "known") or (base if is_struct(base) else None)
    return [{**plausible(hint), f.wire: plausible(f.hint)} for f in shape(inner)] if inner else []


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Leave out repeated values; true is not 1."""
    return list({repr(value): value for value in values}.values())


def without(path: str) -> Change:
    """Return the change to a payload without a field."""
    *outer, last = steps_to(path)

    def left_out(body: Body) -> Iterator[Body]:
        made: Any = deepcopy(dict(body))
        holder = pick(made, *outer) if outer else made
        if isinstance(holder, dict):
            holder.pop(last, None)
        yield made

    return left_out


def unchanged(body: Body) -> Iterable[Body]:
    """Leave a payload as it is."""
    return [body]


def _either(*changes: Change) -> Change:
    return lambda body: [made for change in changes for made in change(body)]


def _both(*changes: Change) -> Change:
    return lambda body: Attempt(changes, ()).payloads(body)


@singledispatch
def met(condition: Condition, fields: Fields) -> Change:
    """Return the change to payloads that meet a condition."""
    raise NotImplementedError(type(condition))


@singledispatch
def unmet(condition: Condition, fields: Fields) -> Change:
    """Return the change to payloads that do not meet a condition."""
    raise NotImplementedError(type(condition))


@met.register
def _(condition: Given, fields: Fields) -> Change:
    values = fields.values(condition.path)
    number = {int, float} & {*described(fields.hint(condition.path)).types}
    present = [value for value in values if value or (number and value is not False)]
    return _either(unchanged, fields.put(condition.path, present))


@unmet.register
def _(condition: Given, fields: Fields) -> Change:  # noqa: ARG001
    return without(condition.path)


@met.register
def _(condition: Sent, fields: Fields) -> Change:
    return _either(unchanged, fields.put(condition.path, fields.values(condition.path)))


@unmet.register
def _(condition: Sent, fields: Fields) -> Change:  # noqa: ARG001
    return without(condition.path)


@met.register
def _(condition: Equals, fields: Fields) -> Change:
    return _either(unchanged, fields.put(condition.path, condition.values))


@unmet.register
def _(condition: Equals, fields: Fields) -> Change:
    others = [value for value in fields.values(condition.path) if value not in condition.values]
    return _either(unchanged, without(condition.path), fields.put(condition.path, others))


@met.register
def _(condition: Has, fields: Fields) -> Change:
    return _either(unchanged, _with_items(condition, fields, 1))


@unmet.register
def _(condition: Has, fields: Fields) -> Change:
    def emptied(body: Body) -> Iterator[Body]:
        items = pick(body, *steps_to(condition.path)) or []
        kept = [item for item in items if pick(item, condition.name) != condition.value]
        yield from fields.put(condition.path, [kept])(body) if kept else [body]

    return _either(without(condition.path), emptied)


def _with_items(kind: Has, fields: Fields, count: int) -> Change:
    """Return the change to lists with so many more items of a kind."""

    def added(body: Body) -> Iterator[Body]:
        items = pick(body, *steps_to(kind.path)) or []
        item = fields.item(kind.path, **{kind.name: kind.value})
        yield from fields.put(kind.path, [[*items, *[item] * count]])(body)

    return added


@met.register
def _(condition: Joined, fields: Fields) -> Change:
    changes = [met(part, fields) for part in condition.conditions]
    return _both(*changes) if condition.how == "and" else _either(*changes)


@unmet.register
def _(condition: Joined, fields: Fields) -> Change:
    changes = [unmet(part, fields) for part in condition.conditions]
    return _either(*changes) if condition.how == "and" else _both(*changes)


@singledispatch
def _paths(condition: Condition) -> tuple[str, ...]:
    """Return the paths that are blamed for meeting a condition."""
    return (condition.path,)  # type: ignore[attr-defined]


@_paths.register
def _(condition: Has) -> tuple[str, ...]:
    return (f"{condition.path}[].{condition.name}",)


@_paths.register
def _(condition: Joined) -> tuple[str, ...]:
    return tuple(path for part in condition.conditions for path in _paths(part))


@singledispatch
def attempts(rule: Shape, fields: Fields) -> Iterator[Attempt]:
    """Yield the ways to break a rule of a shape."""
    raise NotImplementedError(type(rule))


@attempts.register
def _(rule: Needs, fields: Fields) -> Iterator[Attempt]:
    for what in rule.what:
        yield Attempt((met(what, fields), unmet(rule.other, fields)), _paths(what))


@attempts.register
def _(rule: NotTogether, fields: Fields) -> Iterator[Attempt]:
    yield Attempt((met(rule.one, fields), met(rule.other, fields)), _paths(rule.one))


@attempts.register
def _(rule: Required, fields: Fields) -> Iterator[Attempt]:
    so = unmet(rule.when, fields) if rule.unless else met(rule.when, fields)
    yield Attempt((so, without(rule.path)), (rule.path,))


@attempts.register
def _(rule: Accepts, fields: Fields) -> Iterator[Attempt]:
    others = [value for value in fields.values(rule.path) if value not in rule.values]
    refused = _either(fields.put(rule.path, others), without(rule.path))
    yield Attempt((met(rule.when, fields), refused), (rule.path,))


@attempts.register
def _(rule: AtMost, fields: Fields) -> Iterator[Attempt]:
    for kind in rule.kinds:
        more = [_with_items(kind, fields, count) for count in range(1, rule.most + 2)]
        yield Attempt((_either(*more),), _paths(kind))


@attempts.register
def _(rule: AddsUp, fields: Fields) -> Iterator[Attempt]:
    path, name = list_and_field(rule.parts)
    so = met(rule.when, fields) if rule.when else unchanged
    parts = met(Given(path), fields)
    blamed = path if rule.notes else rule.total
    yield Attempt((so, parts, fields.put(rule.total, fields.values(rule.total))), (blamed,))
    choices = described(fields.hint(rule.total)).choices
    most = max(map(int, choices)) if choices else ends(fields.hint(rule.total))[1]
    if most is not None:  # beyond what the total can be, the parts are to blame
        texts = str in described(fields.hint(f"{path}[].{name}")).types
        beyond = [str(most), str(most + 1)] if texts else [most, most + 1]
        yield Attempt((so, parts, _changed_item(path, name, beyond)), (rule.total, path))


@attempts.register
def _(rule: CountsFromOne, fields: Fields) -> Iterator[Attempt]:
    path, name = list_and_field(rule.path)
    yield Attempt((met(Given(path), fields), _changed_item(path, name, [2])), (rule.path,))


@attempts.register
def _(rule: Each, fields: Fields) -> Iterator[Attempt]:
    for attempt in attempts(rule.shape, fields.items(rule.path)):
        blamed = tuple(f"{rule.path}[].{path}" for path in attempt.blamed)
        yield Attempt((_each_item(rule.path, attempt, fields),), blamed)


def _each_item(path: str, attempt: Attempt, fields: Fields) -> Change:
    """Return the change to lists in which an attempt changed an item, or a further one, or all."""

    def changed(body: Body) -> Iterator[Body]:
        items = pick(body, *steps_to(path)) or []
        for place, item in enumerate([*items, fields.item(path)]):
            for other in attempt.payloads(item):
                among = [*items[:place], other, *items[place + 1 :]]
                yield from fields.put(path, [among, [other]])(body)

    return changed


def _changed_item(path: str, name: str, values: list[Any]) -> Change:
    return lambda body: [put_at(body, f"{path}[0].{name}", value) for value in values]


@attempts.register
def _(rule: Cited, fields: Fields) -> Iterator[Attempt]:
    path, _ = list_and_field(rule.names)
    yield Attempt((met(Given(path), fields),), (rule.names,))


@attempts.register
def _(rule: Remark, fields: Fields) -> Iterator[Attempt]:
    yield Attempt((met(Sent(rule.path), fields), met(rule.when, fields)), (rule.path,))


@attempts.register
def _(rule: Unsaid, fields: Fields) -> Iterator[Attempt]:  # noqa: ARG001
    yield Attempt((without(rule.path),), (rule.path,))
