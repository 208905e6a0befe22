"""The files that a page shows: their relative URLs, or their bytes inside the page."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from rushes_compare.results import Cell

TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mkv": "video/x-matroska", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png",
    ".webp": "image/webp",
}  # fmt: skip
CHUNK = 3 * 2**18  # a multiple of three, so that the pieces of Base64 join


def file_in_folder(folder: Path, name: str | None) -> Path | None:
    """Return the file called `name` in a folder; None if there is none, or it is outside.

    Results may be untrusted: an absolute path, `..`, or a link out of the folder must not put one
    of the reader's own files into a page.
    """
    if not name or "\0" in name:
        return None
    try:
        file = (folder / name).resolve()
        found = file.is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, ValueError):  # a name that no file system accepts
        return None
    return file if found and file.suffix.lower() in TYPES else None


def relative_url(name: str) -> str:
    """Return the URL of a file from its name relative to the page's folder."""
    return quote(PurePosixPath(name.replace("\\", "/")).as_posix(), errors="surrogatepass")


def data_url(file: Path) -> Iterator[str]:
    """Yield a file as a data: URL in pieces, so a whole video is never in memory."""
    yield f"data:{TYPES[file.suffix.lower()]};base64,"
    with file.open("rb") as source:
        while piece := source.read(CHUNK):
            yield b64encode(piece).decode("ascii")


def reveals_variant(cell: Cell) -> bool:
    """Return whether the name of one of a cell's files gives its variant away."""
    if cell.video is None:
        return False
    names = f"{cell.video.file} {cell.video.poster or ''}".casefold()
    return any(part.casefold() in names for part in cell.variant.split("/") if part)
