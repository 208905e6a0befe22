"""A variant's payload as JSON Schema (2020-12), from its declaration alone."""

from collections.abc import Iterable
from typing import Any, get_args

from msgspec import Meta
from msgspec.structs import replace

from rushes._payload.constraints import Bounds, described, finite, lengths, spans
from rushes._payload.fields import FieldShape, extra, is_struct, shape, takes_null, unwrap
from rushes.rules import Rule
from rushes.variant import Variant

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WEB_URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+\S*$"
# Patterns instead of `format`: its "uri" would refuse non-ASCII letters, which are sent unchanged.
PUBLIC_URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+\.[^\s/?#]+\S*$"


def json_schema(variant: Variant) -> dict[str, Any]:
    """Return the schema of a variant's native payload.

    Rules that JSON Schema can express are under `allOf`; those it cannot are described under
    `x-rules`, and those that refuse nothing under `x-notes`.
    """
    rules = [rule.bound(variant.payload) for rule in variant.rules]
    refusing = [rule for rule in rules if not rule.notes]
    expressed = [dict(rule.schema) for rule in refusing if rule.schema is not None]
    described_only = _in_words(variant, (rule for rule in refusing if rule.schema is None))
    notes = _in_words(variant, (rule for rule in rules if rule.notes))
    schema = {
        "$schema": DIALECT,
        "title": variant.id,
        "description": str(variant.page),
        **_object(variant.payload, closed=True),
    }
    if expressed:
        schema["allOf"] = expressed
    if described_only:
        schema["x-rules"] = described_only
    if notes:
        schema["x-notes"] = notes
    return schema


def _in_words(variant: Variant, rules: Iterable[Rule]) -> list[dict[str, str]]:
    return [
        {"code": rule.name, "text": rule.text, "source": str(rule.source or variant.page)}
        for rule in rules
    ]


def _object(struct: Any, *, closed: bool) -> dict[str, Any]:
    fields = shape(struct)
    return {
        "type": "object",
        "properties": {field.wire: _field(field) for field in fields},
        "required": [field.wire for field in fields if field.required],
        "additionalProperties": not closed,
    }


def _field(field: FieldShape) -> dict[str, Any]:
    schema_part = _value(field.hint)
    if schema_part.get("type") == "array":
        _count(schema_part, described(field.hint).min_length, required=field.required)
    if field.reads_as not in (None, "", (), [], {}) and not is_struct(type(field.reads_as)):
        schema_part["default"] = field.reads_as
    return schema_part


def _count(schema_part: dict[str, Any], least: int | None, *, required: bool) -> None:
    """Add the minimum number of items: an empty list counts as absent if the field is optional."""
    if required:
        schema_part["minItems"] = least or 1
    elif least:
        schema_part["anyOf"] = [{"maxItems": 0}, {"minItems": least}]


def _value(hint: Any) -> dict[str, Any]:
    base, metas = unwrap(hint)
    if base is Any:
        return {}
    schema_part = _not_null(hint, base, metas)
    return {"anyOf": [schema_part, {"type": "null"}]} if takes_null(hint) else schema_part


def _not_null(hint: Any, base: Any, metas: tuple[Meta, ...]) -> dict[str, Any]:
    if is_struct(base):
        return _object(base, closed=True)
    if known := extra(metas, "known"):
        return _object(known, closed=False)
    if extra(metas, "public_url"):
        return {"type": "string", "pattern": PUBLIC_URL}
    if extra(metas, "web_url"):
        return {"type": "string", "pattern": WEB_URL}
    bounds = described(hint)
    if bounds.words == "a list":
        items = _value(get_args(base)[0])
        return _present({"type": "array", "items": items, "maxItems": bounds.max_length})
    if bounds.choices:
        return {"enum": list(bounds.choices)}
    types = {
        "text": "string",
        "a whole number": "integer",
        "a number": "number",
        "true or false": "boolean",
        "an object": "object",
    }
    if bounds.offset and (few := finite(hint)):
        return {"enum": few}
    # Each character has at least one byte, and one unit.
    longest = [bounds.max_length, bounds.max_bytes, bounds.max_utf16]
    return _present(
        {
            "type": types[bounds.words],
            "minimum": bounds.ge,
            "maximum": bounds.le,
            "exclusiveMinimum": bounds.gt,
            "exclusiveMaximum": bounds.lt,
            "multipleOf": None if bounds.offset else bounds.step,
            "minLength": bounds.min_length,
            "maxLength": min((most for most in longest if most is not None), default=None),
            "pattern": bounds.pattern,
            "description": _beyond_schema(bounds),
        }
    )


def _beyond_schema(bounds: Bounds) -> str | None:
    """Return in words what JSON Schema has no keyword for."""
    if bounds.max_bytes is not None or bounds.max_utf16 is not None:
        return lengths(replace(bounds, min_length=None))
    return spans(bounds) if bounds.offset else None


def _present(schema_part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema_part.items() if value is not None}
