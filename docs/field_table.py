"""The table of a variant's payload fields: what each accepts, and one value that it does not."""

import md
from rushes.testing import PayloadField, VariantConformance, payload_fields


def field_table(kit: VariantConformance) -> str:
    """Return the table; a row for each path, nested ones included."""
    rows = [
        (
            md.code(field.path),
            md.codes(field.choices) if field.choices else field.takes,
            "required" if field.required else _default(field),
            _refused(field),
        )
        for field in payload_fields(kit)
    ]
    return md.table(("field", "accepts", "default", "refused, for example"), rows)


def _default(field: PayloadField) -> str:
    return "" if field.default is None else md.codes([field.default])


def _refused(field: PayloadField) -> str:
    if field.refused is None:
        return ""
    value, problem = field.refused
    return f"{md.value(value)}<br>{md.text(problem.message)}"
