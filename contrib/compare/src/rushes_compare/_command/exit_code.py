"""The exit code of a comparison: the highest of its cells' codes."""

import rushes
from rushes_cli.exit_codes import (
    BUG,
    CONFIGURATION,
    ENDED,
    NOT_BOUGHT,
    UNFINISHED,
    USAGE,
    exit_code_for,
)

from rushes_compare.results import Cell, Failure, Results


def exit_code(results: Results) -> int:
    """Return 0 if every cell that was accepted has its video, and every row has such a cell."""
    codes = [_cell_code(cell) for cell in results.cells if cell.state != "cannot"]
    return max([*codes, preview_exit_code(results)])


def preview_exit_code(results: Results) -> int:
    """Return 0 if every row has a cell that a variant accepts; other rows are never bought."""
    can = {cell.row for cell in results.cells if cell.state != "cannot"}
    return 0 if len(can) == len(results.rows) else NOT_BOUGHT


def _cell_code(cell: Cell) -> int:
    if cell.failure is not None:
        return _failure_code(cell.failure)
    return 0 if cell.video is not None else UNFINISHED


def _failure_code(failure: Failure) -> int:
    if failure.kind == "MeasuringError":  # our own error: the provider's video is unusable
        return ENDED
    kind = getattr(rushes, failure.kind, None)
    code = exit_code_for(kind) if isinstance(kind, type) else BUG
    # Only errors that rushes raises on purpose end up in a cell, and usage is checked before.
    return CONFIGURATION if code in (BUG, USAGE) else code
