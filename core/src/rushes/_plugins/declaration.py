"""A declaration, checked when its plugin is loaded: whatever it names exists.

A name that is mistyped there would otherwise be found out by a caller, who would be blamed.
"""

from typing import get_args

import msgspec

from rushes._payload.constraints import described, nearest
from rushes._payload.request_fields import FIELDS
from rushes._vocabulary.places import find
from rushes.errors import BrokenPluginError
from rushes.request import Role
from rushes.rules import Rule
from rushes.variant import Always, To, Variant

TARGETS = tuple(
    name
    for field in FIELDS
    for name in ([f"images.{role}" for role in get_args(Role)] if field == "images" else [field])
)
"""What a declaration says the target of: the common fields, and each role of an image."""


def checked(variant: Variant, name: str) -> Variant:
    """Return a declaration with its rules bound to its payload.

    Raises BrokenPluginError, with the nearest name, if it names something that is not there.
    """
    for row, target in variant.fields.items():
        where = f"{name}: fields[{row!r}]"
        if row not in TARGETS:
            near = nearest(row, TARGETS) or TARGETS
            raise BrokenPluginError(
                f"{where}: there is no such common field (nearest: {near[0]!r})"
            )
        if not isinstance(target, Always):
            also = () if isinstance(target, To) else target.also
            for path in (target.path, *also):
                _target(variant, path, where)
    if variant.client_id_field is not None:
        _client_id_field(variant, variant.client_id_field, f"{name}: client_id_field")
    return msgspec.structs.replace(variant, rules=tuple(_rules(variant, name)))


def _target(variant: Variant, path: str, where: str) -> None:
    """Raise BrokenPluginError if the payload has no such field, or it is not a list for `a[]`."""
    try:
        place = find(variant.payload, path.removesuffix("[]"))
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    if path.endswith("[]") and described(place.hint).words != "a list":
        raise BrokenPluginError(f"{where}: {place.path} is not a list")


def _client_id_field(variant: Variant, path: str, where: str) -> None:
    """Raise BrokenPluginError if the core cannot put a text into this field."""
    try:
        words = described(find(variant.payload, path).hint).words
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    if "." in path or words != "text":
        raise BrokenPluginError(f"{where}: {path} is not a text field at the payload's top level")


def _rules(variant: Variant, name: str) -> list[Rule]:
    bound = []
    for place, rule in enumerate(variant.rules, 1):
        told = repr(rule.name) if rule.name else f"{place} of {len(variant.rules)}"
        try:
            rule = rule.bound(variant.payload)
            for path in rule.fields:
                find(variant.payload, path)
        except BrokenPluginError as error:
            raise BrokenPluginError(f"{name}: its rule {told}: {error}") from None
        bound.append(msgspec.structs.replace(rule, source=rule.source or variant.page))
    names = [rule.name for rule in bound]
    if twice := {one for one in names if names.count(one) > 1}:
        raise BrokenPluginError(
            f"{name}: two of its rules are called {twice.pop()!r}; give one of them a name="
        )
    return bound
