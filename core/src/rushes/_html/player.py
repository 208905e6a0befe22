"""A video in a notebook: inside the page if it is small, else loaded from where it is."""

import os
from base64 import b64encode
from pathlib import Path
from stat import S_ISREG
from urllib.parse import quote

from rushes._html.escaping import escaped

EMBEDDED = 4 * 2**20
"""Bytes up to which a video becomes part of the notebook: it can be sent, and stays playable."""
_STYLE = "display:block;max-width:100%;max-height:24em;margin-top:.5em"


def player(name: str) -> str:
    """Return a player for a video file, or a line that says why there is none."""
    path = Path(name)
    try:
        kind = _kind(path)
        small = path.stat().st_size <= EMBEDDED
        address = _embedded(path, kind) if small and kind else _relative(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _line(f"{name} cannot be shown: {reason}")
    if kind is None:
        return _line(f"{name} is not a video that a browser plays")
    return (
        f'<video controls preload="metadata" style="{_STYLE}" src="{address}"></video>{_line(name)}'
    )


def _kind(path: Path) -> str | None:
    """Return the media type of a video by its first bytes, None if it is something else."""
    if not S_ISREG(path.stat().st_mode):
        return None  # opening a named pipe would wait for whoever writes into it
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    return "video/webm" if head.startswith(b"\x1a\x45\xdf\xa3") else None


def _embedded(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode('ascii')}"


def _relative(path: Path) -> str:
    """Return a file's address relative to the working folder, which is that of the notebook."""
    try:
        name = os.path.relpath(path)
    except ValueError:  # on another drive
        return escaped(path.absolute().as_uri())
    return escaped(quote(os.fsencode(name.replace(os.sep, "/"))))


def _line(text: str) -> str:
    return f'<div style="opacity:.7;overflow-wrap:anywhere">{escaped(text)}</div>'
