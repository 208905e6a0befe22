"""What a comparison is expected to hold: every promise, and every number within its bounds."""

from collections.abc import Iterator

from msgspec import Struct

from rushes_compare.columns import COLUMNS
from rushes_compare.results import Bounds, Cell, Results


class Miss(Struct, frozen=True, kw_only=True):
    """One expectation that was not met; `cell` is None if it concerns all of them."""

    cell: Cell | None
    message: str


def missed(results: Results) -> list[Miss]:
    """List every expectation that a comparison did not meet.

    A number that does not apply to a video is not held against its bounds; but bounds that no video
    was held against are missed, too: they would guard nothing.
    """
    found = [
        Miss(cell=cell, message=message)
        for cell in results.cells
        for message in _of_cell(cell, results)
    ]
    made = [cell for cell in results.cells if cell.video is not None]
    unmeasured = [
        name for name in results.bounds if all(COLUMNS[name].number(cell) is None for cell in made)
    ]
    return found + [
        Miss(cell=None, message=f"{name} was not measured in any video") for name in unmeasured
    ]


def _of_cell(cell: Cell, results: Results) -> Iterator[str]:
    for promise in cell.promises:
        if promise.kept is False:
            name = promise.name.replace("_", " ")
            yield f"{name}: asked for {promise.asked}, got {promise.delivered}"
    if cell.video is None:
        return
    for name, bounds in results.bounds.items():
        number = COLUMNS[name].number(cell)
        if number is not None and (message := _outside(number, bounds)):
            unit = f" {COLUMNS[name].unit}" if COLUMNS[name].unit else ""
            yield f"{name} is {number:g}{unit}, {message}"


def _outside(number: float, bounds: Bounds) -> str | None:
    if bounds.min is not None and number < bounds.min:
        return f"less than {bounds.min:g}"
    if bounds.max is not None and number > bounds.max:
        return f"more than {bounds.max:g}"
    return None
