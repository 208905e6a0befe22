"""How a comparison ends on a terminal: what came of each variant, and the page, if it is wanted."""

import os
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from rushes_compare.budget import cost
from rushes_compare.preview import printable
from rushes_compare.results import Cell, Results

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""What says, where windows are not a matter of course, that a browser can be seen."""


def tell_summary(results: Results, console: Console) -> None:
    """Print what came of each variant, a line each, and of all together."""
    wide = max(len(name) for name in results.variants)
    for variant in results.variants:
        cells = [cell for cell in results.cells if cell.variant == variant]
        line = f"{variant:{wide}}  {'; '.join(_words(cells))}"
        console.print(printable(line), markup=False, soft_wrap=True)
    if len(results.variants) > 1:
        line = f"{'all':{wide}}  {'; '.join(_words(results.cells))}"
        console.print(printable(line), markup=False, soft_wrap=True)


def _words(cells: list[Cell]) -> Iterator[str]:
    made = sum(cell.video is not None for cell in cells)
    yield f"{made} of {len(cells)} video{'s' * (len(cells) != 1)}"
    judged = [one for cell in cells for one in cell.promises if one.kept is not None]
    broken = [one.name.replace("_", " ") for one in judged if not one.kept]
    if broken:
        yield f"{len(broken)} of {len(judged)} promises broken ({', '.join(dict.fromkeys(broken))})"
    elif judged:
        yield "every promise kept"
    bought = [cell for cell in cells if cell.state not in ("cannot", "refused")]
    known = [_cost(cell) for cell in bought]
    sums = [usd for usd in known if usd is not None]
    if bought:
        guessed = any(cell.billed is None and cell.estimate is not None for cell in bought)
        told = cost(sum(sums), len(bought), len(bought) - len(sums))
        yield f"{told}, estimated" if guessed and sums else told


def _cost(cell: Cell) -> float | None:
    return cell.estimate if cell.billed is None else cell.billed


def offer_to_open(page: Path) -> None:
    """Ask whether to open the page, where there is somebody to ask and a browser to be seen."""
    there = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    seen = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in SCREENS)
    if not (there and seen):
        return
    try:
        wanted = click.confirm("Open the page?", default=True, err=True)
    except click.Abort:  # the comparison is done, whatever the answer
        return
    if wanted and not webbrowser.open(page.as_uri()):
        click.echo("No browser could be started; open it yourself.", err=True)
