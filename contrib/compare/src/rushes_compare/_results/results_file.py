"""`results.json` in a comparison's folder: always whole, always up to date."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec
from rushes.files import read_regular

from rushes_compare._files import create_atomically, write_atomically
from rushes_compare._results.payload_diff import with_payload_diffs
from rushes_compare._results.validation import validate_results
from rushes_compare.errors import FolderError
from rushes_compare.results import SCHEMA, Cell, Results, Row

FILE = "results.json"
MAX_BYTES = 256 * 1024 * 1024

OnChange = Callable[[Cell], None]


class ResultsFile:
    """Keeps a comparison on disk, cell by cell."""

    def __init__(self, folder: Path, results: Results, on_change: OnChange | None = None) -> None:
        self.folder = folder
        self._results = results
        self._cells = {cell.id: cell for cell in results.cells}
        self._on_change = on_change
        self.changed = asyncio.Event()

    @property
    def results(self) -> Results:
        """The comparison in its current state."""
        cells = list(self._cells.values())
        return with_payload_diffs(msgspec.structs.replace(self._results, cells=cells))

    def create(self) -> None:
        """Write the file for the first time in this run.

        If another run has just begun the same comparison here, its comparison is taken over.
        Raises FolderError if it compares something else, or has added something.
        """
        if create_atomically(self.folder / FILE, self._encoded()):
            return
        there = read_results(self.folder)
        if there.id != self._results.id:
            if not same_plan(there, self._results):
                raise other_plan_error(self.folder)
            self._results = there
            self._cells = {cell.id: cell for cell in there.cells}
        elif not {cell.id for cell in there.cells} <= set(self._cells):
            raise FolderError(
                f"another run has just added to {self.folder}; run this command again"
            )
        self.write()

    def cell(self, name: str) -> Cell:
        """Return a cell in its current state."""
        return self._cells[name]

    def update(self, cell: Cell) -> None:
        """Store a cell's new state and call `on_change`.

        The file is written unless only the cell's progress has changed.
        """
        before = self._cells[cell.id]
        self._cells[cell.id] = cell
        if msgspec.structs.replace(cell, progress=before.progress) != before:
            self.write()
        self.changed.set()
        if self._on_change:
            self._on_change(cell)

    def write(self) -> None:
        """Write the file; raises FolderError."""
        write_atomically(self.folder / FILE, [self._encoded()])

    def _encoded(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self.results), indent=1)


class _HasPlan(Protocol):
    """What a plan and a comparison have in common."""

    @property
    def rows(self) -> list[Row]: ...
    @property
    def variants(self) -> list[str]: ...
    @property
    def repeats(self) -> int: ...


def same_plan(one: _HasPlan, other: _HasPlan) -> bool:
    """Whether two compare the same; the order of a request's fields does not matter."""
    first, second = (
        msgspec.json.encode([each.rows, each.variants, each.repeats], order="sorted")
        for each in (one, other)
    )
    return first == second


def other_plan_error(folder: Path, missing: Iterable[str] = ()) -> FolderError:
    """Return the error for a folder that holds another comparison.

    `missing` is what it holds and the plan does not.
    """
    listed = list(missing)
    more = f" ({', '.join(listed[:3])}{', …' if len(listed) > 3 else ''})" if listed else ""
    return FolderError(
        f"{folder} holds a comparison of other requests or variants{more}. Include those, and only "
        "what is new is paid for; or continue it, and add to it, with --resume; or choose another "
        "folder"
    )


def read_results(folder: Path) -> Results:
    """Read a comparison from its folder; raises FolderError."""
    path = folder / FILE
    try:
        data = read_regular(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise FolderError(f"{folder} holds no comparison: {FILE} is missing") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FolderError(f"{path} cannot be read: {reason}") from error
    try:
        version = _decode_version(data).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FolderError(f"{path} is not a comparison: {error}") from error
    if version > SCHEMA:
        raise FolderError(
            f"{path} is of version {version}, written by a newer rushes-compare; this one reads "
            f"up to {SCHEMA}"
        )
    try:
        results = _decode_results(data)
        problem = validate_results(results)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = str(error)
    if problem:
        raise FolderError(f"{path} is damaged: {problem}; restore it, or start again elsewhere")
    return results


class _Versioned(msgspec.Struct):
    schema: int


# Made on import: the first use of a type is not safe between threads (msgspec 0.22).
_decode_version = msgspec.json.Decoder(_Versioned).decode
_decode_results = msgspec.json.Decoder(Results).decode
