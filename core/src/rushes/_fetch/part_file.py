"""The file that a download is written to: complete when it gets its final name, or removed."""

import contextlib
import hashlib
import math
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from rushes._fetch.container import objection
from rushes._fetch.target import occupied_error
from rushes._flow import Interrupted, Stalled
from rushes.calls import Answer
from rushes.errors import ResultError
from rushes.files import sync_folder

MAX_VIDEO = 4 * 1024**3
"""How many bytes a video may have at most."""
REPORTED_EVERY = 1.0
"""Seconds between two progress reports of a download."""
MIN_SPEED = 1024
"""Bytes per second below which a download counts as stalled."""
MEASURED_OVER = 30.0
"""Seconds over which its speed is measured."""


class PartFile:
    """A temporary file beside the target; after an interruption it takes the rest of a body.

    It has a new name each time, so that nothing is there already: no link to follow, no leftover to
    trust. What a killed run left is removed by the next one; a lock, which the system releases when
    a process dies, distinguishes it from a file that is being written.

    It belongs to the process that began it. In a forked child the same object begins a file of its
    own; the parent's file is neither written to nor removed.
    """

    path: Path
    size: int
    tag: str | None
    _expected: int | None

    def __init__(
        self,
        target: Path,
        task_id: str,
        on_progress: Callable[[float], None] | None = None,
        *,
        elapsed: Callable[[], float] = time.monotonic,
        end: float = math.inf,
    ) -> None:
        """Prepare a part file; `on_progress` is called now and then with the percentage.

        `elapsed` is a monotonic clock in seconds; once it reaches `end`, no more data is
        accepted.
        """
        self.target = target
        self._on_progress, self._elapsed, self._end = on_progress, elapsed, end
        self._reported_at = elapsed()
        self._prefix = f".{task_id}."
        self._leftover = re.compile(rf"\.{re.escape(task_id)}\.[0-9a-f]{{8}}\.part")
        self._framed = False
        self._reset()

    def _reset(self) -> None:
        self.path = self.target.with_name(f"{self._prefix}{secrets.token_hex(4)}.part")
        self._process = os.getpid()
        # Without a buffer: a forked child would write its copy of the buffer, too.
        self._file: FileIO | None = None
        self.restart()

    def prepare(self) -> None:
        """Make the folder, and remove what a killed run left there.

        Raises OSError if the folder cannot be made.
        """
        folder = self.target.parent
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # a folder that may be writable but not listable
            left = [path for path in folder.iterdir() if self._leftover.fullmatch(path.name)]
            for path in left:
                with contextlib.suppress(OSError):
                    if _abandoned(path):
                        path.unlink()

    def headers(self) -> dict[str, str]:
        """Return headers that ask for the rest, if the video is unchanged (RFC 9110, 13.1.5)."""
        self._leave_to_parent()
        if not self.size or not self.tag:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.tag}

    def begin(self, answer: Answer) -> None:
        """Prepare for the body that the answer announces.

        Raises Interrupted if a partial answer is not the range that was asked for; the whole body
        is asked for next. A partial answer may omit its validator (RFC 9110, 15.3.7).
        """
        self._leave_to_parent()
        length = answer.headers.get("content-length", "")
        encoded = answer.headers.get("content-encoding", "identity")
        if encoded != "identity":
            message = f"the video is sent with the content encoding {encoded!r}; it must have none"
            raise ResultError(message)
        expected = int(length) if length.isdecimal() and len(length) < 16 else None
        if answer.status != 206 or not self.headers():
            self.restart()
        if answer.status == 206:
            found = re.fullmatch(
                r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", answer.headers.get("content-range", "")
            )
            if not found or int(found[1]) != self.size or self._is_other(answer, int(found[3])):
                self.restart()
                raise Interrupted("the server sent another range than the one that was asked for")
            expected = int(found[3])
        if expected is not None and expected > MAX_VIDEO:
            message = f"the video has {expected:,} bytes according to its server; that is too large"
            raise ResultError(message)
        etag = answer.headers.get("etag", "")
        given = etag if etag.startswith('"') else answer.headers.get("last-modified")
        self.tag = self.tag or given
        self._expected = expected
        # A connection that merely closes does not mark the end of a body (RFC 9112, 8).
        chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
        self._framed = chunked or expected is not None
        self._since, self._came = self._elapsed(), 0
        if self._file is None:
            self._file = FileIO(self.path, "x+")  # fails if anything is there, even a link
            _lock(self._file)
        self._file.seek(self.size)
        self._file.truncate()

    def _is_other(self, answer: Answer, total: int) -> bool:
        """Whether a partial answer belongs to another video than the part already here."""
        if not self.tag:
            return False
        given = answer.headers.get(
            "etag" if self.tag.startswith('"') else "last-modified", self.tag
        )
        return given != self.tag or self._expected not in (None, total)

    def write(self, chunk: bytes) -> None:
        """Append a chunk that arrived; raises what `append` and `arrived` raise."""
        self.append(chunk)
        self.arrived(len(chunk))

    def append(self, chunk: bytes) -> None:
        """Append a chunk; raises ResultError if the video is too large."""
        if self._process != os.getpid():
            raise Interrupted("the process was forked; its parent continues the download")
        if self.size + len(chunk) > MAX_VIDEO:
            raise ResultError(f"the video does not end after {MAX_VIDEO:,} bytes")
        assert self._file is not None  # noqa: S101 - begin() comes first
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._digest.update(chunk)
        self.size += len(chunk)

    def arrived(self, count: int) -> None:
        """Count bytes that arrived.

        Raises Interrupted if the time is over, Stalled if too little has arrived lately.
        """
        self._came += count
        now = self._elapsed()
        if self.size == self._expected:
            return
        if now >= self._end:
            raise Interrupted("the time for the download is over")
        passed = now - self._since
        if passed < MEASURED_OVER:
            return
        if self._came < MIN_SPEED * passed:
            raise Stalled(
                f"only {self._came:,} bytes arrived in {passed:.0f} seconds, "
                f"less than {MIN_SPEED:,} per second"
            )
        self._since, self._came = now, 0

    @property
    def sha256(self) -> str:
        """The SHA-256 digest of what was written, in hexadecimal."""
        return self._digest.hexdigest()

    def report_progress(self) -> None:
        """Report the progress of the body, if its length is known, at most once a second."""
        now = self._elapsed()
        if self._on_progress and self._expected and now - self._reported_at >= REPORTED_EVERY:
            self._reported_at = now
            self._on_progress(min(100.0 * self.size / self._expected, 100.0))

    def restart(self) -> None:
        """Start over: the next body is taken from its beginning."""
        self.size = 0
        self.tag = None
        self._expected = None
        self._digest = hashlib.sha256()

    @property
    def missing(self) -> str | None:
        """Say how much of the body has arrived, or None if it is complete."""
        if self._process != os.getpid():
            return "the download belongs to the parent process, from which this one was forked"
        if self._expected is None or self.size == self._expected:
            return None
        return f"{self.size:,} of {self._expected:,} bytes arrived"

    def check(self) -> None:
        """Sync the file to disk, and check that it is a video.

        Raises ResultError if it is not one; another body can then be written.
        """
        assert self._file is not None  # noqa: S101 - begin() comes first
        os.fsync(self._file.fileno())
        wrong = objection(self.path, framed=self._framed)
        if wrong:
            raise ResultError(f"what the provider offers {wrong}")

    def finish(self, *, overwrite: bool) -> None:
        """Give the file its final name.

        Without `overwrite` it replaces nothing: raises FileExistsError if anything has that name.
        """
        assert self._file is not None  # noqa: S101 - begin() comes first
        self._file.close()
        self._file = None
        try:
            if overwrite:
                self.path.replace(self.target)
            else:
                _rename_to_new(self.path, self.target)
        except OSError:
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise
        sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove the temporary file."""
        self._leave_to_parent()
        if self._file is not None:
            file, self._file = self._file, None
            for let_go in (file.close, self.path.unlink):
                with contextlib.suppress(OSError):
                    let_go()

    def _leave_to_parent(self) -> None:
        """Close a file that another process began; its lock and its name stay."""
        if self._process != os.getpid():
            if self._file is not None:
                self._file.close()
            self._reset()


def _rename_to_new(path: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError if anything has its new name.

    A link is made only if the name is free; a rename on Windows, too. On other file systems without
    links the check and the rename are two steps.
    """
    try:
        target.hardlink_to(path)
    except FileExistsError as error:
        raise occupied_error() from error
    except (OSError, NotImplementedError):
        if os.path.lexists(target):
            raise occupied_error() from None
        path.rename(target)
    else:
        path.unlink()


def _lock(file: FileIO) -> bool:
    """Lock a file; return whether it worked. On Windows opening it suffices."""
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
    with FileIO(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        return _lock(file)
