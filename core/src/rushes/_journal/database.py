"""An SQLite file: opened, migrated, written in batches. The only module that uses sqlite3."""

import errno
import os
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rushes._journal.writer import Job
from rushes.errors import JournalError

Connection = sqlite3.Connection
Migration = Callable[[Connection], None]
Identity = tuple[tuple[int, int] | None, ...]
"""Device and inode of each file of a database, None for one that does not exist."""
T = TypeVar("T")
BUSY = 10.0
"""Seconds to wait for another process that is writing."""
CACHE = 256
"""KiB of the file that a connection keeps in memory. SQLite's own 2 MB would be filled by the first
thousand tasks; what it reads again, the system has in memory."""

_lost: set[tuple[int, int] | None] = set()
"""Databases whose log or index was removed while this process used them. SQLite keeps the index in
memory for all its connections to a database, new ones, too, until the last of them is closed."""
_SHARED = (0x40000002, 510)
"""The bytes that SQLite locks to read: their beginning and their number."""

_FULL = ("the disk is full", "Make room, then try again")
_UNWRITABLE = (
    "it or its folder is not writable",
    "Give yourself write permission on both, or set RUSHES_HOME to another folder",
)
_MEANINGS = {
    sqlite3.SQLITE_BUSY: (
        "another process keeps it locked",
        "End that process (a backup, a database browser), then try again",
    ),
    sqlite3.SQLITE_CANTOPEN: _UNWRITABLE,
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged",
        "Restore a copy; or move it away together with its -wal and -shm files, and save "
        "what can be saved with `sqlite3 FILE .recover`",
    ),
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed; the disk may be full or failing",
        "Check the disk, then try again",
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is not an SQLite file",
        "Move it away, or set RUSHES_HOME to another folder",
    ),
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
}
"""What the primary code of an error of the file means, and what to do."""
_MISFITS = (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
_MISFIT = ("it cannot keep a value that is to be written", "Correct or shorten the value")


@dataclass(frozen=True)
class File:
    """Where the database is, and the migrations that bring an older one up to date.

    The version of a file is the number of migrations applied to it.
    """

    path: Path
    migrations: Sequence[Migration]

    def open(self) -> Connection:
        """Open the file; create a private one in a private folder if there is none."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Never open an existing file here: closing it would drop every lock that this process has
        # on it (https://sqlite.org/howtocorrupt.html, section 2.2).
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, 0o600))
        if self.identity()[0] in _lost:
            raise self._lost_error()
        self._make_private()
        connection = sqlite3.connect(
            self.path, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def check_version(self, connection: Connection) -> None:
        """Raise JournalError if a newer rushes has changed the tables, also since we opened it."""
        if (version := _version(connection)) > len(self.migrations):
            raise JournalError(
                f"the journal {self.path} is of version {version}, written by a newer rushes; this "
                f"one knows up to version {len(self.migrations)}. Upgrade rushes, or set "
                "RUSHES_HOME to another folder"
            )

    def identity(self) -> Identity:
        """Return which files have the names of the database, its log and its index at this moment.

        The index (-shm) is also where processes lock each other out: who opens the database without
        it makes another one, and both overwrite what the other wrote.
        """
        return tuple(_device_and_inode(f"{self.path}{end}") for end in ("", "-wal", "-shm"))

    def check(self, opened: Identity) -> None:
        """Raise JournalError if a file that was opened no longer has its name."""
        now = self.identity()
        if now == opened:
            return
        if now[0] is not None and now[0] == opened[0]:
            _lost.add(now[0])
            raise self._lost_error()
        raise JournalError(
            f"the journal {self.path} was removed or replaced while it was in use; nothing is sent "
            "without it. Put it back together with its -wal and -shm files, or continue with a new "
            "one; tasks that only the old one has must then be looked up at their provider"
        )

    def _lost_error(self) -> JournalError:
        return JournalError(
            f"the -wal or -shm file of the journal {self.path} was removed or replaced while it "
            "was in use; this program sends nothing more. End it, and start it again; tasks that "
            "are not in the journal then must be looked up at their provider"
        )

    def close(self, connection: Connection, opened: Identity) -> None:
        """Close a connection; what others recorded since its log or index was removed stays.

        The last connection of all copies its log into the database, and removes what has the name
        of the log by then. So nobody must seem to be the last.
        """
        now = self.identity()
        if now != opened and now[0] == opened[0]:
            _seem_to_read(self.path)
        with suppress(sqlite3.Error):
            connection.close()

    def scrub(self) -> None:
        """Rewrite the file, so that nothing deleted can be read from it."""
        try:
            with closing(self.open()) as connection:
                connection.execute("VACUUM")
                (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"{self.path} could not be rewritten ({error}); what was deleted can still be "
                "found on the disk. Purge again"
            ) from error
        if busy:
            raise JournalError(
                f"another process is reading {self.path}; what was deleted can still be found on "
                "the disk. Purge again once that process is done"
            )

    def explain(self, error: Exception) -> Exception:
        """Return a JournalError that says what an error of the file means and what to do."""
        what = ("it cannot be reached", "Repair it, or set RUSHES_HOME to another folder")
        if isinstance(error, sqlite3.Error):
            code = _code(error)
            what = _MISFIT if code in _MISFITS else _MEANINGS.get(code, what)
        elif isinstance(error, OSError):
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                what = _FULL
            elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                what = _UNWRITABLE
        else:
            return error
        failure = JournalError(
            f"the journal {self.path} cannot be used: {what[0]} ({error}); "
            f"nothing is sent without it. {what[1]}"
        )
        failure.__cause__ = error
        return failure

    def _make_private(self) -> None:
        """Give access to the owner alone; a file of another user stays unchanged.

        SQLite creates its side files with the rights that the database has at that time, and never
        changes them.
        """
        rights = self.path.stat().st_mode & 0o700
        for end in ("", "-wal", "-shm"):
            path = Path(f"{self.path}{end}")
            with suppress(OSError):
                if path.stat().st_mode & 0o777 != rights:
                    path.chmod(rights)

    def _prepare(self, connection: Connection) -> None:
        self.check_version(connection)
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE}")
        while _version(connection) < len(self.migrations):
            connection.execute("BEGIN IMMEDIATE")
            version = _version(connection)  # another process may have been first
            if version < len(self.migrations):
                self.migrations[version](connection)
                connection.execute(f"PRAGMA user_version={version + 1}")
            connection.execute("COMMIT")


class Batches:
    """Batches of one writer on its own connection; each batch is one transaction.

    `begin` is called at the beginning of each, `undo` if one was not done.
    """

    def __init__(
        self, file: File, *, begin: Callable[[Connection], None], undo: Callable[[], None]
    ) -> None:
        self._file, self._begin, self._undo = file, begin, undo
        self._connection: Connection | None = None
        self._opened: Identity = ()
        self._synced = True

    def commit(self, jobs: list[Job[Connection]]) -> None:
        """Do all jobs; one fsync makes them durable, if that matters.

        If the file fails, none is done. If a statement does, each job is done in a transaction of
        its own, in order: an error concerns its job alone.
        """
        try:
            outcomes = self._done(jobs)
        except Exception as error:  # noqa: BLE001 - reported to whoever waits for a job
            self.close()
            self._undo()
            if len(jobs) > 1 and _is_of_a_statement(error):
                for job in jobs:
                    self.commit([job])
                return
            for job in jobs:
                job.end(self._file.explain(error))
        else:
            for job, outcome in zip(jobs, outcomes, strict=True):
                job.end(outcome)

    def close(self) -> None:
        """Close the connection; uncommitted changes are rolled back."""
        if self._connection is not None:
            self._file.close(self._connection, self._opened)
            self._connection = None

    def _done(self, jobs: list[Job[Connection]]) -> list[Any]:
        if self._connection is None:
            self._connection = self._file.open()
            self._opened = self._file.identity()
            self._synced = True
        connection = self._connection
        self._sync(connection, any(job.durable for job in jobs))
        connection.execute("BEGIN IMMEDIATE")
        self._begin(connection)
        outcomes = [_outcome(job, connection) for job in jobs]
        # Checked before the commit, which may overwrite what is recorded under the name now, and
        # after it: what was written to a file that has lost its name is lost.
        self._file.check(self._opened)
        connection.execute("COMMIT")
        self._file.check(self._opened)
        return outcomes

    def _sync(self, connection: Connection, needed: bool) -> None:
        """Set whether a commit waits for the disk; later ones that do include earlier ones."""
        if needed != self._synced:
            connection.execute(f"PRAGMA synchronous={'FULL' if needed else 'NORMAL'}")
            self._synced = needed


class Reader:
    """A read connection shared by threads; it never waits for a writer."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._connection: Connection | None = None
        self._opened: Identity = ()
        self.lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._connection is not None

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads, and return its result."""
        with self.lock:
            try:
                return work(self._open())
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise self._file.explain(error) from error

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._file.open()
            self._opened = self._file.identity()
        try:
            self._file.check(self._opened)
        except JournalError:
            self.close()
            raise
        return self._connection

    def close(self) -> None:
        """Close the connection; the caller has the lock."""
        if self._connection is not None:
            self._file.close(self._connection, self._opened)
            self._connection = None

    def hold(self) -> None:
        """Wait for those who read, close the connection, and block everyone until `go_on`."""
        self.lock.acquire()
        self.close()

    def go_on(self) -> None:
        """Let it be opened again."""
        self.lock.release()


def _outcome(job: Job[Connection], connection: Connection) -> Any:
    try:
        return job.work(connection)
    except (sqlite3.Error, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - concerns this job alone
        return error


def _seem_to_read(path: Path) -> None:
    """Lock a database as a connection does that reads, until this process ends.

    The lock is the open file's, so that it counts against our own connections, too (man 2 fcntl,
    "Open file description locks"; https://sqlite.org/lockingv3.html). The file is never closed:
    that would drop the locks of all our connections to it.
    """
    if sys.platform != "linux":
        return
    import fcntl

    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, *_SHARED, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)


def _is_of_a_statement(error: Exception) -> bool:
    """Whether SQLite rejects what it was given, and the file is as good as before."""
    return isinstance(error, sqlite3.Error) and _code(error) not in _MEANINGS


def _code(error: sqlite3.Error) -> int:
    """Return the primary code of an error; 0 for one that is not SQLite's, but Python's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _device_and_inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - before each read and after each write
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _write_ahead(connection: Connection) -> None:
    """Switch to WAL. SQLite does not wait for other processes here, so this loop does."""
    end = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
