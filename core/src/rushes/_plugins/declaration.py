"""A declaration, checked when its plugin is loaded: whatever it names exists.

A name that is mistyped there would otherwise be found out by a caller, who would be blamed.
"""

import re
from collections.abc import Collection
from typing import Any, get_args

import msgspec

from rushes._payload.constraints import described, finite, nearest
from rushes._payload.fields import unwrap
from rushes._payload.request_fields import FIELDS
from rushes._payload.struct_objections import objections, type_objections
from rushes._vocabulary.conditions import refuse_impossible
from rushes._vocabulary.places import Place, find
from rushes.errors import BrokenPluginError
from rushes.request import Role, VideoRole
from rushes.rules import Rule
from rushes.variant import Always, Built, To, Together, Variant

ROLES: dict[str, Any] = {"images": Role, "videos": VideoRole}
TARGETS = tuple(
    name
    for field in FIELDS
    for name in (
        [f"{field}.{role}" for role in get_args(ROLES[field])] if field in ROLES else [field]
    )
)
"""What a declaration says the target of: the common fields, each role of an image or a video."""


HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.1)."""
TAKEN_HEADERS = ("authorization", "content-length", "content-type", "host", "transfer-encoding")
"""Headers that carry something else than a client id."""


def checked(variant: Variant, name: str, hooks: Collection[str] = ()) -> Variant:
    """Return a declaration with its rules bound to its payload; `hooks` are those of the plugin.

    Raises BrokenPluginError, with the nearest name, if it names something that is not there.
    """
    for objection in objections(variant.payload):
        raise BrokenPluginError(f"{name}: {objection}")
    for row, target in variant.fields.items():
        where = f"{name}: fields[{row!r}]"
        if row not in TARGETS:
            near = nearest(row, TARGETS) or TARGETS
            raise BrokenPluginError(
                f"{where}: there is no such common field (nearest: {near[0]!r})"
            )
        if not isinstance(target, Always):
            also = target.also if isinstance(target, Built) else ()
            for path in (target.path, *also):
                _target(variant, path, where)
            if isinstance(target, Together):
                _pairs(variant, row, target, where)
            elif isinstance(target, To):
                _values(variant, target, where)
    _client_id(variant, name, hooks)
    _delivery(variant, name, hooks)
    return msgspec.structs.replace(variant, rules=tuple(_rules(variant, name)))


def _target(variant: Variant, path: str, where: str) -> None:
    """Raise BrokenPluginError if the payload has no such field, or it is not a list for `a[]`."""
    try:
        place = find(variant.payload, path.removesuffix("[]"))
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    if path.endswith("[]") and described(place.hint).words != "a list":
        raise BrokenPluginError(f"{where}: {place.path} is not a list")


def _values(variant: Variant, target: To, where: str) -> None:
    """Raise BrokenPluginError if a common value is translated to one that the field never has."""
    if target.back and not target.form:
        raise BrokenPluginError(f"{where}: back= leads back from a form=, and there is none")
    if target.accepts is not None:
        _accepts(variant, target, where)
    elif target.values is not None and target.form is None:
        _possible(variant, target.path, tuple(target.values.values()), where)


def _possible(variant: Variant, path: str, values: tuple[Any, ...], where: str) -> None:
    """Raise BrokenPluginError for a value that a field, or an item of a list, never has."""
    place = find(variant.payload, path.removesuffix("[]"))
    if path.endswith("[]"):
        item = get_args(unwrap(place.hint)[0])[0]
        place = Place(path=path, hint=item, default=None, value="", sent="")
    if values and unwrap(place.hint)[0] is Any:
        return
    try:
        refuse_impossible(place, values)
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None


def _accepts(variant: Variant, target: To, where: str) -> None:
    """Raise BrokenPluginError if an accepted value cannot be sent, or does not lead back.

    The accepted values are tried if they are few, or else the ends of their range.
    """
    if target.values is not None:
        raise BrokenPluginError(f"{where}: values= already says what is accepted")
    for wrong in type_objections("accepts", target.accepts):
        raise BrokenPluginError(f"{where}: {wrong}")
    bounds = described(target.accepts)
    ends = [end for end in (bounds.ge, bounds.le) if end is not None]
    for value in finite(target.accepts) or ends:
        try:
            wire = target.form(value) if target.form else value
            again = wire
            if target.form and target.back:
                again = target.form(target.back(wire))
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise BrokenPluginError(f"{where}: {value!r} cannot be converted: {cause}") from error
        _possible(variant, target.path, (wire,), f"{where}: {value!r} is accepted")
        if again != wire:
            raise BrokenPluginError(
                f"{where}: {value!r} becomes {wire!r}, which back= leads to something else"
            )


def _pairs(variant: Variant, row: str, target: Together, where: str) -> None:
    """Raise BrokenPluginError if two fields do not make one value."""
    others = [variant.fields.get(name) for name in target.fields]
    if len({*target.fields}) != len(others) or len(others) != 2 or row not in target.fields:
        raise BrokenPluginError(f"{where}: Together takes two fields, and is the target of both")
    if any(other != target for other in others):
        raise BrokenPluginError(f"{where}: {' and '.join(target.fields)} need the same Together")
    if any(not isinstance(pair, tuple) or len(pair) != 2 for pair in target.values):
        raise BrokenPluginError(f"{where}: each key of values is a pair, one value of each field")
    _possible(variant, target.path, tuple(target.values.values()), where)


def _client_id(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError if the client id has no place, or one where it cannot be."""
    field, header = variant.client_id_field, variant.client_id_header
    if field is not None:
        _text_field(variant, field, f"{name}: client_id_field")
    if header is not None and not HEADER.fullmatch(header):
        raise BrokenPluginError(f"{name}: client_id_header: {header!r} is not a header's name")
    if header is not None and header.lower() in TAKEN_HEADERS:
        raise BrokenPluginError(f"{name}: client_id_header: {header} already has a meaning")
    has_place = field is not None or header is not None or "submit" in hooks
    for word, value in (("idempotency", variant.idempotency), ("look_up", variant.look_up)):
        if value != "none" and not has_place:
            raise BrokenPluginError(
                f"{name}: {word}={value!r} says that the provider recognises our client id, but "
                "not where it goes; declare client_id_field or client_id_header"
            )
    if variant.look_up != "none" and not variant.look_up_path and "look_up" not in hooks:
        raise BrokenPluginError(
            f"{name}: look_up={variant.look_up!r} is declared, but there is no hook look_up"
        )


