"""The comparison's folder: `results.json`, always whole, always as far as things have come."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from rushes_compare.results import SCHEMA, Cell, Results

FILE = "results.json"

OnChange = Callable[[Cell], None]


class FolderError(ValueError):
    """The folder cannot be used; the text says why and what to do."""


class Book:
    """Keeps a comparison on disk, cell by cell."""

    def __init__(self, folder: Path, results: Results, on_change: OnChange | None = None) -> None:
        self.folder = folder
        self._results = results
        self._cells = {cell.id: cell for cell in results.cells}
        self._on_change = on_change

    @property
    def results(self) -> Results:
        """The comparison as it stands."""
        return msgspec.structs.replace(self._results, cells=list(self._cells.values()))

    def cell(self, name: str) -> Cell:
        """Return a cell as it stands."""
        return self._cells[name]

    def put(self, cell: Cell) -> None:
        """Take a cell's new state, write it down unless only its progress is new, and tell."""
        before = self._cells[cell.id]
        self._cells[cell.id] = cell
        if msgspec.structs.replace(cell, progress=before.progress) != before:
            self.write()
        if self._on_change:
            self._on_change(cell)

    def write(self) -> None:
        """Write the file anew; it appears whole or not at all."""
        encoded = msgspec.json.format(msgspec.json.encode(self.results), indent=1)
        write_whole(self.folder / FILE, [encoded])


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, then put it there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for piece in parts:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FolderError(f"{path} cannot be written: {error.strerror}") from error


def read_results(folder: Path) -> Results:
    """Read what a comparison found out; raises FolderError where there is none."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise FolderError(f"{folder} holds no comparison: {FILE} is missing") from error
    except OSError as error:
        raise FolderError(f"{path} cannot be read: {error.strerror}") from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FolderError(f"{path} is no comparison: {error}") from error
    if version > SCHEMA:
        raise FolderError(
            f"{path} is of version {version}, written by a newer rushes-compare; this one reads "
            f"up to {SCHEMA}"
        )
    try:
        return msgspec.json.decode(data, type=Results)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FolderError(f"{path} is damaged: {error}") from error


class _Versioned(msgspec.Struct):
    schema: int
