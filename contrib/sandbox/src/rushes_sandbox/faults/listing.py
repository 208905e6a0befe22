"""The list of faults, for people and for machines."""

import json
from itertools import groupby

import click

from rushes_sandbox.faults import FAULTS

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
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    width = max(map(len, FAULTS))
    for step, faults in groupby(FAULTS.values(), key=lambda fault: fault.step):
        console.print(Text(f"\n{_HEADINGS[step]}", style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, min_width=width)
        table.add_column()
        for fault in faults:
            table.add_row(Text(fault.name), Text(fault.does))
        console.print(table)
