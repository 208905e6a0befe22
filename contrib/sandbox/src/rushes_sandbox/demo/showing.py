"""Showing the takes' progress: a live table on a terminal, a line per change elsewhere."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

STYLES = {"downloaded": "green", "failed": "red", "in progress": "cyan"}


class Board:
    """The state of every take, on stderr."""

    def __init__(self, prompt: str, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._states: dict[str, tuple[str, float | None]] = {}
        self._live = Live(console=self._console, refresh_per_second=8, transient=False)
        self._console.print(Text.assemble(("One request, every variant: ", "bold"), prompt))

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

    def update(self, variant: str, state: str, progress: float | None) -> None:
        """Take note of a change, and show it."""
        before = self._states.get(variant, ("", None))
        self._states[variant] = (state, progress)
        if self._console.is_terminal:
            self._live.update(self._table())
        elif before[0] != state:
            self._console.print(Text(f"{variant}: {state}"))

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=27)
        table.add_column(width=24)
        table.add_column()
        for variant, (state, progress) in self._states.items():
            bar = ProgressBar(total=100, completed=progress or 0, width=24)
            table.add_row(Text(variant), bar, Text(state, style=STYLES.get(state, "dim")))
        return table
