"""Opening regular files only: a pipe, a device or a socket may never end, or never begin."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; raise OSError for anything else, without waiting for it.

    It is checked before it is opened, since opening a pipe already wakes up its writer, and again
    afterwards, since something else may be there by then.
    """
    _refuse_others(path.stat().st_mode)
    opened = os.fdopen(os.open(path, os.O_RDONLY | _AT_ONCE), "rb")
    try:
        _refuse_others(os.fstat(opened.fileno()).st_mode)
    except OSError:
        opened.close()
        raise
    return opened


def _refuse_others(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
