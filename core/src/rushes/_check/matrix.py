"""What a variant can do according to its declaration: the rows of the capability matrix."""

from typing import Any, Literal, get_args

from msgspec import Struct

from rushes._payload.constraints import described, finite, spans
from rushes._payload.fields import extra, is_struct, shape, unwrap
from rushes.problems import listing
from rushes.request import FIELDS, Role
from rushes.variant import Always, Built, To, Variant

ROWS = tuple(
    row
    for field in FIELDS
    for row in ([f"images.{role}" for role in get_args(Role)] if field == "images" else [field])
)


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
    return {row: _capability(variant, row) for row in ROWS}


def _capability(variant: Variant, row: str) -> Capability:
    place = variant.fields.get(row)
    if isinstance(place, Always):
        words = {True: "always", False: "never"}.get(place.value, f"always {place.value}")
        return Capability(field=row, how="always", words=words, accepted=[place.value])
    if place is None:
        return Capability(field=row, how="no", words="no")
    path = place.path.removesuffix("[]")
    conditions = tuple(rule.text for rule in variant.rules if path in rule.fields)
    accepted, words = _values(place, hint_at(variant.payload, path))
    if row in ("images.first_frame", "images.last_frame"):
        accepted, words = None, "yes"
    return Capability(
        field=row, how="carried", words=words, accepted=accepted, to=path, conditions=conditions
    )


def _values(place: To | Built, hint: Any) -> tuple[list[Any] | None, str]:
    if isinstance(place, To) and place.values is not None:
        return list(place.values), listing(place.values)
    if hint is None:
        return None, "yes"
    bounds = described(hint)
    if bounds.words == "a list":
        return None, f"up to {bounds.max_length}" if bounds.max_length else "yes"
    if span := spans(bounds):
        return finite(hint), span
    if bounds.choices:
        return list(bounds.choices), listing(bounds.choices)
    if bounds.max_length:
        return None, f"up to {bounds.max_length} characters"
    return ([True, False] if bounds.words == "true or false" else None), "yes"


def hint_at(struct: type[Struct], path: str) -> Any:
    """Return the type hint at a payload path, also inside open objects; None if there is none."""
    name, _, rest = path.partition(".")
    hint = next((field.hint for field in shape(struct) if field.wire == name), None)
    if hint is None or not rest:
        return hint
    base, metas = unwrap(hint)
    inner = extra(metas, "known") or base
    return hint_at(inner, rest) if is_struct(inner) else None
