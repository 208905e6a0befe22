"""The table of a variant's payload fields: what each accepts, and one value that it does not."""

import md
from rushes import NativeField
from rushes.testing import PayloadField, VariantConformance, payload_fields


def field_table(kit: VariantConformance) -> str:
    """Return the table; a row for each path, nested ones included."""
    rows = [
        (
            md.code(field.path),
            md.codes(field.choices) if field.choices else md.text(field.takes),
            "required" if field.required else _default(field),
            (field.common or "").replace("_", " "),
            _refused(row),
        )
        for row in payload_fields(kit)
        for field in (row.field,)
    ]
    return md.table(("field", "accepts", "default", "request", "refused, for example"), rows)


def _default(field: NativeField) -> str:
    return "" if field.default is None else md.codes([field.default])


def _refused(row: PayloadField) -> str:
    if row.refused is None:
        return ""
    value, problem = row.refused
    return f"{md.value(value)}<br>{md.text(problem.message)}"
