"""The comparison's folder: `results.json`, always whole, always as far as things have come."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from rushes_compare.checking import told_apart
from rushes_compare.damage import wrong_in
from rushes_compare.results import SCHEMA, Cell, Results, Row

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
        self.changed = asyncio.Event()

    @property
    def results(self) -> Results:
        """The comparison as it stands."""
        return told_apart(msgspec.structs.replace(self._results, cells=list(self._cells.values())))

    def begin(self) -> None:
        """Write the file for the first time in this run.

        A run that began here at the same moment may have been first: then its comparison is ours.
        Raises FolderError where it compares something else, or has added what is not ours.
        """
        if write_new(self.folder / FILE, self._encoded()):
            return
        there = read_results(self.folder)
        if there.id != self._results.id:
            if not same_plan(there, self._results):
                raise other_plan(self.folder)
            self._results = there
            self._cells = {cell.id: cell for cell in there.cells}
        elif not {cell.id for cell in there.cells} <= set(self._cells):
            raise FolderError(
                f"{self.folder} has just been added to by another run; give this command again"
            )
        self.write()

    def cell(self, name: str) -> Cell:
        """Return a cell as it stands."""
        return self._cells[name]

    def put(self, cell: Cell) -> None:
        """Take a cell's new state, write it down unless only its progress is new, and tell."""
        before = self._cells[cell.id]
        self._cells[cell.id] = cell
        if msgspec.structs.replace(cell, progress=before.progress) != before:
            self.write()
        self.changed.set()
        if self._on_change:
            self._on_change(cell)

    def write(self) -> None:
        """Write the file anew; it appears whole or not at all."""
        write_whole(self.folder / FILE, [self._encoded()])

    def _encoded(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self.results), indent=1)


class _Planned(Protocol):
    """What a plan and a comparison have in common."""

    @property
    def rows(self) -> list[Row]: ...
    @property
    def variants(self) -> list[str]: ...
    @property
    def repeats(self) -> int: ...


def same_plan(one: _Planned, other: _Planned) -> bool:
    """Whether two compare the same; the order of a request's fields is no difference."""
    first, second = (
        msgspec.json.encode([each.rows, each.variants, each.repeats], order="sorted")
        for each in (one, other)
    )
    return first == second


def other_plan(folder: Path, lacking: Iterable[str] = ()) -> FolderError:
    """Return the error for a folder that is in use for something else."""
    listed = list(lacking)
    more = f" ({', '.join(listed[:3])}{', …' if len(listed) > 3 else ''})" if listed else ""
    return FolderError(
        f"{folder} holds a comparison of other requests or variants{more}. Ask for those too, and "
        "only what is new is paid; or go on with it, and add to it, with --resume; or choose "
        "another folder"
    )


def write_new(path: Path, data: bytes) -> bool:
    """Write a file whole where there is none yet; return whether it was us who wrote it."""
    part = _part(path)
    write_whole(part, [data])
    try:
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if os.path.lexists(path):
                return False
            with path.open("xb") as file:
                file.write(data)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, then put it there."""
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for piece in parts:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise FolderError(f"{path} cannot be written: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def read_results(folder: Path) -> Results:
    """Read what a comparison found out; raises FolderError where there is none."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise FolderError(f"{folder} holds no comparison: {FILE} is missing") from error
    except (OSError, ValueError) as error:
        raise FolderError(f"{path} cannot be read: {_reason(error)}") from error
    try:
        version = _versioned(data).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FolderError(f"{path} is no comparison: {error}") from error
    if version > SCHEMA:
        raise FolderError(
            f"{path} is of version {version}, written by a newer rushes-compare; this one reads "
            f"up to {SCHEMA}"
        )
    try:
        results = _results(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FolderError(f"{path} is damaged: {error}") from error
    if wrong := wrong_in(results):
        raise FolderError(f"{path} is damaged: {wrong}; put back what was there, or begin anew")
    return results


class _Versioned(msgspec.Struct):
    schema: int


# Made on import: the first use of a type is not safe between threads (msgspec 0.22).
_versioned = msgspec.json.Decoder(_Versioned).decode
_results = msgspec.json.Decoder(Results).decode
