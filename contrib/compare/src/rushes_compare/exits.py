"""The exit code of a comparison: the highest of its cells', by what the command line documents."""

from rushes_compare.results import Cell, Results

NOT_BOUGHT, ENDED, UNFINISHED, UNKNOWN = 4, 5, 6, 7

_BY_FAILURE = {
    "RequestError": NOT_BOUGHT,
    "RefusedError": NOT_BOUGHT,
    "NotSentError": NOT_BOUGHT,
    "TaskEndedError": ENDED,
    "ResultError": ENDED,
    "MeasuringError": ENDED,
    "StillRunningError": UNFINISHED,
    "DiskError": UNFINISHED,
    "OutcomeUnknownError": UNKNOWN,
}
_CONFIGURATION = 3


def exit_code(results: Results) -> int:
    """Return 0 where every cell that can has its video, and every row has one that can."""
    codes = [_code(cell) for cell in results.cells if cell.state != "cannot"]
    return max([*codes, preview_code(results)])


def preview_code(results: Results) -> int:
    """Return 0 where every row has a cell that can; a row that has none is never bought."""
    can = {cell.row for cell in results.cells if cell.state != "cannot"}
    return 0 if len(can) == len(results.rows) else NOT_BOUGHT


def _code(cell: Cell) -> int:
    if cell.failure is not None:
        return _BY_FAILURE.get(cell.failure.kind, _CONFIGURATION)
    return 0 if cell.video is not None else UNFINISHED
