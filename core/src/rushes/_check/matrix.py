"""What a variant can do according to its declaration: the rows of the capability matrix."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rushes._check.naming import CommonNames
from rushes._payload.body import ITEMS
from rushes._payload.combining import column
from rushes._payload.constraints import described, finite, lengths, spans
from rushes._plugins.declaration import TARGETS
from rushes._vocabulary.places import find
from rushes.problems import listing
from rushes.rules import Rule
from rushes.variant import Always, Built, Shots, To, Together, Variant

SCALARS = frozenset(name for name in TARGETS if name.partition(".")[0] not in (*ITEMS, "sounds"))
"""The common fields with a single value."""


class Capability(Struct, frozen=True, kw_only=True):
    """What one variant does with one common field.

    `words` is the cell of the matrix; `accepted` lists the values if there are few, in common
    words; `to` is the payload path it goes to; `conditions` are the rules that concern it.
    """

    field: str
    how: Literal["carried", "always", "no"]
    words: str
    accepted: list[Any] | None = None
    to: str | None = None
    conditions: tuple[str, ...] = ()


def capabilities(variant: Variant) -> dict[str, Capability]:
    """Return a variant's capabilities, one for each common field and each role of an image."""
    rules = [rule.bound(variant.payload) for rule in variant.rules]
    return {row: _capability(variant, rules, row) for row in TARGETS}


def _capability(variant: Variant, rules: Sequence[Rule], row: str) -> Capability:
    place = variant.fields.get(row)
    if isinstance(place, Always):
        words = {True: "always", False: "never"}.get(place.value, f"always {place.value}")
        return Capability(field=row, how="always", words=words, accepted=[place.value])
    if place is None:
        return Capability(field=row, how="no", words="no")
    path = place.path.removesuffix("[]")
    names = CommonNames(variant)
    conditions = tuple(rule.sentence(names) for rule in rules if path in rule.fields)
    accepted, words = _values(row, place, find(variant.payload, path).hint)
    if row in ("images.first_frame", "images.last_frame"):
        accepted, words = None, "yes"
    return Capability(
        field=row, how="carried", words=words, accepted=accepted, to=path, conditions=conditions
    )


def _values(
    row: str, place: To | Together | Shots | Built, hint: Any
) -> tuple[list[Any] | None, str]:
    """Return what a field accepts, in common words: all values, if they are few, and in words."""
    if isinstance(place, Together):
        own = column(place, row)
        return own, listing(own)
    if isinstance(place, To) and place.values is not None:
        return list(place.values), listing(place.values)
    if isinstance(place, To) and place.accepts is not None:
        hint = place.accepts
    elif isinstance(place, To) and place.form is not None and row in SCALARS:
        return None, "yes"  # the payload's limits are in other units than the caller's
    bounds = described(hint)
    if bounds.words == "a list":
        return None, f"up to {bounds.max_length}" if bounds.max_length else "yes"
    if span := spans(bounds):
        return finite(hint), span
    if bounds.choices:
        return list(bounds.choices), listing(bounds.choices)
    if most := lengths(msgspec.structs.replace(bounds, min_length=None)):
        return None, most
    return ([True, False] if bounds.words == "true or false" else None), "yes"
