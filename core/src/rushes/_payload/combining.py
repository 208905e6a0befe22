"""One value made of two common fields, and the problems if they do not go together."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from rushes._payload.constraints import distance
from rushes._payload.fields import shape
from rushes.problems import Problem, listing, show
from rushes.variant import Together


def completed(
    place: Together, given: Mapping[str, Any], payload: type[Struct]
) -> tuple[Any, Any] | None:
    """Return the value of both fields; one that is not given is that of the payload's default.

    None if it has no default.
    """
    reads_as = next((f.reads_as for f in shape(payload) if f.wire == place.path), None)
    if isinstance(reads_as, Struct):
        reads_as = msgspec.to_builtins(reads_as)
    default = next((pair for pair, wire in place.values.items() if wire == reads_as), None)
    if default is None:
        default = (None, None)
        if len(given) < len(default):
            return None
    (one, other), (one_by_default, other_by_default) = place.fields, default
    return given.get(one, one_by_default), given.get(other, other_by_default)


def complaints(
    place: Together, given: Mapping[str, Any], pair: tuple[Any, Any] | None, who: str
) -> list[Problem]:
    """Return what is wrong with two fields: a value in no pair, or one that does not fit."""
    unknown = [name for name in given if given[name] not in column(place, name)]
    if unknown:
        return [
            _refused(place, name, given[name], _limiting(place, name, pair), who)
            for name in unknown
        ]
    if pair is None:
        (name,), (missing,) = given, {*place.fields} - {*given}
        accepted = column(place, missing, given)
        message = f"is required with {name} {given[name]} by {who}; accepted: {listing(accepted)}"
        return [
            Problem(path=missing, code="missing", message=message, accepted=accepted, names=[name])
        ]
    both = dict(zip(place.fields, pair, strict=True))
    name = [*given][-1]
    others = {other: value for other, value in both.items() if other != name}
    return [_refused(place, name, given[name], others, who)]


def _limiting(place: Together, name: str, pair: tuple[Any, Any] | None) -> dict[str, Any]:
    """Return the other field's value, if fewer values of this one go with it than there are."""
    both = dict(zip(place.fields, pair or (), strict=False))
    others = {other: value for other, value in both.items() if other != name}
    fewer = column(place, name, others)
    return others if fewer and fewer != column(place, name) else {}


def _refused(
    place: Together, name: str, value: Any, others: Mapping[str, Any], who: str
) -> Problem:
    accepted = column(place, name, others)
    near = sorted(accepted, key=distance(value))
    beside = "".join(f" with {other} {given_value}" for other, given_value in others.items())
    message = (
        f"{show(value)} is not accepted{beside} by {who} "
        f"(nearest: {listing(near[:1])}; accepted: {listing(accepted)})"
    )
    return Problem(path=name, code="choice", message=message, accepted=near, names=[*others])


def column(place: Together, name: str, others: Mapping[str, Any] | None = None) -> list[Any]:
    """List the values of one of two fields, or those that go with a value of the other."""
    rows = (dict(zip(place.fields, pair, strict=True)) for pair in place.values)
    wanted = others or {}
    fitting = [row[name] for row in rows if all(row[n] == v for n, v in wanted.items())]
    return list(dict.fromkeys(fitting))
