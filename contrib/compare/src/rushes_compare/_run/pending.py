"""Which cells still have something to be done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rushes_compare.results import Cell, Results

Redo = Literal["failed"]
ENDED = frozenset(("refused", "lost", "failed", "cancelled", "expired"))
"""States that end a task without a video."""
_UNUSABLE_RESULT = frozenset(("ResultError", "MeasuringError"))
"""Failures of a completed task that another attempt may not have."""


def pending(results: Results, folder: Path, redo: Redo | None = None) -> Iterator[Cell]:
    """Yield the cells that are not done, each in the state from which it may have to start."""
    for cell in results.cells:
        if _done(cell, folder) or (cell.state == "cannot" and cell.task is None):
            continue
        if redo == "failed" and (cell.state in ENDED or has_unusable_result(cell)):
            yield next_attempt(cell)
        elif cell.state not in ENDED:
            yield cell


def has_unusable_result(cell: Cell) -> bool:
    """Whether a cell's task was completed, but its video could not be used."""
    return cell.failure is not None and cell.failure.kind in _UNUSABLE_RESULT


def next_attempt(cell: Cell) -> Cell:
    """Return a cell as it was before it was started, for another attempt."""
    return Cell(
        id=cell.id,
        row=cell.row,
        variant=cell.variant,
        repeat=cell.repeat,
        attempt=cell.attempt + 1,
        problems=[],
        notes=cell.notes,
        payload=cell.payload,
        transport=cell.transport,
        settings=cell.settings,
        estimate=cell.estimate,
    )


def _done(cell: Cell, folder: Path) -> bool:
    """Whether a cell's video has been measured, and is still there."""
    return cell.failure is None and cell.video is not None and (folder / cell.video.file).is_file()
