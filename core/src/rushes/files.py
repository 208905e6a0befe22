"""Files that appear at their path whole, or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "sync_folder"]


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
