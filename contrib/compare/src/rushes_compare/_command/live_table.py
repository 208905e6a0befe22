"""The cells on standard error: a live table on a terminal, else a line for each change."""

import time
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rushes_cli.terminal import escape_controls

from rushes_compare.results import Cell, Results

STYLES = {"cannot": "dim", "completed": "green", "failed": "red", "unknown": "bold red"}
STARTED = frozenset(("recorded", "sending", "queued", "in_progress", "unknown"))


def describe_cell(cell: Cell) -> str:
    """Describe a cell: its state, and what followed from it."""
    if cell.failure is not None and cell.video is None:
        return f"{cell.state}: {cell.failure.kind}"
    if cell.state == "completed" and cell.video is None:
        return "completed, being fetched"
    if broken := sum(promise.kept is False for promise in cell.promises):
        return f"{cell.state}, {broken} promise{'s' * (broken != 1)} broken"
    return cell.state


class LiveTable:
    """Shows every cell; `show` takes each change."""

    def __init__(self, results: Results, console: Console) -> None:
        self._rows = results.rows
        self._repeats = results.repeats
        self._cells = {cell.id: cell for cell in results.cells}
        self._started: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._console = console
        self._live = Live(
            console=console, refresh_per_second=4, get_renderable=self._table, transient=False
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.__exit__(kind, error, trace)

    def show(self, cell: Cell) -> None:
        """Show a cell's new state."""
        before, self._cells[cell.id] = self._cells[cell.id], cell
        now = time.monotonic()
        if cell.state == "planned":  # started again
            self._started.pop(cell.id, None)
            self._ended.pop(cell.id, None)
        if cell.state in STARTED:
            self._started.setdefault(cell.id, now)
        if cell.video is not None or cell.failure is not None:
            self._ended.setdefault(cell.id, now)
        news = cell.state != "planned" and describe_cell(before) != describe_cell(cell)
        if news and not self._console.is_terminal:
            self._console.print(Text(escape_controls(f"{self.name(cell)}: {describe_cell(cell)}")))

    def cannot(self) -> Iterator[str]:
        """Yield the first problem of each refused cell, once for all its repetitions."""
        for cell in self._cells.values():
            if cell.state == "cannot" and cell.repeat == 1:
                why = cell.problems[0].message if cell.problems else "its variant refuses it"
                row = f"{self._rows[cell.row].name} · " if len(self._rows) > 1 else ""
                yield f"{row}{cell.variant}: cannot: {why}"

    def name(self, cell: Cell) -> str:
        """Return the variant of a cell, with its row and repetition if there are several."""
        row = f"{self._rows[cell.row].name} · " if len(self._rows) > 1 else ""
        repeat = f" #{cell.repeat}" if self._repeats > 1 else ""
        return f"{row}{cell.variant}{repeat}"

    def _split(self, lines: int) -> tuple[list[Cell], list[Cell]]:
        """Return the cells that fit into this many lines, those under way first, and the rest."""
        cells = list(self._cells.values())
        if len(cells) <= lines:
            return cells, []
        cells.sort(key=lambda cell: cell.id not in self._started or cell.id in self._ended)
        return cells[: lines - 1], cells[lines - 1 :]

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        shown, rest = self._split(max(1, self._console.size.height - 2))
        for cell in shown:
            started, ended = self._started.get(cell.id), self._ended.get(cell.id)
            elapsed = "" if started is None else f"{(ended or time.monotonic()) - started:4.0f} s"
            share = 100.0 if cell.video else (cell.progress or 0.0)
            table.add_row(
                Text(escape_controls(self.name(cell))),
                ProgressBar(total=100, completed=share, width=18),
                Text(elapsed),
                Text(
                    describe_cell(cell), style=STYLES.get(cell.state, "cyan" if started else "dim")
                ),
            )
        if not rest:
            return table
        states = Counter(describe_cell(cell) for cell in rest).most_common()
        more = ", ".join(f"{count} {state}" for state, count in states)
        summary = Text(f"and {len(rest)} more: {more}", no_wrap=True, overflow="ellipsis")
        return Group(table, summary)
