"""The faults and lies by name, as `rushes sandbox` lists, checks and completes them.

Faults and lies are imported when they are needed: `rushes --help` stays fast.
"""

import json
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from rushes_sandbox._faults.fault import Fault
    from rushes_sandbox._rendering.lies import Lie

_HEADINGS = {
    "connect": "connect: no request reaches a provider",
    "submit": "submit: the request that creates a task",
    "status": "status: the requests about a task",
    "result": "result: the answer that says where the video is",
    "download": "download: fetching the video",
    "upload": "upload: sending an image",
}


def show_faults(*, as_json: bool) -> None:
    """Print every fault: its name, its step, what happens."""
    from rushes_sandbox._faults.catalogue import FAULTS

    if as_json:
        click.echo(json.dumps([fault.as_json() for fault in FAULTS.values()]))
        return
    for step, faults in groupby(FAULTS.values(), key=lambda fault: fault.step):
        _show(_HEADINGS[step], faults, max(map(len, FAULTS)))


def show_lies(*, as_json: bool) -> None:
    """Print every lie: its name, and what the video is."""
    from rushes_sandbox._rendering.lies import LIES

    if as_json:
        click.echo(json.dumps([lie.as_json() for lie in LIES.values()]))
        return
    heading = "lies: all responses are those of the requested video, but the video is"
    _show(heading, LIES.values(), max(map(len, LIES)))


def check_faults(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """Accept the values of `--fault`, each `NAME` or `NAME:TIMES`."""
    from rushes_sandbox._faults.catalogue import parse_fault

    return _checked(parse_fault, texts)


def check_lies(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Accept the values of `--lie`, each the name of a lie."""
    from rushes_sandbox._rendering.lies import find_lie

    return _checked(find_lie, names)


def _checked(read: "Callable[[str], object]", texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return texts


def complete_fault(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of faults to a shell."""
    from rushes_sandbox._faults.catalogue import FAULTS

    return _completions(FAULTS.values(), incomplete)


def complete_lie(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of lies to a shell."""
    from rushes_sandbox._rendering.lies import LIES

    return _completions(LIES.values(), incomplete)


def _completions(entries: "Iterable[Fault | Lie]", incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(entry.name, help=entry.does)
        for entry in entries
        if entry.name.startswith(incomplete)
    ]


def _show(heading: str, entries: "Iterable[Fault | Lie]", width: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(f"\n{heading}", style="bold"))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=width)
    table.add_column()
    for entry in entries:
        table.add_row(Text(entry.name), Text(entry.does))
    console.print(table)
