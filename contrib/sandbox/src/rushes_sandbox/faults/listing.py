"""The lists of faults and of lies, for people and for machines."""

import json
from collections.abc import Iterable
from itertools import groupby

import click

from rushes_sandbox.faults import FAULTS, Fault
from rushes_sandbox.lies import LIES, Lie

_HEADINGS = {
    "connect": "connect: nothing reaches a gateway",
    "submit": "submit: the call that creates a task",
    "status": "status: looking at a task",
    "download": "download: fetching the video",
    "upload": "upload: handing over an image",
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
    _show("lies: every answer as ever, and the video is", LIES.values(), max(map(len, LIES)))


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