def _delivery(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError if what concerns the delivery has no place."""
    if variant.callback_field is not None:
        _text_field(variant, variant.callback_field, f"{name}: callback_field")
        if "parse_webhook" not in hooks:
            raise BrokenPluginError(
                f"{name}: callback_field is declared, but there is no hook parse_webhook"
            )
    for field in variant.query_fields:
        _text_field(variant, field, f"{name}: query_fields")
        if "." in field:
            raise BrokenPluginError(f"{name}: query_fields: {field} is within another field")


def _text_field(variant: Variant, path: str, where: str) -> None:
    """Raise BrokenPluginError if a payload has no such field for a text."""
    try:
        words = described(find(variant.payload, path).hint).words
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    if "[" in path or words != "text":
        raise BrokenPluginError(f"{where}: {path} is not a text field of the payload")


def _rules(variant: Variant, name: str) -> list[Rule]:
    bound = []
    for place, rule in enumerate(variant.rules, 1):
        which = repr(rule.name) if rule.name else f"{place} of {len(variant.rules)}"
        try:
            rule = rule.bound(variant.payload)
            for path in rule.fields:
                find(variant.payload, path)
        except BrokenPluginError as error:
            raise BrokenPluginError(f"{name}: its rule {which}: {error}") from None
        bound.append(msgspec.structs.replace(rule, source=rule.source or variant.page))
    names = [rule.name for rule in bound]
    if twice := {one for one in names if names.count(one) > 1}:
        raise BrokenPluginError(
            f"{name}: two of its rules are called {twice.pop()!r}; give one of them a name="
        )
    return bound
