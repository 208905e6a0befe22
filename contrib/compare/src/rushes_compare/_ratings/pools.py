"""Pools: rivals are made from the same kind of input, and all have sound, or none has."""

from collections.abc import Mapping
from typing import Any

from rushes_compare.results import Cell, Input, Results

Pool = tuple[Input, bool]
"""What the videos of a pool are made from, and whether they have sound."""


def pool_of(cell: Cell, results: Results) -> Pool:
    """Return the pool of a cell that has a video.

    Whether it has sound is what was requested, or what its variant always delivers; if neither says
    it, what was delivered. A sound that is missing is a broken promise, and does not change the
    pool.
    """
    request = results.rows[cell.row].request
    sound = cell.settings.audio
    if sound is None and isinstance(request.get("audio"), bool):
        sound = request["audio"]
    if sound is None:
        video = cell.video
        sound = video is not None and video.audio_codec is not None and not video.silent
    return _input(request), sound


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
