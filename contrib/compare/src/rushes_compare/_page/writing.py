"""Writing the page: a template, a style, scripts and data become one file."""

import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from rushes_compare._files import replacing
from rushes_compare._page.bundling import bundle
from rushes_compare._page.escaping import escape_html, escape_invisible, json_line, script_json
from rushes_compare._page.media import data_url, file_in_folder, relative_url, reveals_variant
from rushes_compare._page.plain import table
from rushes_compare._results.figures import (
    FIGURE_COLUMNS,
    FigureColumn,
    figures_by_pool,
    summary_lines,
)
from rushes_compare._results.pools import pool_name, pools_of
from rushes_compare.columns import COLUMNS, Column
from rushes_compare.results import Cell, Results


def write_page(
    results: Results,
    folder: Path,
    *,
    embed: bool = False,
    title: str | None = None,
    under_way: bool = False,
) -> Path:
    """Write `report.html` into the comparison's folder and return its path.

    The page shows the videos and posters in `folder`; with `embed` it holds them, and needs no
    other file. While the comparison is `under_way` the page shows it, and reloads itself when there
    is a newer one. If it cannot be written, the older one stays. Raises FolderError.
    """
    page = folder / "report.html"
    with replacing(page) as part, part.open("w", encoding="utf-8", newline="\n") as out:
        for piece in _pieces(results, folder, embed, title or _title(results), under_way):
            out.write(piece)
    return page


def _pieces(
    results: Results, folder: Path, embed: bool, title: str, under_way: bool
) -> Iterator[str]:
    style = _part("page.css")
    script = bundle(files(__package__).joinpath("scripts"), "main.js")
    numbers = {cell.id: number for number, cell in enumerate(results.cells)}

    def media(cell: Cell) -> Iterator[str]:
        yield from _links(cell, numbers[cell.id], folder, embed)

    before, after = _part("page.html").split("$table")
    values = {
        "title": escape_html(escape_invisible(title)),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": script_json(
            {
                **page_data(results, title),
                "folder": folder.name,
                "under_way": under_way,
                "written_at": time.time(),
            }
        ),
    }
    yield Template(before).substitute(values)
    yield from table(results, media)
    yield Template(after).substitute(values)


def page_data(results: Results, title: str) -> dict[str, Any]:
    """Return what the page's script reads: the results, the payloads as trees of texts.

    Cells in one `pool` are rivals. `revealing` means that a file's name gives its variant away, so
    that no row can be blind.
    """
    data: dict[str, Any] = msgspec.to_builtins(results)
    pools = pools_of(results)
    for shown, cell in zip(data["cells"], results.cells, strict=True):
        shown["sent"] = None if cell.payload is None else _tree(cell.payload)
        # The page compares neighbours itself, since the reader can rearrange them.
        del shown["payload"], shown["differs"]
        shown["pool"] = pool_name(pools[cell.id])
    data["numbers"] = [
        {name: column.number(cell) for name, column in COLUMNS.items()} for cell in results.cells
    ]
    data["all_columns"] = [_described(column) for column in COLUMNS.values()]
    data["figures"] = {
        pool_name(pool): msgspec.to_builtins(figures)
        for pool, figures in figures_by_pool(results).items()
    }
    data["figure_columns"] = [_described(column) for column in FIGURE_COLUMNS]
    data["summary"] = list(summary_lines(results))
    data["title"] = title
    rated = results.ratings.pools if results.ratings else []
    data["pool_titles"] = [pool_name((pool.input, pool.sound)) for pool in rated]
    data["revealing"] = any(reveals_variant(cell) for cell in results.cells)
    return data


def _described(column: Column | FigureColumn) -> dict[str, str]:
    return {name: getattr(column, name) for name in ("name", "label", "unit", "meaning")}


def _tree(value: Any) -> str | dict[str, Any]:
    """Return a value as a tree of JSON texts: parsed by a browser, numbers would be rounded.

    An object is `{"names": [[name, tree], …]}`, a list `{"items": [tree, …]}`; an empty one is its
    JSON, as a name is.
    """
    if isinstance(value, dict) and value:
        return {"names": [[json_line(str(name)), _tree(inner)] for name, inner in value.items()]}
    if isinstance(value, list) and value:
        return {"items": [_tree(inner) for inner in value]}
    return json_line(value)


def _links(cell: Cell, number: int, folder: Path, embed: bool) -> Iterator[str]:
    """Yield a link to a cell's video, with its poster's address in an attribute for the script."""
    if cell.video is None:
        return
    file = file_in_folder(folder, cell.video.file)
    poster = file_in_folder(folder, cell.video.poster)
    if file is None:
        return
    yield f'<a data-cell="{number}" data-poster="'
    if poster is not None and cell.video.poster:
        yield from data_url(poster) if embed else (escape_html(relative_url(cell.video.poster)),)
    yield f'" download="take-{number + 1}{file.suffix}" href="' if embed else '" href="'
    yield from data_url(file) if embed else (escape_html(relative_url(cell.video.file)),)
    yield '">video</a> '


def _title(results: Results) -> str:
    rows, variants = len(results.rows), len(results.variants)
    first = results.rows[0].request.get("prompt") if rows == 1 else None
    if isinstance(first, str) and first.strip():
        return first if len(first) <= 120 else f"{first[:119]}…"
    return f"{_count(rows, 'prompt')}, {_count(variants, 'variant')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash with which the page's policy allows this text, and no other, to run."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")
