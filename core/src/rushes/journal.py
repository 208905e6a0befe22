"""The durable record of tasks: SQLite in the home folder."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from rushes.errors import JournalError
from rushes.task import Task

VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    client_id TEXT NOT NULL,
    unfinished INTEGER NOT NULL,
    created_at REAL NOT NULL,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_client_id ON tasks (provider, client_id);
"""


class Journal:
    """Tasks on disk, written through before anything is paid. Safe in threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def add(self, task: Task) -> None:
        """Record a new task; its reference must be new."""
        with self._open() as connection:
            connection.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)", _row(task))

    def save(self, task: Task) -> None:
        """Record what is now known of a task."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?)", _row(task))

    def find(self, reference: str) -> list[Task]:
        """Return the task with this reference, or up to two whose references begin so."""
        pattern = reference.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = "SELECT record FROM tasks WHERE id LIKE ? ESCAPE '\\' ORDER BY id = ? DESC LIMIT 2"
        found = self._select(query, pattern, reference)
        return found[:1] if found and found[0].id == reference else found

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Return all tasks, the newest first."""
        only = "WHERE unfinished " if unfinished else ""
        return self._select(f"SELECT record FROM tasks {only}ORDER BY created_at DESC, id DESC")  # noqa: S608

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Return the task that was sent to a provider under this name of ours."""
        query = "SELECT record FROM tasks WHERE provider = ? AND client_id = ?"
        return next(iter(self._select(query, provider, client_id)), None)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _select(self, query: str, *values: str) -> list[Task]:
        with self._open() as connection, closing(connection.execute(query, values)) as cursor:
            return [msgspec.json.decode(record, type=Task) for (record,) in cursor]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = self._connect()
                with self._connection:
                    yield self._connection
        except sqlite3.IntegrityError as error:
            raise JournalError(
                f"{self.path} has a task with this reference already; choose another reference"
            ) from error
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            raise JournalError(
                f"the journal {self.path} cannot be used: {error}; nothing is sent without it. "
                "Repair it, or set RUSHES_HOME to another folder"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(self.path, timeout=10, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise JournalError(f"{self.path} is of version {version}, written by a newer rushes")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={VERSION}")


def _row(task: Task) -> tuple[str, str, str, bool, float, bytes]:
    provider = task.variant.partition("/")[0]
    record = msgspec.json.encode(task)
    return task.id, provider, task.client_id, task.unfinished, task.created_at, record
