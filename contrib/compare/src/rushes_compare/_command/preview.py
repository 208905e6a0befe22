"""What would be sent, to read before paying."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text
from rushes_cli.terminal import escape_controls

from rushes_compare._check.budget import total_cost
from rushes_compare.results import Cell, Results


def print_preview(results: Results, console: Console) -> None:
    """Print each cell: its payload, how it differs from its neighbour's, its problems."""
    for place, row in enumerate(results.rows):
        prompt = row.request.get("prompt")
        _print(console, Text(f"\n{row.name}", style="bold"), f"  {prompt}" if prompt else "")
        for cell in results.cells:
            if cell.row == place and cell.repeat == 1:
                _print_cell(cell, results.repeats, console)
    if any(cell.differs for cell in results.cells):
        _print(console, Text("\n≠ is not so for the variant above (there)", style="yellow"))
    _print(console, Text(f"\n{total_cost(results.cells)}", style="bold"))


def _print_cell(cell: Cell, repeats: int, console: Console) -> None:
    times = f" x {repeats}" if repeats > 1 else ""
    if cell.state == "cannot":
        _print(console, "  ", Text(cell.variant, style="bold red"), " cannot:")
    else:
        cost = "cost unknown" if cell.estimate is None else f"about {cell.estimate:g} USD"
        _print(console, "  ", Text(cell.variant, style="bold green"), f"{times}, {cost}")
    for item in (*cell.problems, *cell.notes):
        _print(console, f"    {item.path}: {item.message}" if item.path else f"    {item.message}")
    _print_payload(cell, console)


def _print_payload(cell: Cell, console: Console) -> None:
    """Print the payload that would be sent, marking what differs from its neighbour's."""
    if cell.payload is None:
        return
    changed = {place.path.partition(".")[0].partition("[")[0] for place in cell.differs}
    _print(console, "    {")
    for number, (name, value) in enumerate(cell.payload.items(), 1):
        comma = "," if number < len(cell.payload) else ""
        line = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}{comma}"
        mark = "    ≠   " if name in changed else "        "
        _print(console, Text(mark + line, style="yellow" if name in changed else ""))
    _print(console, "    }")
    for place in cell.differs:
        if place.only == "there":
            _print(console, Text(f"    ≠ {place.path} is sent there, not here", style="yellow"))


def _print(console: Console, *parts: Any) -> None:
    """Print text without markup, and with control characters escaped."""
    whole = Text()
    for part in parts:
        given = part if isinstance(part, Text) else Text(str(part))
        whole.append(escape_controls(given.plain), given.style)
    console.print(whole, soft_wrap=True)
