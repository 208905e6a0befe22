"""A declaration, checked when its plugin is loaded: whatever it names exists.

A name that is mistyped there would otherwise be found out by a caller, who would be blamed.
"""

import re
from collections.abc import Collection
from typing import Any, get_args

import msgspec

from rushes._payload.body import top
from rushes._payload.constraints import described, finite, nearest
from rushes._payload.fields import shape, unwrap
from rushes._payload.request_fields import FIELDS
from rushes._payload.struct_objections import objections, type_objections
from rushes._vocabulary.conditions import refuse_impossible
from rushes._vocabulary.places import Place, find
from rushes.errors import BrokenPluginError
from rushes.problems import listing
from rushes.request import Role, VideoRole
from rushes.rules import Rule
from rushes.variant import Always, Built, Shots, To, Together, Uploads, Variant

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
    _targets(variant, name)
    _client_id(variant, name, hooks)
    _callback(variant, name, hooks)
    _query_fields(variant, f"{name}: query_fields")
    _model(variant, name, hooks)
    _authorization(variant, name, hooks)
    if wrong := _limits(variant.uploads):
        raise BrokenPluginError(f"{name}: uploads: {wrong}")
    return msgspec.structs.replace(variant, rules=tuple(_rules(variant, name)))


def _model(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError if the model has no field, or a field that nothing fills in."""
    if variant.model_field != "model":
        _text_field(variant, variant.model_field, f"{name}: model_field")
    filled = {
        variant.model_field,
        *(top(getattr(to, "path", "")) for to in variant.fields.values()),
    }
    for field in shape(variant.payload) if "build_payload" not in hooks else ():
        alone = described(field.hint).choices == (variant.model,)
        if alone and field.required and field.wire not in filled:
            raise BrokenPluginError(
                f"{name}: nothing fills in the required field {field.wire}, which takes only "
                f"{variant.model!r}; if it names the model, declare model_field={field.wire!r}"
            )


def _authorization(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError if the header that carries the key cannot be sent, or has no key."""
    header, _, value = given = variant.authorization.partition(":")
    sendable = value.isascii() and value.isprintable() and HEADER.fullmatch(header)
    if not sendable or ("{key}" not in value and "authorize" not in hooks):
        raise BrokenPluginError(
            f"{name}: authorization={''.join(given)!r} is not a header with the key; write it like "
            '"Authorization: Bearer {key}"'
        )


def _targets(variant: Variant, name: str) -> None:
    """Raise BrokenPluginError for a common field without a place in the payload."""
    for row, target in variant.fields.items():
        where = f"{name}: fields[{row!r}]"
        if row not in TARGETS:
            near = nearest(row, TARGETS) or TARGETS
            raise BrokenPluginError(
                f"{where}: there is no such common field (nearest: {near[0]!r})"
            )
        if not isinstance(target, Always):
            also = (*target.also,) if isinstance(target, (Shots, Built)) else ()
            for path in (target.path, *also):
                _target(variant, path, where)
            if isinstance(target, Together):
                _pairs(variant, row, target, where)
            elif isinstance(target, To):
                _values(variant, target, where)
            elif isinstance(target, Shots):
                _shots(variant, row, target, where)


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


def _shots(variant: Variant, row: str, target: Shots, where: str) -> None:
    """Raise BrokenPluginError if shots cannot become the items of a list."""
    if row != "shots" or not target.path.endswith("[]"):
        raise BrokenPluginError(f"{where}: Shots is the target of shots, a list like 'scenes[]'")
    try:
        items = find(variant.payload, target.path.removesuffix("[]"))
        for name in (target.prompt, target.duration, target.number):
            if name is not None:
                items.item(name)
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    for path, value in target.also.items():
        _possible(variant, path, (value,), where)
    if target.fill_in and not isinstance(variant.fields.get("duration"), To):
        raise BrokenPluginError(f"{where}: fill_in= needs the target of duration")


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


def _callback(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError if the address to call has no place, or nobody reads the calls."""
    if variant.callback_field is None:
        return
    _text_field(variant, variant.callback_field, f"{name}: callback_field")
    if "parse_webhook" not in hooks:
        raise BrokenPluginError(
            f"{name}: callback_field is declared, but there is no hook parse_webhook"
        )


def _text_field(variant: Variant, path: str, where: str) -> None:
    """Raise BrokenPluginError if a payload has no such field for a text."""
    try:
        words = described(find(variant.payload, path).hint).words
    except BrokenPluginError as error:
        raise BrokenPluginError(f"{where}: {error}") from None
    if "[" in path or words != "text":
        raise BrokenPluginError(f"{where}: {path} is not a text field of the payload")


def _query_fields(variant: Variant, where: str) -> None:
    """Raise BrokenPluginError if a field that goes into the query is not one of the payload's."""
    for field in variant.query_fields:
        _text_field(variant, field, where)
        if "." in field:
            raise BrokenPluginError(f"{where}: {field} is within another field")


def _limits(uploads: Uploads | None) -> str | None:
    """Say what is wrong with the limits of files, or None."""
    if uploads is None:
        return None
    if uploads.max_body is not None and uploads.inline is None:
        return "max_body limits a payload with files inside it, but there is no inline="
    if isinstance(uploads.max_bytes, int):
        return None
    kinds = [kind for kind in ("image", "video", "sound") if uploads.types_of(kind)]
    if {*kinds} == {*uploads.max_bytes}:
        return None
    return f"max_bytes has limits for {listing(uploads.max_bytes)}; types are of {listing(kinds)}"


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
