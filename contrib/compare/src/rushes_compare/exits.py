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
    """Return 0 where every cell that can has its video; where none can, nothing was bought."""
    codes = [_code(cell) for cell in results.cells if cell.state != "cannot"]
    return max(codes, default=NOT_BOUGHT)


def _code(cell: Cell) -> int:
    if cell.failure is not None:
        return _BY_FAILURE.get(cell.failure.kind, _CONFIGURATION)
    return 0 if cell.video is not None else UNFINISHED
