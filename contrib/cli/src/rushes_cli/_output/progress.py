"""The progress of tasks on standard error: live on a terminal, else a line for each change."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from rushes_cli._runtime.home import shell_command
from rushes_cli.terminal import console, escape_controls, one_line, stderr_line, strip_passwords

if TYPE_CHECKING:
    from rushes import Task

_DETAIL = {
    "recorded": ", waiting to be sent to {}",
    "sending": " to {}",
    "unknown": ", may or may not have reached {}",
    "queued": " at {}",
    "in_progress": " at {}",
    "completed": ", being fetched from {}",
}
"""What follows the state of an unfinished task; `{}` is its provider."""


class Display(Protocol):
    """Shows the state of tasks."""

    def show(self, task: "Task") -> None:
        """Show a task that has changed."""


class TaskTracker:
    """Remembers and shows the latest state of each task; the client's `on_update`."""

    def __init__(self, display: Display) -> None:
        self.latest: dict[str, Task] = {}
        self._display = display

    def __call__(self, task: "Task") -> None:
        """Record and show a change."""
        self.latest[task.id] = task
        self._display.show(task)


class LineDisplay:
    """Prints a line for each change of state: for logs and pipes."""

    def __init__(self) -> None:
        self._printed: dict[str, str] = {}

    def show(self, task: "Task") -> None:
        """Print a task if its description has changed."""
        text = describe_task(task)
        if self._printed.get(task.id) != text:
            self._printed[task.id] = text
            stderr_line(f"{one_line(task.id)}: {text}")


class RowDisplay:
    """Draws a row for each task: state, progress if known, time since it was first shown."""

    def __init__(self, progress: Any, first: str) -> None:
        self._progress = progress
        self._rows: dict[str, Any] = {}
        self._first = progress.add_task(first, total=None, percent="") if first else None

    def show(self, task: "Task") -> None:
        """Update a task's row."""
        if self._first is not None:
            self._progress.remove_task(self._first)
            self._first = None
        if task.id not in self._rows:
            self._rows[task.id] = self._progress.add_task("", total=None, percent="")
        share = task.progress if task.state == "in_progress" else task.fetched
        self._progress.update(
            self._rows[task.id],
            description=f"{one_line(task.id)} {describe_task(task)}",
            total=None if share is None else 100,
            completed=share or 0,
            percent="" if share is None else f"{share:.0f}%",
        )
        if task.ended and not task.unfinished:
            self._progress.remove_task(self._rows.pop(task.id))


def resume_commands(tasks: "Iterable[Task]") -> list[str]:
    """Return the shell commands that resume what is not finished."""
    return [shell_command("resume", task.id) for task in tasks if task.unfinished]


def describe_task(task: "Task") -> str:
    """Describe a task: its state, and what it is waiting for."""
    if task.ended and not task.unfinished:
        several = f"{len(task.files)} videos" if len(task.files) > 1 else "video"
        return task.state + (f", {several} downloaded" if task.file else "")
    text = task.state + _DETAIL.get(task.state, " at {}").format(task.provider)
    if task.state == "recorded" and task.error:
        text += f", {one_line(strip_passwords(task.error))}"
    return escape_controls(text)


@contextmanager
def show_progress(first: str = "") -> Iterator[TaskTracker]:
    """Show the tasks given to the tracker; `first` is shown until there is one."""
    stream = sys.stderr
    if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield TaskTracker(LineDisplay())
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[percent]:>4}", markup=False),
        TimeElapsedColumn(),
    )
    # Standard output is for results, which are printed once the rows are gone.
    with Progress(
        *columns, console=console(err=True), transient=True, redirect_stdout=False
    ) as bar:
        yield TaskTracker(RowDisplay(bar, first))
