"""Following tasks on standard error: live for a person, a line for each change otherwise."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from rushes_cli.place import command_line
from rushes_cli.terminal import clean, console, one_line, say, without_password

if TYPE_CHECKING:
    from rushes import Task

_MORE = {
    "recorded": ", waits to be sent to {}",
    "sending": " to {}",
    "unknown": ", may or may not have reached {}",
    "queued": " at {}",
    "in_progress": " at {}",
    "completed": ", is being fetched from {}",
}
"""What is said after the word for a state, while there is something to wait for."""


class Shows(Protocol):
    """Shows how a task stands."""

    def show(self, task: "Task") -> None:
        """Show a task that has changed."""


class Watch:
    """Remembers how each task stands, and shows it; this is the client's `on_update`."""

    def __init__(self, display: Shows) -> None:
        self.latest: dict[str, Task] = {}
        self._display = display

    def __call__(self, task: "Task") -> None:
        """Take note of a change."""
        self.latest[task.id] = task
        self._display.show(task)


class Lines:
    """A line for each change of state: for logs and pipes."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def show(self, task: "Task") -> None:
        """Print a task whose state is another than before."""
        words = phrase(task)
        if self._told.get(task.id) != words:
            self._told[task.id] = words
            say(f"{one_line(task.id)}: {words}")


class Live:
    """A row for each task: state, progress where it is known, time since the watching began."""

    def __init__(self, progress: Any, first: str) -> None:
        self._progress = progress
        self._rows: dict[str, Any] = {}
        self._first = progress.add_task(first, total=None, percent="") if first else None

    def show(self, task: "Task") -> None:
        """Bring a task's row up to date."""
        if self._first is not None:
            self._progress.remove_task(self._first)
            self._first = None
        if task.id not in self._rows:
            self._rows[task.id] = self._progress.add_task("", total=None, percent="")
        share = task.progress if task.state == "in_progress" else task.fetched
        self._progress.update(
            self._rows[task.id],
            description=f"{one_line(task.id)} {phrase(task)}",
            total=None if share is None else 100,
            completed=share or 0,
            percent="" if share is None else f"{share:.0f}%",
        )
        if task.ended and not task.unfinished:
            self._progress.remove_task(self._rows.pop(task.id))


def ways_on(tasks: "Iterable[Task]") -> list[str]:
    """Return the commands that take up what is not finished."""
    return [command_line("resume", task.id) for task in tasks if task.unfinished]


def phrase(task: "Task") -> str:
    """Say how a task stands: its state, by the word for it, and what it is waiting for."""
    if task.ended and not task.unfinished:
        return task.state + (", and the video is here" if task.file else "")
    provider = task.variant.partition("/")[0]
    words = task.state + _MORE.get(task.state, " at {}").format(provider)
    if task.state == "recorded" and task.error:
        words += f", {one_line(without_password(task.error))}"
    return clean(words)


@contextmanager
def watching(first: str = "") -> Iterator[Watch]:
    """Show tasks while they are under way; `first` is said before there is any."""
    stream = sys.stderr
    if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield Watch(Lines())
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[percent]:>4}", markup=False),
        TimeElapsedColumn(),
    )
    # Results are printed on standard output by us alone, and only when the rows are gone.
    with Progress(
        *columns, console=console(err=True), transient=True, redirect_stdout=False
    ) as bar:
        yield Watch(Live(bar, first))
