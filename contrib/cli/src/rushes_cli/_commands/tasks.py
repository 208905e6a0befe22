"""`rushes tasks`: the journal, the newest first; printed while it is read, since it may be long."""

import datetime
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from rushes_cli._output.tasks import format_local, task_dict
from rushes_cli._runtime import clients
from rushes_cli._runtime.journal import pages
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import complete_variants, json_option
from rushes_cli.terminal import json_text, one_line, stderr_line, strip_passwords

if TYPE_CHECKING:
    from rushes import Task

_NEWEST = 50
_WIDE = 100
"""Columns of a terminal that has room for the time, too."""


def date(text: str) -> float:
    """Read a date, or a date and a time, as seconds since 1970; it is local if it has no zone."""
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        message = f"{text!r} is not a date like 2026-01-31 or '2026-01-31 18:00'."
        raise click.BadParameter(message) from None


@click.command()
@click.option("--unfinished", is_flag=True, help="Only those that `rushes resume` would resume.")
@click.option(
    "--variant", metavar="VARIANT", shell_complete=complete_variants, help="Only those of it."
)
@click.option("--since", type=date, metavar="DATE", help="Only those created then or later.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many, the newest; {_NEWEST} if not given.",
)
@click.option("--all", "every", is_flag=True, help="All of them, however many there are.")
@json_option
@click.pass_context
def tasks(
    ctx: click.Context,
    unfinished: bool,
    variant: str | None,
    since: float | None,
    limit: int | None,
    every: bool,
    as_json: bool,
) -> None:
    """List the tasks in the journal, the newest first."""
    if every and limit is not None:
        raise click.UsageError("Give --limit or --all, not both.")
    most = None if every else limit or _NEWEST
    which: dict[str, Any] = {"unfinished": unfinished, "variant": variant, "since": since}
    listing: _Listing = _Json() if as_json else _Table()
    broken = False
    with clients.make_client() as client:
        for page, reasons in pages(client, most, **which):
            listing.add(page)
            for reason in reasons:
                stderr_line(reason, bold="Error: ", colour="red")
            broken = broken or bool(reasons)
        full = listing.count == most
        older = full and client.tasks(**which, after=listing.last, limit=1)
    listing.end()
    if older:
        stderr_line(f"The newest {most}; --all lists the older ones, too.")
    elif not as_json and not listing.count and not broken:
        kind = "unfinished tasks" if unfinished else "tasks"
        such = variant is not None or since is not None
        yet = "" if such or unfinished else " yet"
        stderr_line(f"There are no {'such ' if such else ''}{kind}{yet}.")
    ctx.exit(CONFIGURATION if broken else 0)


class _Listing:
    """Prints tasks, a page at a time."""

    def __init__(self) -> None:
        self.count = 0
        self.last: Task | None = None

    def add(self, page: "list[Task]") -> None:
        """Print one page."""
        if page:
            click.echo("\n".join(self._lines(page)))
            self.count, self.last = self.count + len(page), page[-1]

    def end(self) -> None:
        """Print what comes after the last page."""

    def _lines(self, page: "list[Task]") -> Iterable[str]:
        raise NotImplementedError


class _Json(_Listing):
    """Prints one JSON list."""

    def end(self) -> None:
        """Close the list."""
        click.echo("]" if self.count else "[]")

    def _lines(self, page: "list[Task]") -> Iterable[str]:
        for number, task in enumerate(page, self.count):
            yield ("," if number else "[") + json_text(task_dict(task))


class _Table(_Listing):
    """Prints a table whose columns grow if a later page needs it.

    Nothing is cut: references and paths are meant to be copied.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names = ["task", "variant", "status", "created", "file"]
        self._widths = [0] * len(self._names)
        if sys.stdout.isatty() and shutil.get_terminal_size().columns < _WIDE:
            self._names.remove("created")

    def _lines(self, page: "list[Task]") -> Iterable[str]:
        rows = [[one_line(_CELLS[name](task)) for name in self._names] for task in page]
        if not self.count:
            rows.insert(0, self._names)
        lengths = (map(len, column) for column in zip(*rows, strict=True))
        self._widths = list(map(max, self._widths, map(max, lengths)))
        self._widths[-1] = len(self._names[-1])  # nothing comes after the last column
        if not self.count:
            rows.insert(1, ["-" * width for width in self._widths])
        for cells in rows:
            yield "  ".join(map(str.ljust, cells, self._widths)).rstrip()


def _status(task: "Task") -> str:
    if task.state == "in_progress" and task.progress is not None:
        return f"{task.state} {task.progress:.0f}%"
    return task.state


def _outcome(task: "Task") -> str:
    if task.files:
        more = len(task.files) - 1
        return task.files[0] + (f" (+{more})" if more else "")
    error = strip_passwords(task.error or "")
    return error if len(error) <= 80 else error[:79] + "…"


_CELLS: "dict[str, Callable[[Task], str]]" = {
    "task": lambda task: task.id,
    "variant": lambda task: task.variant,
    "status": _status,
    "created": lambda task: format_local(task.created_at),
    "file": _outcome,
}
