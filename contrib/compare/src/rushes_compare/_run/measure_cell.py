"""A cell's video measured and compared with what was asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from rushes_compare._measure import MeasuringError, measure, write_poster
from rushes_compare._promises.promises import check_promises
from rushes_compare.results import Cell, Failure


def measure_cell(cell: Cell, request: dict[str, Any], always: dict[str, Any], folder: Path) -> Cell:
    """Measure a cell's video, and check it against the request and what the variant promises.

    A file that cannot be measured becomes the cell's failure.
    """
    file = folder / "videos" / f"{cell.id}.mp4"
    picture = folder / "videos" / f"{cell.id}.jpg"
    try:
        video = measure(file, folder, first_frame=_first_frame(request))
    except MeasuringError as error:
        failure = Failure(kind="MeasuringError", message=str(error))
        return msgspec.structs.replace(cell, failure=failure, video=None)
    with suppress(MeasuringError):  # a page can do without a poster
        write_poster(file, picture)
        video = msgspec.structs.replace(video, poster=picture.relative_to(folder).as_posix())
    kept = check_promises(request, cell.payload or {}, video, always)
    return msgspec.structs.replace(cell, failure=None, video=video, promises=kept)


def _first_frame(request: dict[str, Any]) -> Path | None:
    """Return the image for the first frame, if it is a local file."""
    for image in request.get("images") or ():
        if isinstance(image, dict) and image.get("role") == "first_frame":
            path = Path(str(image.get("url"))).expanduser()
            return path if path.is_file() else None
    return None
