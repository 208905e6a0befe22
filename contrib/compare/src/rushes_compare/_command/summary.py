"""The end of a comparison on a terminal: a summary by variant, and the offer to open the page."""

import os
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rushes_cli.terminal import escape_controls

from rushes_compare._check.budget import describe_cost
from rushes_compare.results import Cell, Results

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""On systems that may have no display, a browser needs one of these environment variables."""


def print_line(text: str, console: Console) -> None:
    """Print a line of text, unwrapped and with its control characters escaped."""
    console.print(escape_controls(text), markup=False, soft_wrap=True)


def print_summary(results: Results, console: Console) -> None:
    """Print a line for each variant, and one for all together."""
    wide = max(len(name) for name in results.variants)
    for variant in results.variants:
        cells = [cell for cell in results.cells if cell.variant == variant]
        line = f"{variant:{wide}}  {'; '.join(_outcome(cells))}"
        print_line(line, console)
    if len(results.variants) > 1:
        line = f"{'all':{wide}}  {'; '.join(_outcome(results.cells))}"
        print_line(line, console)


def _outcome(cells: list[Cell]) -> Iterator[str]:
    made = sum(cell.video is not None for cell in cells)
    yield f"{made} of {len(cells)} video{'s' * (len(cells) != 1)}"
    decided = [one for cell in cells for one in cell.promises if one.kept is not None]
    broken = [one.name.replace("_", " ") for one in decided if not one.kept]
    if broken:
        names = ", ".join(dict.fromkeys(broken))
        yield f"{len(broken)} of {len(decided)} promises broken ({names})"
    elif decided:
        yield "every promise kept"
    bought = [cell for cell in cells if cell.bought]
    if not bought:
        yield "nothing was bought"
        return
    known = [cell.cost for cell in bought if cell.cost is not None]
    estimated = sum(cell.billed is None and cell.estimate is not None for cell in bought)
    how = "" if not estimated else "estimated" if estimated == len(known) else "partly estimated"
    yield describe_cost(sum(known), len(bought), len(bought) - len(known), how)


def offer_to_open_page(page: Path) -> None:
    """Ask whether to open the page, if there is a terminal and a display for a browser."""
    interactive = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    has_display = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in SCREENS
    )
    if not (interactive and has_display):
        return
    try:
        wanted = click.confirm("Open the page?", default=True, err=True)
    except click.Abort:  # the comparison is done, whatever the answer
        return
    if wanted and not webbrowser.open(page.as_uri()):
        click.echo("No browser could be started; open it yourself.", err=True)
