"""The capability matrix: fields down, variants across, as many tables as the width requires."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rushes_cli.terminal import console, escape_controls, print_line

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text
    from rushes import Capability, Variant

LABELS = {
    "images.first_frame": "first frame",
    "images.last_frame": "last frame",
    "images.reference": "reference",
    "videos.reference": "reference video",
    "videos.edit": "video to edit",
}
LABEL, CELL, GAP = 15, 14, 2
"""Widths in characters: a field's name, a variant's cell at most, the gap between two cells."""

Column = tuple["Variant", "dict[str, Capability]"]


def print_matrix(columns: Sequence[Column]) -> None:
    """Print the matrix, variants of a provider side by side, with conditions as footnotes."""
    screen = console()
    numbers: dict[str, int] = {}
    groups = group_columns(columns, max(1, (screen.width - LABEL) // (CELL + GAP)))
    for index, group in enumerate(groups):
        if index:
            print_line()
        screen.print(_table(group, numbers))
    if numbers:
        print_line()
    for text, number in numbers.items():
        print_line(text, bold=f"[{number}] ")


def group_columns(columns: Sequence[Column], most: int) -> list[list[Column]]:
    """Split the columns into tables of `most`, keeping a provider in one table if possible."""
    groups: list[list[Column]] = []
    for provider in dict.fromkeys(variant.provider for variant, _ in columns):
        own = [column for column in columns if column[0].provider == provider]
        if groups and len(groups[-1]) + len(own) <= most:
            groups[-1] += own
        else:
            groups += [own[start : start + most] for start in range(0, len(own), most)]
    return groups


def _table(group: Sequence[Column], numbers: dict[str, int]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP // 2), show_edge=False)
    table.add_column("", no_wrap=True)
    for variant, _ in group:
        table.add_column(Text(heading(variant)), overflow="fold", max_width=CELL)
    for row in group[0][1]:
        cells = [_cell(capabilities[row], numbers) for _, capabilities in group]
        table.add_row(Text(label(row)), *cells)
    return table


def heading(variant: "Variant") -> str:
    """Wrap a variant's id to the width of a column."""
    model = variant.id.partition("/")[2]
    return escape_controls("\n".join([f"{variant.provider}/", *textwrap.wrap(model, CELL)]))


def label(row: str) -> str:
    """Return the title of a row."""
    return LABELS.get(row, row.replace("_", " "))


def _cell(capability: "Capability", numbers: dict[str, int]) -> "Text":
    from rich.text import Text

    words = "-" if capability.how == "no" else capability.words
    notes = sorted(numbers.setdefault(text, len(numbers) + 1) for text in capability.conditions)
    cell = Text(escape_controls(words), style="dim" if capability.how == "no" else "")
    if notes:
        cell.append(f" [{', '.join(map(str, notes))}]", style="dim")
    return cell
