"""A cell's video measured and compared with what was asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from rushes_compare._measure import MeasuringError, measure, repeatability, write_poster
from rushes_compare._promises.promises import check_promises, cut_offset
from rushes_compare.results import Cell, Failure, Results


def measure_cell(cell: Cell, request: dict[str, Any], always: dict[str, Any], folder: Path) -> Cell:
    """Measure a cell's video, and check it against the request and what the variant promises.

    A file that cannot be measured becomes the cell's failure.
    """
    file = folder / "videos" / f"{cell.id}.mp4"
    picture = folder / "videos" / f"{cell.id}.jpg"
    try:
        video = measure(
            file,
            folder,
            first_frame=_given_image(request, "first_frame"),
            last_frame=_given_image(request, "last_frame"),
        )
    except MeasuringError as error:
        failure = Failure(kind="MeasuringError", message=str(error))
        return msgspec.structs.replace(cell, failure=failure, video=None)
    with suppress(MeasuringError):  # a page can do without a poster
        write_poster(file, picture)
        video = msgspec.structs.replace(video, poster=picture.relative_to(folder).as_posix())
    offset = cut_offset(request, cell.payload or {}, video.cuts)
    measures = msgspec.structs.replace(video.measures, cut_offset=offset)
    video = msgspec.structs.replace(video, measures=measures)
    kept = check_promises(request, cell.payload or {}, video, always)
    return msgspec.structs.replace(cell, failure=None, video=video, promises=kept)


def measure_repeat(cell: Cell, results: Results, folder: Path) -> Cell:
    """Compare a further video of a request with its first one, if they were made with one seed."""
    first = next(
        (one for one in results.cells
         if (one.row, one.variant, one.repeat) == (cell.row, cell.variant, 1)), None
    )  # fmt: skip
    if first is None or first.video is None or cell.video is None or cell.repeat == 1:
        return cell
    if cell.settings.seed is None or cell.settings.seed != first.settings.seed:
        return cell
    alike = repeatability(folder / first.video.file, folder / cell.video.file)
    measures = msgspec.structs.replace(cell.video.measures, repeatability=alike)
    return msgspec.structs.replace(
        cell, video=msgspec.structs.replace(cell.video, measures=measures)
    )


def _given_image(request: dict[str, Any], role: str) -> Path | None:
    """Return the image for the first or last frame, if it is a local file."""
    for image in request.get("images") or ():
        if isinstance(image, dict) and image.get("role") == role:
            path = Path(str(image.get("url"))).expanduser()
            return path if path.is_file() else None
    return None
