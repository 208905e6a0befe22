"""The file that a download grows in: whole when it gets its name, and gone when it does not."""

import contextlib
import errno
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rushes.calls import Answer
from rushes.container import objection
from rushes.errors import ResultError
from rushes.flow import Interrupted

MAX_VIDEO = 4 * 1024**3
"""Bytes that a video may have."""
TOLD_EVERY = 1.0
"""Seconds between two words on how far a download is."""


class PartFile:
    """A temporary file beside the target; it takes a body, and the rest of it after a break.

    It has a new name each time, so that nothing lies there already: no link to follow, no leftover
    to trust. What a killed run left is removed by the next one; a lock, which the system takes off
    the dead, tells it from one that somebody is writing just now.
    """

    def __init__(
        self, target: Path, task_id: str, told: Callable[[float], None] | None = None
    ) -> None:
        """Keep a file's place; `told` hears now and then what percentage of the body has come."""
        self.target = target
        self._told = told
        self._told_at = time.monotonic()
        self.path = target.with_name(f".{task_id}.{secrets.token_hex(4)}.part")
        self.size = 0
        self.tag: str | None = None
        self._leftover = re.compile(rf"\.{re.escape(task_id)}\.[0-9a-f]{{8}}\.part")
        self._expected: int | None = None
        self._framed = False
        self._file: BinaryIO | None = None

    def prepare(self) -> None:
        """Make the folder, and remove what a killed run left in it.

        Raises OSError where the folder cannot be made or what has the target's name must stay.
        """
        folder = self.target.parent
        folder.mkdir(parents=True, exist_ok=True)
        refuse_to_replace(self.target)
        with contextlib.suppress(PermissionError):  # a folder that may be written, not listed
            left = [path for path in folder.iterdir() if self._leftover.fullmatch(path.name)]
            for path in left:
                with contextlib.suppress(OSError):
                    if _abandoned(path):
                        path.unlink()

    def headers(self) -> dict[str, str]:
        """Ask for the rest only, and only if it is still the same video (RFC 9110, 13.1.5)."""
        if not self.size or not self.tag:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.tag}

    def begin(self, answer: Answer) -> None:
        """Get ready for what the answer says it will bring.

        Raises Interrupted where a rest is not the one that was asked for; all of it is asked for
        next. A rest may tell its validator or leave it out (RFC 9110, 15.3.7).
        """
        length = answer.headers.get("content-length", "")
        encoded = answer.headers.get("content-encoding", "identity")
        if encoded != "identity":
            raise ResultError(f"the video is sent in the encoding {encoded!r}, which none is")
        expected = int(length) if length.isdecimal() and len(length) < 16 else None
        if answer.status != 206 or not self.headers():
            self.restart()
        if answer.status == 206:
            found = re.fullmatch(
                r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", answer.headers.get("content-range", "")
            )
            if not found or int(found[1]) != self.size or self._is_other(answer, int(found[3])):
                self.restart()
                raise Interrupted("the rest that came is not the rest that was asked for")
            expected = int(found[3])
        if expected is not None and expected > MAX_VIDEO:
            raise ResultError(f"the video is said to have {expected:,} bytes; that is too large")
        etag = answer.headers.get("etag", "")
        told = etag if etag.startswith('"') else answer.headers.get("last-modified")
        self.tag = self.tag or told
        self._expected = expected
        # A connection that merely closes ends a body nowhere (RFC 9112, 8).
        chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
        self._framed = chunked or expected is not None
        if self._file is None:
            self._file = self.path.open("x+b")  # fails where anything lies, a link too
            _lock(self._file)
        self._file.seek(self.size)
        self._file.truncate()

    def _is_other(self, answer: Answer, total: int) -> bool:
        """Say whether a rest is of another video than the beginning that is here."""
        if not self.tag:
            return False
        told = answer.headers.get("etag" if self.tag.startswith('"') else "last-modified", self.tag)
        return told != self.tag or self._expected not in (None, total)

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        if self.size + len(chunk) > MAX_VIDEO:
            raise ResultError(f"the video does not end after {MAX_VIDEO:,} bytes")
        assert self._file is not None  # noqa: S101 - begin() comes first
        self._file.write(chunk)
        self.size += len(chunk)

    def tell(self) -> None:
        """Tell how much of the body has come, where its length is known, once a second."""
        now = time.monotonic()
        if self._told and self._expected and now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            self._told(min(100.0 * self.size / self._expected, 100.0))

    def restart(self) -> None:
        """Take what comes next from its beginning."""
        self.size, self.tag, self._expected = 0, None, None

    @property
    def missing(self) -> str | None:
        """Say how much of the body has not come, or None where it is whole."""
        if self._expected is None or self.size == self._expected:
            return None
        return f"{self.size:,} of {self._expected:,} bytes came"

    def finish(self) -> None:
        """Check that the file is a video, and put it where it belongs.

        Raises ResultError where it is none; the file then takes another.
        """
        assert self._file is not None  # noqa: S101 - begin() comes first
        self._file.flush()
        os.fsync(self._file.fileno())
        wrong = objection(self.path, framed=self._framed)
        if wrong:
            raise ResultError(f"what the provider offers {wrong}")
        self._file.close()
        self._file = None
        self.path.replace(self.target)
        _sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove the temporary file."""
        with contextlib.suppress(OSError):  # what a full disk did not take fails once more
            if self._file is not None:
                self._file.close()
        if self._file is not None:
            self._file = None
            with contextlib.suppress(OSError):
                self.path.unlink()


def refuse_to_replace(target: Path) -> None:
    """Raise FileExistsError where something other than a regular file has the target's name.

    A link is followed for that: one to a regular file, or to nothing, is replaced by the video,
    and what it points to stays as it is.
    """
    if target.exists() and not target.is_file():
        raise FileExistsError(errno.EEXIST, "what has that name is no regular file")


def _lock(file: BinaryIO) -> bool:
    """Say who is at work; not every file system can. On Windows an open file is lock enough."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _abandoned(path: Path) -> bool:
    if sys.platform == "win32":
        return True
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return _lock(file)


def _sync_folder(folder: Path) -> None:
    """Have the new name written down; some systems have no such thing for folders."""
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
