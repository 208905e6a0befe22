"""What would be sent, to be read before it is paid."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from rushes_compare.budget import total
from rushes_compare.results import Cell, Results


def tell_preview(results: Results, console: Console) -> None:
    """Print each cell: its payload, how it differs from its neighbour's, what speaks against it."""
    for place, row in enumerate(results.rows):
        prompt = row.request.get("prompt")
        _say(console, Text(f"\n{row.name}", style="bold"), f"  {prompt}" if prompt else "")
        for cell in results.cells:
            if cell.row == place and cell.repeat == 1:
                _tell_cell(cell, results.repeats, console)
    _say(console, Text(f"\n{total(results.cells)}", style="bold"))


def _tell_cell(cell: Cell, repeats: int, console: Console) -> None:
    times = f" x {repeats}" if repeats > 1 else ""
    if cell.state == "cannot":
        _say(console, "  ", Text(cell.variant, style="bold red"), " cannot:")
    else:
        cost = "cost unknown" if cell.estimate is None else f"about {cell.estimate:g} USD"
        _say(console, "  ", Text(cell.variant, style="bold green"), f"{times}, {cost}")
    for found in (*cell.problems, *cell.notes):
        _say(
            console, f"    {found.path}: {found.message}" if found.path else f"    {found.message}"
        )
    _tell_payload(cell, console)


def _tell_payload(cell: Cell, console: Console) -> None:
    """Print the payload as it would be sent, each field that its neighbour has not so marked."""
    if cell.payload is None:
        return
    changed = {place.path.partition(".")[0].partition("[")[0] for place in cell.differs}
    _say(console, "    {")
    for number, (name, value) in enumerate(cell.payload.items(), 1):
        comma = "," if number < len(cell.payload) else ""
        line = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}{comma}"
        mark = "    ≠   " if name in changed else "        "
        _say(console, Text(mark + line, style="yellow" if name in changed else ""))
    _say(console, "    }")
    for place in cell.differs:
        if place.only == "there":
            _say(console, Text(f"    ≠ {place.path} is sent there, not here", style="yellow"))


def _say(console: Console, *parts: Any) -> None:
    """Print texts as they are: a prompt may hold what a terminal or a markup would obey."""
    whole = Text()
    for part in parts:
        given = part if isinstance(part, Text) else Text(str(part))
        whole.append(printable(given.plain), given.style)
    console.print(whole, soft_wrap=True)


def printable(text: str) -> str:
    """Replace what is no printable character, but for line ends, by what Python calls it."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )
