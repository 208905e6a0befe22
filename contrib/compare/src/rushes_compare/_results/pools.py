"""Pools: rivals are made from the same kind of input, and all have sound, or none has."""

from collections.abc import Mapping
from typing import Any

from rushes_compare.results import Cell, Input, Results

Pool = tuple[Input, bool]
"""What the videos of a pool are made from, and whether they have sound."""


def pools_of(results: Results) -> dict[str, Pool]:
    """Return the pool of each cell, by the cell's id.

    Whether it has sound is what was requested, or what its variant always delivers; if neither says
    it, what was delivered. A sound that is missing is a broken promise, and does not change the
    pool. If there is no video to tell, it counts where its variant's others are, else its row's.
    """
    inputs = [_input(row.request) for row in results.rows]
    sounds = {cell.id: _sound(cell, results) for cell in results.cells}
    of_variant: dict[tuple[str, Input], bool] = {}
    of_row: dict[int, bool] = {}
    for cell in results.cells:
        if (sound := sounds[cell.id]) is not None:
            of_variant.setdefault((cell.variant, inputs[cell.row]), sound)
            of_row.setdefault(cell.row, sound)

    def sound_of(cell: Cell) -> bool:
        near = of_variant.get((cell.variant, inputs[cell.row]), of_row.get(cell.row, False))
        own = sounds[cell.id]
        return near if own is None else own

    return {cell.id: (inputs[cell.row], sound_of(cell)) for cell in results.cells}


def _sound(cell: Cell, results: Results) -> bool | None:
    if cell.settings.audio is not None:
        return cell.settings.audio
    requested = results.rows[cell.row].request.get("audio")
    if isinstance(requested, bool):
        return requested
    video = cell.video
    return None if video is None else video.audio_codec is not None and not video.silent


def _input(request: Mapping[str, Any]) -> Input:
    images = [one for one in request.get("images") or () if isinstance(one, dict)]
    others = ("videos", "sounds", "continues", "subjects")
    if any(request.get(name) for name in others):
        return "reference"
    if any(image.get("role") == "reference" for image in images):
        return "reference"
    return "first_frame" if images else "text"


def pool_name(pool: Pool) -> str:
    """Return a pool's name for people."""
    given = {"text": "From text", "first_frame": "From a frame", "reference": "From references"}
    return f"{given[pool[0]]}, {'with' if pool[1] else 'without'} sound"
