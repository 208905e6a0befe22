"""The comparison as a plain table without scripts, for notebooks and browsers without them."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rushes_compare._page.escaping import escape_html, escape_invisible
from rushes_compare._page.media import file_in_folder, relative_url
from rushes_compare.results import Cell, Results

STYLE = "max-width:20em;overflow-wrap:anywhere;vertical-align:top;text-align:left;padding:.5em"


def player_table(results: Results, folder: Path) -> str:
    """Return an HTML table with a player for each video: a row per prompt, a column per variant.

    Everything is escaped, and it contains no script. URLs are relative to the working directory,
    as notebooks need them.
    """
    start = os.path.relpath(folder)

    def player(cell: Cell) -> Iterator[str]:
        if cell.video is None or file_in_folder(folder, cell.video.file) is None:
            return
        address = escape_html(relative_url(f"{start}/{cell.video.file}"))
        poster = ""
        if cell.video.poster and file_in_folder(folder, cell.video.poster):
            poster = f' poster="{escape_html(relative_url(f"{start}/{cell.video.poster}"))}"'
        yield (
            f'<video controls preload="none" width="280"{poster} src="{address}">'
            f'<a href="{address}">video</a></video><br>'
        )

    return "".join(table(results, player, f' style="{STYLE}"'))


def table(
    results: Results, media: Callable[[Cell], Iterable[str]], styled: str = ""
) -> Iterator[str]:
    """Yield the table's HTML in pieces; `media` yields the HTML for a cell's video."""
    yield "<table>\n<thead><tr><th></th>"
    for variant in results.variants:
        yield f'<th scope="col"{styled}>{escape_html(variant)}</th>'
    yield "</tr></thead>\n<tbody>\n"
    for number, row in enumerate(results.rows):
        prompt = row.request.get("prompt")
        shown = f"{row.name}: {prompt}" if isinstance(prompt, str) else row.name
        yield f'<tr><th scope="row" dir="auto"{styled}>{escape_html(escape_invisible(shown))}</th>'
        for variant in results.variants:
            yield f"<td{styled}>"
            for cell in results.cells:
                if cell.row == number and cell.variant == variant:
                    yield from media(cell)
                    yield f'<span dir="auto">{escape_html(describe_outcome(cell))}</span><br>'
            yield "</td>"
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"


def describe_outcome(cell: Cell) -> str:
    """Describe the outcome of a cell: its size, broken promises, or why it has no video."""
    words = [f"take {cell.repeat}"] if cell.repeat > 1 else []
    if cell.video is not None:
        video = cell.video
        words.append(f"{video.width}x{video.height}, {video.duration:.1f} s")
    else:
        words.append(cell.state.replace("_", " "))
        words.extend(problem.message for problem in cell.problems)
    if cell.failure is not None:
        words.append(cell.failure.message)
    words.extend(
        f"{one.name}: asked {one.asked}, got {one.delivered}"
        for one in cell.promises
        if one.kept is False
    )
    if cell.bought:
        words.append("cost unknown" if cell.cost is None else f"{cell.cost:.2f} USD")
    else:
        words.append("nothing was bought")
    return "; ".join(words)
