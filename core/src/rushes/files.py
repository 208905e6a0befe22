"""Files that appear at their path whole, or not at all, and reading what may be anything."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_regular", "read_regular", "read_whole", "replacing", "sync_folder"]

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; the file written there then replaces `path`.

    It replaces `path` in one step, and only after its content is on the disk. If the block raises,
    the temporary file is removed and `path` stays as it was. Raises OSError if the block wrote no
    file, or if the disk fails.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk, so that a new one survives a power failure.

    Does nothing where folders cannot be synced; raises OSError if the disk fails.
    """
    try:
        opened = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(opened)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; raise OSError for anything else, without waiting for it.

    A pipe, a device or a socket may never end, or never begin. It is checked before it is opened,
    since opening a pipe already wakes up its writer, and again afterwards, since something else may
    be there by then.
    """
    _refuse_others(path.stat().st_mode)
    opened = os.fdopen(os.open(path, os.O_RDONLY | _AT_ONCE), "rb")
    try:
        _refuse_others(os.fstat(opened.fileno()).st_mode)
    except OSError:
        opened.close()
        raise
    return opened


def read_regular(path: Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes; raise OSError for anything else.

    This is how to read a file that is looked for by its name. One that a user names may be a pipe:
    open that, and use `read_whole`.
    """
    with open_regular(path) as file:
        return read_whole(file, most)


def read_whole(file: BinaryIO, most: int) -> bytes:
    """Read what is left of an open file; raise OSError if that is more than `most` bytes."""
    content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 1024 // 1024} MiB")
    return content


def _refuse_others(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
