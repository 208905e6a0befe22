"""The changes between two comparisons, as lines to read."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rushes_compare._results.comparison_diff import Change
from rushes_compare.columns import COLUMNS


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Yield a heading for each cell that changed, and a line for each change."""
    heading = None
    for change in changes:
        take = f" #{change.repeat}" if change.repeat > 1 else ""
        if heading != (heading := f"{change.row} · {change.variant}{take}"):
            yield heading
        yield f"  {_describe(change)}"
    if not changes:
        yield "Nothing changed."


def _describe(change: Change) -> str:
    if change.kind == "cell":
        return "is new" if change.old is None else "is gone"
    name = f"{change.kind} {change.what}" if change.kind in ("promise", "payload") else change.what
    unit = COLUMNS[change.what].unit if change.kind == "number" else ""
    share = ""
    if change.kind == "number" and change.old and change.new is not None:
        share = f" ({100 * (change.new - change.old) / abs(change.old):+.0f} %)"
    return (
        f"{name}: {_value(change.old)} -> {_value(change.new)}{f' {unit}' if unit else ''}{share}"
    )


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
