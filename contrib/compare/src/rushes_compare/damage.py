"""What no run of ours would have written into `results.json`: edited by hand, or spoiled."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from rushes_compare.prices import wrong_prices
from rushes_compare.results import Cell, Results, Video

_ID = re.compile(r"[0-9a-f]{1,64}")
_END_OF_TIME = 253_402_300_800
"""The year 10000, in seconds since 1970: no date is written after it."""
_WHOLE = {"bytes": 2**63, "bit_rate": 2**63, "width": 2**31, "height": 2**31}
"""Where the numbers of a table end."""


def wrong_in(results: Results) -> str | None:
    """Say the first thing that is wrong with a comparison, or None."""
    return next(_wrong(results), None)


def _wrong(results: Results) -> Iterator[str]:
    if not _ID.fullmatch(results.id):
        yield f"the id {results.id!r:.40} is no hexadecimal number"
    if not 0 <= results.created_at < _END_OF_TIME:
        yield f"created_at is {results.created_at:g}"
    yield from wrong_prices(results.prices, "prices")
    seen: set[str] = set()
    for place, cell in enumerate(results.cells):
        for wrong in _wrong_cell(cell, results):
            yield f"cells[{place}]: {wrong}"
        if cell.id in seen:
            yield f"cells[{place}]: the id {cell.id} is given twice"
        seen.add(cell.id)


def _wrong_cell(cell: Cell, results: Results) -> Iterator[str]:
    if not _ID.fullmatch(cell.id):
        yield f"the id {cell.id!r:.40} is no hexadecimal number"
    if not 0 <= cell.row < len(results.rows):
        yield f"there is no row {cell.row}"
    if cell.variant not in results.variants:
        yield f"{cell.variant!r:.80} is none of the variants"
    if not 1 <= cell.repeat <= min(results.repeats, 2**31 - 1):
        yield f"repeat is {cell.repeat}"
    if not 1 <= cell.attempt < 2**31:
        yield f"attempt is {cell.attempt}"
    if cell.video is not None:
        yield from _wrong_video(cell.video)


def _wrong_video(video: Video) -> Iterator[str]:
    for name, end in _WHOLE.items():
        if not 0 <= getattr(video, name) < end:
            yield f"{name} is {getattr(video, name)}"
    for name in ("duration", "frame_rate"):
        if not getattr(video, name) >= 0:
            yield f"{name} is {getattr(video, name):g}"
    for file in (video.file, video.poster):
        if file is not None and (PurePosixPath(file).is_absolute() or ".." in file.split("/")):
            yield f"{file!r:.80} is outside the folder"
