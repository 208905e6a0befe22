"""What came of a cell: its file measured, and held against what was asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from rushes_compare.measuring import MeasuringError, measure, poster
from rushes_compare.promises import promises
from rushes_compare.results import Cell, Failure


def judged(cell: Cell, request: dict[str, Any], always: dict[str, Any], folder: Path) -> Cell:
    """Measure a cell's video, and hold it to what was asked for and what the variant always makes.

    A file that cannot be measured is a failure with its words.
    """
    file = folder / "videos" / f"{cell.id}.mp4"
    picture = folder / "videos" / f"{cell.id}.jpg"
    try:
        video = measure(file, folder, first_frame=_first_frame(request))
    except MeasuringError as error:
        failure = Failure(kind="MeasuringError", message=str(error))
        return msgspec.structs.replace(cell, failure=failure, video=None)
    with suppress(MeasuringError):  # a page can do without one picture
        poster(file, picture)
        video = msgspec.structs.replace(video, poster=picture.relative_to(folder).as_posix())
    kept = promises(request, cell.payload or {}, video, always)
    return msgspec.structs.replace(cell, failure=None, video=video, promises=kept)


def _first_frame(request: dict[str, Any]) -> Path | None:
    """Return the picture that the video was to begin with, where it is a local file."""
    for image in request.get("images") or ():
        if isinstance(image, dict) and image.get("role") == "first_frame":
            path = Path(str(image.get("url"))).expanduser()
            return path if path.is_file() else None
    return None
