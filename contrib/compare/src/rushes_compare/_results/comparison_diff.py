"""What changed between two runs: the same request to the same variant, then and now."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rushes_compare._results.payload_diff import diff_payloads
from rushes_compare.columns import COLUMNS
from rushes_compare.results import Cell, Promise, Results

NOTICEABLE = 0.1
"""The share by which a number has to change to be listed: providers' times and costs, and what is
measured, are never quite the same twice."""

SHAPE = ("container", "video_codec", "audio_codec", "width", "height", "frame_rate", "silent")

Key = tuple[bytes, str, int]


class Change(Struct, frozen=True, kw_only=True):
    """One thing that changed in a cell: `old` and `new` are JSON values."""

    row: str
    variant: str
    repeat: int
    what: str
    old: Any
    new: Any
    kind: Literal["cell", "state", "promise", "file", "number", "payload"]


def diff_results(old: Results, new: Results) -> list[Change]:
    """List what changed between two comparisons; cells are matched by request, variant, take.

    A number is listed if it changed by a tenth or more, or if only one of the two has it.
    """
    before, after = _by_key(old), _by_key(new)
    changes = []
    for key in dict.fromkeys([*before, *after]):
        name = (after.get(key) or before[key])[0]
        there, here = before.get(key), after.get(key)
        for kind, what, was, now in _cell_changes(there and there[1], here and here[1]):
            changes.append(
                Change(
                    row=name, variant=key[1], repeat=key[2], kind=kind, what=what, old=was, new=now
                )
            )
    return changes


def _by_key(results: Results) -> dict[Key, tuple[str, Cell]]:
    """Return the cells with their rows' names; a request that is there twice counts twice."""
    found: dict[Key, tuple[str, Cell]] = {}
    for cell in results.cells:
        row = results.rows[cell.row]
        request = msgspec.json.encode(row.request, order="sorted")
        repeat = cell.repeat
        while (request, cell.variant, repeat) in found:
            repeat += results.repeats
        found[request, cell.variant, repeat] = row.name, cell
    return found


def _cell_changes(old: Cell | None, new: Cell | None) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield the kind of each change, what changed, and its old and new value."""
    if old is None or new is None:
        yield "cell", "cell", old and old.state, new and new.state
        return
    if old.state != new.state:
        yield "state", "state", old.state, new.state
    yield from _promise_changes(old, new)
    if old.video and new.video:
        for name in SHAPE:
            one, other = getattr(old.video, name), getattr(new.video, name)
            if one != other:
                yield "file", name, one, other
    for name, column in COLUMNS.items():
        if name not in SHAPE and _differs(column.number(old), column.number(new)):
            yield "number", name, column.number(old), column.number(new)
    for place in diff_payloads(_sent(new), _sent(old)):
        yield "payload", place.path or "payload", place.there, place.here


def _promise_changes(old: Cell, new: Cell) -> Iterator[tuple[Any, str, Any, Any]]:
    was = {one.name: one for one in old.promises}
    for now in new.promises:
        before = was.get(now.name)
        if before is not None and before.kept != now.kept:
            yield "promise", now.name, _said(before), _said(now)


def _said(promise: Promise) -> str:
    word = {True: "kept", False: "broken", None: "unknown"}[promise.kept]
    return f"{word} ({promise.delivered})"


def _differs(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is not new
    return abs(new - old) >= NOTICEABLE * max(abs(old), abs(new)) and old != new


def _sent(cell: Cell) -> Any:
    return {name: value for name, value in (cell.payload or {}).items()
            if name not in cell.transport}  # fmt: skip
