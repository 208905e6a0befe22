"""The faults and lies by name, as the command lists, completes and checks them."""

import json
from collections.abc import Iterable
from itertools import groupby

import click
from click.shell_completion import CompletionItem

from rushes_sandbox._faults.catalogue import FAULTS, parse_fault
from rushes_sandbox._faults.fault import Fault
from rushes_sandbox._rendering.lies import LIES, Lie, find_lie

_HEADINGS = {
    "connect": "connect: no request reaches a gateway",
    "submit": "submit: the request that creates a task",
    "status": "status: the requests about a task",
    "download": "download: fetching the video",
    "upload": "upload: sending an image",
}


def show_faults(*, as_json: bool) -> None:
    """Print every fault: its name, its step, what happens."""
    if as_json:
        click.echo(json.dumps([fault.as_json() for fault in FAULTS.values()]))
        return
    for step, faults in groupby(FAULTS.values(), key=lambda fault: fault.step):
        _show(_HEADINGS[step], faults, max(map(len, FAULTS)))


def show_lies(*, as_json: bool) -> None:
    """Print every lie: its name, and what the video is."""
    if as_json:
        click.echo(json.dumps([lie.as_json() for lie in LIES.values()]))
        return
    heading = "lies: all responses are those of the requested video, but the video is"
    _show(heading, LIES.values(), max(map(len, LIES)))


def complete_fault(incomplete: str) -> list[CompletionItem]:
    """Offer the names of faults to a shell."""
    return _completions(FAULTS.values(), incomplete)


def complete_lie(incomplete: str) -> list[CompletionItem]:
    """Offer the names of lies to a shell."""
    return _completions(LIES.values(), incomplete)


def check_faults(texts: Iterable[str]) -> None:
    """Raise `click.BadParameter` for the first text that is not `NAME` or `NAME:TIMES`."""
    for text in texts:
        try:
            parse_fault(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None


def check_lies(names: Iterable[str]) -> None:
    """Raise `click.BadParameter` for the first name that no lie has."""
    for name in names:
        try:
            find_lie(name)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None


def _completions(entries: Iterable[Fault | Lie], incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(entry.name, help=entry.does)
        for entry in entries
        if entry.name.startswith(incomplete)
    ]


def _show(heading: str, entries: Iterable[Fault | Lie], width: int) -> None:
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
