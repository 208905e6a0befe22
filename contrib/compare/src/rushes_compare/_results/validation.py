"""What the types of `results.Results` cannot express: how its parts have to fit together."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from rushes_compare._plan.column_names import column_errors
from rushes_compare._plan.prices import price_errors
from rushes_compare.results import Cell, Results


def validate_results(results: Results) -> str | None:
    """Return the first error in results that were edited or damaged, or None."""
    return next(_errors(results), None)


def _errors(results: Results) -> Iterator[str]:
    yield from price_errors(results.prices, "prices")
    yield from column_errors(results.columns, "columns")
    yield from column_errors(results.bounds, "bounds")
    seen: set[str] = set()
    for place, cell in enumerate(results.cells):
        for error in _cell_errors(cell, results):
            yield f"cells[{place}]: {error}"
        if cell.id in seen:
            yield f"cells[{place}]: the id {cell.id} occurs twice"
        seen.add(cell.id)


def _cell_errors(cell: Cell, results: Results) -> Iterator[str]:
    if cell.row >= len(results.rows):
        yield f"row is {cell.row}, but there are only {len(results.rows)} rows"
    if cell.variant not in results.variants:
        yield f"{cell.variant!r:.80} is not one of the variants"
    if cell.repeat > results.repeats:
        yield f"repeat is {cell.repeat}, but there are only {results.repeats}"
    for file in (cell.video.file, cell.video.poster) if cell.video else ():
        if file is not None and (PurePosixPath(file).is_absolute() or ".." in file.split("/")):
            yield f"{file!r:.80} is outside the folder"
