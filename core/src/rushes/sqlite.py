"""The journal as an SQLite file."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from rushes import claims, log
from rushes.database import Connection, File
from rushes.errors import JournalError
from rushes.journal import ClaimLost
from rushes.store import Store
from rushes.tables import MIGRATIONS
from rushes.task import Task
from rushes.writer import Job


class SQLiteJournal:
    """Tasks in an SQLite file, on disk before a call returns; a `Journal`.

    One thread writes; what several callers wait for is committed together. Nothing is opened or
    created before the first use; the file, and the folder made for it, are their owner's alone.
    It must lie where file locks and shared memory work: no network folder
    (https://sqlite.org/wal.html).

    A claim is void at once when its process has ended, where that can be seen (on the same machine
    and in the same pid namespace), else 30 seconds after it was last renewed, by the clock on the
    wall. Claims are renewed every 10 seconds.

    After a fork the parent goes on as before; the child opens the file anew and holds no claim.
    When the program ends, what was handed over is written first, and its claims are released.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        """Name the file; `clock` gives seconds since 1970, alike for all who share the file."""
        self.path = Path(path).absolute()
        self._clock = clock
        self._held: set[str] = set()
        file = File(self.path, MIGRATIONS)
        self._store = Store(file, chore=self._renewal, every=claims.RENEWED, last=self._release_own)

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    def add(self, task: Task, claim: str | None = None) -> Task:
        """Do what Journal.add says."""
        row = _row(task)

        def work(connection: Connection) -> Task:
            query = (
                "SELECT id, record FROM tasks WHERE id = ? OR (provider = ? AND client_id = ?) "
                "ORDER BY id = ? DESC, created_at LIMIT 1"
            )
            names = (task.id, _provider(task), task.client_id, task.id)
            found = connection.execute(query, names).fetchone()
            if found is not None:
                return self._read(*found)
            if claim is not None:
                self._take(connection, task.id, claim)
            _put(connection, row, changed=True)
            return task

        return self._store.write(work)

    def save(self, task: Task, claim: str | None = None) -> None:
        """Do what Journal.save says."""
        row = _row(task)

        def work(connection: Connection) -> None:
            old = self._recorded(connection, task.id)
            if claim is not None and old is None:
                self._take(connection, task.id, claim)
            elif claim is not None and not claims.kept(connection, task.id, claim):
                raise ClaimLost(task.id)
            _put(connection, row, changed=old is None or _essence(old) != _essence(task))

        self._store.write(work)

    def find(self, reference: str) -> list[Task]:
        """Do what Journal.find says."""
        # In the order of references, those that begin so come together, the very one first.
        query = "SELECT id, record FROM tasks WHERE id >= ? ORDER BY id LIMIT 2"
        near = self._store.select(query, reference)
        rows = [row for row in near if row[0].startswith(reference)]
        if rows and rows[0][0] == reference:
            del rows[1:]
        return [self._read(*row) for row in rows]

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Do what Journal.with_client_id says."""
        query = (
            "SELECT id, record FROM tasks WHERE provider = ? AND client_id = ? "
            "ORDER BY created_at LIMIT 1"
        )
        rows = self._store.select(query, provider, client_id)
        return self._read(*rows[0]) if rows else None

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Do what Journal.tasks says; what cannot be read is passed over and told to the log."""
        only = "WHERE unfinished " if unfinished else ""
        query = f"SELECT id, record FROM tasks {only}ORDER BY created_at DESC, id DESC"  # noqa: S608
        return [task for row in self._store.select(query) if (task := self._readable(*row))]

    def history(self, task_id: str) -> list[Task]:
        """Do what Journal.history says."""
        query = "SELECT task, record FROM history WHERE task = ? ORDER BY number"
        return [self._read(*row) for row in self._store.select(query, task_id)]

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Do what Journal.claim says."""

        def work(connection: Connection) -> Task | None:
            task = self._recorded(connection, task_id)
            if task is None:
                raise JournalError(f"no task {task_id!r} is in {self.path}; it may be purged")
            if claims.holder(connection, task_id, self._clock()) not in (None, claim):
                return None
            self._take(connection, task_id, claim)
            return task

        return self._store.write(work)

    def release(self, claim: str) -> None:
        """Do what Journal.release says; where it cannot be written, the lease runs out."""
        try:
            self._store.write(lambda connection: claims.release(connection, claim))
        finally:
            self._held.discard(claim)

    def purge(self, before: float) -> int:
        """Do what Journal.purge says; the file is rewritten. What cannot be read is kept."""

        def work(connection: Connection) -> int:
            query = "SELECT id, record FROM tasks WHERE NOT unfinished AND updated_at < ?"
            over = [row[0] for row in connection.execute(query, (before,)) if self._readable(*row)]
            now = self._clock()
            free = [(name,) for name in over if claims.holder(connection, name, now) is None]
            for table, name in (("tasks", "id"), ("history", "task"), ("claims", "task")):
                connection.executemany(f"DELETE FROM {table} WHERE {name} = ?", free)  # noqa: S608
            return len(free)

        count = self._store.write(work)
        self._store.file.scrub()
        return count

    def close(self) -> None:
        """Do what Journal.close says."""
        self._store.close()
        self._held.clear()

    def _take(self, connection: Connection, task_id: str, claim: str) -> None:
        claims.take(connection, task_id, claim, self._clock())
        self._held.add(claim)

    def _release_own(self, connection: Connection) -> None:
        claims.release_own(connection, self._held)

    def _renewal(self) -> Job[Connection] | None:
        held = list(self._held)
        if not held:
            return None
        now = self._clock()
        job: Job[Connection] = Job(lambda connection: claims.renew(connection, held, now))
        job.done.add_done_callback(_tell_of_failure)
        return job

    def _recorded(self, connection: Connection, task_id: str) -> Task | None:
        query = "SELECT id, record FROM tasks WHERE id = ?"
        row = connection.execute(query, (task_id,)).fetchone()
        return None if row is None else self._read(*row)

    def _read(self, task_id: str, record: bytes) -> Task:
        try:
            return msgspec.json.decode(record, type=Task)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise JournalError(
                f"{self.path} holds a task {task_id!r} that this rushes cannot read ({error}); "
                "a newer one may have recorded it: upgrade, or set RUSHES_HOME to another folder"
            ) from error

    def _readable(self, task_id: str, record: bytes) -> Task | None:
        """Read a task among others, which one that cannot be read must not keep from their work."""
        try:
            return self._read(task_id, record)
        except JournalError as error:
            log.warning("a task is passed over", task=task_id, reason=str(error))
            return None


def _row(task: Task) -> tuple[str, str, str, bool, float, bytes, float]:
    try:
        record = msgspec.json.encode(task)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise JournalError(f"task {task.id!r} cannot be written as JSON ({error})") from error
    facts = (task.id, _provider(task), task.client_id, task.unfinished, task.created_at)
    return (*facts, record, task.updated_at)


def _put(connection: Connection, row: tuple[Any, ...], *, changed: bool) -> None:
    connection.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    if changed:
        connection.execute("INSERT INTO history (task, record) VALUES (?, ?)", (row[0], row[5]))


def _provider(task: Task) -> str:
    return task.variant.partition("/")[0]


def _essence(task: Task) -> Task:
    """Leave out of a task what may change every few seconds and is no news."""
    return msgspec.structs.replace(task, progress=None, updated_at=0.0)


def _tell_of_failure(done: "Future[Any]") -> None:
    if error := done.exception():
        log.warning("the claims in the journal cannot be renewed", reason=str(error))
