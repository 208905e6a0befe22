"""Votes that a page exported: read as what they are, a stranger's file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct
from rushes.files import read_whole
from rushes_cli.strict_json import MalformedJSON, read_json

from rushes_compare._results.pools import pools_of
from rushes_compare.errors import VotesError
from rushes_compare.results import Cell, Id, Int32, Results, Timestamp

SCHEMA = 1
MAX_BYTES = 8 * 1024 * 1024
"""Bytes of an export; a pair takes 150."""
MAX_ERRORS = 10
"""How many errors of one file are named."""

T = TypeVar("T")
Choice = Literal["left", "right", "tie", "both_bad"]


class RowVote(Struct, frozen=True, kw_only=True):
    """The best of a row; `variant` is None if none was good."""

    row: Int32
    name: str
    variant: str | None
    blind: bool


class PairVote(Struct, frozen=True, kw_only=True):
    """What somebody chose between two cells, given by their ids; `at` is when."""

    row: Int32
    left: Id
    right: Id
    choice: Choice
    at: Timestamp


class Votes(Struct, frozen=True, kw_only=True):
    """One person's votes on one comparison; `voter` is a random number."""

    schema: int = SCHEMA
    comparison: str
    voter: Id | None = None
    exported_at: Timestamp = 0.0
    votes: list[RowVote] = []
    pairs: list[PairVote] = []


class _Envelope(Struct, kw_only=True):
    schema: Annotated[int, Meta(ge=1)]
    comparison: str
    voter: Id | None = None
    exported_at: Timestamp = 0.0
    votes: list[Any]
    pairs: list[Any] = []


def read_votes(path: Path, results: Results) -> Votes:
    """Read an export of votes on a comparison; raises VotesError with each error and its place."""
    try:
        with path.open("rb") as file:
            value = read_json(read_whole(file, MAX_BYTES))
    except (OSError, ValueError) as error:
        if isinstance(error, MalformedJSON):
            message = f"{path} {error}; give what the page saved with Votes, Export"
            raise VotesError(message) from error
        raise VotesError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    reader = _Reader(results)
    votes = reader.read(value)
    if reader.errors:
        listed = [f"{path}: {error}" for error in reader.errors[:MAX_ERRORS]]
        more = len(reader.errors) - MAX_ERRORS
        raise VotesError("\n".join([*listed, *([f"{path}: and {more} more"] if more > 0 else [])]))
    return votes


class _Reader:
    """Turns parsed JSON into votes on one comparison, and collects what is wrong with it."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._cells = {cell.id: cell for cell in results.cells}
        self._pools = pools_of(results)
        self.errors: list[str] = []

    def read(self, value: Any) -> Votes:
        if isinstance(value, dict) and value.get("schema") not in (SCHEMA, None):
            self.errors.append(
                f"`schema` is {value['schema']!r:.40}; this rushes-compare reads {SCHEMA}"
            )
            return Votes(comparison="")
        found = self._convert(value, _Envelope, "")
        if found is None:
            return Votes(comparison="")
        if found.comparison != self._results.id:
            self.errors.append(
                f"`comparison` is {found.comparison!r:.80}; the votes must be on "
                f"{self._results.id!r}, the comparison in this folder"
            )
            return Votes(comparison="")
        if found.pairs and found.voter is None:
            self.errors.append("`voter` is missing; votes between two videos need it")
        return Votes(
            comparison=found.comparison,
            voter=found.voter,
            exported_at=found.exported_at,
            votes=list(self._items(found.votes, RowVote, "votes")),
            pairs=list(self._items(found.pairs, PairVote, "pairs")),
        )

    def _items(self, values: list[Any], kind: type[T], name: str) -> Iterator[T]:
        for place, value in enumerate(values):
            where = f"{name}[{place}]"
            item = self._convert(value, kind, where)
            if item is None:
                continue
            error = self._pair_error(item) if isinstance(item, PairVote) else self._row_error(item)
            if error:
                self.errors.append(f"{where}{error}")
            else:
                yield item

    def _convert(self, value: Any, kind: type[T], where: str) -> T | None:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            field = f"{where}{place.strip('`').removeprefix('$')}".removeprefix(".")
            self.errors.append(f"{field or 'the file'}: {reason}")
            return None

    def _row_error(self, vote: Any) -> str | None:
        if vote.row >= len(self._results.rows):
            return f".row is {vote.row}, but there are only {len(self._results.rows)} rows"
        if vote.variant is not None and vote.variant not in self._results.variants:
            return f".variant {vote.variant!r:.80} is not one of the variants"
        return None

    def _pair_error(self, vote: PairVote) -> str | None:
        cells = []
        for side in ("left", "right"):
            cell = self._cells.get(getattr(vote, side))
            if reason := self._cell_error(cell, vote.row):
                return f".{side} is {getattr(vote, side)!r}; {reason}"
            cells += [cell] if cell else []
        left, right = cells
        if left.variant == right.variant:
            return f": both videos are of {left.variant}; a pair needs two variants"
        if self._pools[left.id] != self._pools[right.id]:
            return ": the two videos are not in one pool, and are not compared"
        return None

    @staticmethod
    def _cell_error(cell: Cell | None, row: int) -> str | None:
        if cell is None:
            return "there is no such cell in the comparison"
        if cell.row != row:
            return f"that cell is in row {cell.row}, not {row}"
        return None if cell.video else "that cell has no video"
