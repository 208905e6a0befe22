"""The journal as an SQLite file."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from rushes import _log as log
from rushes._journal import claims
from rushes._journal.database import Connection, File
from rushes._journal.store import Store, Work
from rushes._journal.tables import MIGRATIONS
from rushes.calls import Call
from rushes.errors import JournalError
from rushes.journal import ClaimLost, essence, since_boot
from rushes.task import Task

_ALL = "SELECT id, record, call FROM tasks LEFT JOIN calls ON task = id "


class SQLiteJournal:
    """Tasks in an SQLite file, on disk before a call returns; a `Journal`.

    One thread writes; the writes of several callers are committed together. Nothing is opened or
    created before the first use; only the owner has access to the file and to the folder made for
    it. It must be where file locks and shared memory work, so not in a network folder
    (https://sqlite.org/wal.html). If the file is removed or replaced while it is in use, that is
    noticed: a write that only reached the old file does not count as written.

    A claim is void at once when its process has ended, if that is visible (on the same machine and
    in the same pid namespace), and after a restart of the machine; otherwise 30 seconds after it
    was last renewed. Claims are renewed every 10 seconds.

    After a fork the parent continues as before; the child reopens the file and holds no claim. When
    the program ends, pending writes are done first, and its claims are released. A journal that is
    collected without having been closed does the same.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = since_boot) -> None:
        """Name the file; `clock` returns seconds, the same for all that share the file."""
        self.path = Path(path).absolute()
        self._clock = clock
        # The writing thread refers to this and not to the journal, which can thus be collected.
        self._holder = claims.HeldClaims(clock)
        file = File(self.path, MIGRATIONS)
        self._store = Store(
            file,
            chore=self._holder.renewal,
            every=claims.RENEWED,
            last=self._holder.release_all,
            in_child=self._holder.forget_all,
        )

    def __del__(self) -> None:
        if "_store" in vars(self):
            self.close_without_waiting()

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    @property
    def is_open(self) -> bool:
        """Whether it has a thread or an open file in this process."""
        return self._store.is_open

    def add(self, task: Task, claim: str | None = None) -> Task:
        """Do what Journal.add says."""
        added: Task = self.begin("add", task, claim).result()
        return added

    def save(self, task: Task, claim: str | None = None) -> None:
        """Do what Journal.save says."""
        self.begin("save", task, claim).result()

    def find(self, reference: str) -> list[Task]:
        """Do what Journal.find says."""
        return self._store.read(self._find(reference))

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Do what Journal.with_client_id says."""
        return self._store.read(self._with_client_id(provider, client_id))

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Do what Journal.tasks says."""
        found = (_readable(self.path, *row) for row in self._store.read(_listed(unfinished)))
        return [task for task in found if isinstance(task, Task)]

    def unreadable(self, *, unfinished: bool = False) -> dict[str, str]:
        """Do what Journal.unreadable says."""
        rows = self._store.read(_listed(unfinished))
        found = {row[0]: _readable(self.path, *row) for row in rows}
        return {name: str(task) for name, task in found.items() if not isinstance(task, Task)}

    def history(self, task_id: str) -> list[Task]:
        """Do what Journal.history says; every entry has the call as it is now."""
        query = (
            "SELECT task, record, call FROM history LEFT JOIN calls USING (task) "
            "WHERE task = ? ORDER BY number"
        )
        rows = self._store.read(lambda connection: _rows(connection, query, task_id))
        found = [_read(self.path, *row) for row in rows[:-1]]
        return [*found, *self.find(task_id)[:1]] if rows else []

    def durations(self, variant: str, workload: str, limit: int) -> list[float]:
        """Do what Journal says of `durations`."""
        query = "SELECT id, record, NULL FROM tasks WHERE provider = ? ORDER BY created_at DESC"
        provider = variant.partition("/")[0]
        rows = self._store.read(lambda found: _rows(found, f"{query} LIMIT ?", provider, limit))
        tasks = (_readable(self.path, *row) for row in reversed(rows))
        return [
            task.took
            for task in tasks
            if isinstance(task, Task)
            and (task.variant, task.workload) == (variant, workload)
            and task.took is not None
        ]

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Do what Journal.claim says."""
        claimed: Task | None = self.begin("claim", task_id, claim).result()
        return claimed

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        """Do what Journal.take_up says."""
        taken: Task | None = self.begin("take_up", variant, fingerprint, claim).result()
        return taken

    def release(self, claim: str) -> None:
        """Do what Journal.release says; if it cannot be written, the lease expires."""
        self.begin("release", claim).result()

    def abandon(self, claim: str) -> None:
        """Do what Journal.abandon says."""
        self._store.enqueue_if_open(self._release(claim))

    def begin(self, method: str, *arguments: Any) -> "Future[Any]":
        """Queue a call of a method that writes or finds; return a future of its result.

        Every write passes through here: a subclass that changes what the journal does overrides
        this method.
        """
        work: Work[Any] = getattr(self, f"_{method}")(*arguments)
        return self._store.enqueue(work)

    def purge(self, before: float) -> int:
        """Do what Journal.purge says, and rewrite the file. Unreadable tasks are kept."""

        def work(connection: Connection) -> int:
            query = f"{_ALL} WHERE NOT unfinished AND updated_at < ?"
            rows = connection.execute(query, (before,))
            over = [row[0] for row in rows if isinstance(_readable(self.path, *row), Task)]
            now = self._clock()
            free = [(name,) for name in over if claims.owner(connection, name, now) is None]
            for table in ("history", "calls", "claims"):
                connection.executemany(f"DELETE FROM {table} WHERE task = ?", free)  # noqa: S608
            connection.executemany("DELETE FROM tasks WHERE id = ?", free)
            return len(free)

        count = self._store.write(work)
        self._store.file.scrub()
        return count

    def close(self) -> None:
        """Do what Journal.close says."""
        self._store.close()

    def close_without_waiting(self) -> None:
        """Close without waiting, from a finalizer: pending writes are done first."""
        self._store.close_without_waiting()

    def _add(self, task: Task, claim: str | None = None) -> Work[Task]:
        row, call = _row(task), _call(task)

        def work(connection: Connection) -> Task:
            query = (
                f"{_ALL} WHERE id = ? OR (provider = ? AND client_id = ?) "
                "ORDER BY id = ? DESC, created_at LIMIT 1"
            )
            names = (task.id, _provider(task), task.client_id, task.id)
            found = connection.execute(query, names).fetchone()
            if found is not None:
                return _read(self.path, *found)
            if claim is not None:
                self._holder.take(connection, task.id, claim)
            _put(connection, row, call, changed=True)
            return task

        return work

    def _save(self, task: Task, claim: str | None = None) -> Work[None]:
        # Once a call has been sent, it never changes.
        row, call = _row(task), _call(task) if task.state in ("recorded", "sending") else None

        def work(connection: Connection) -> None:
            query = "SELECT id, record, NULL FROM tasks WHERE id = ?"
            found = connection.execute(query, (task.id,)).fetchone()
            old = _read(self.path, *found) if found else None
            if claim is not None and old is None:
                self._holder.take(connection, task.id, claim)
            elif claim is not None and not self._holder.keep(connection, task.id, claim):
                raise ClaimLost(task.id)
            changed = old is None or essence(old) != essence(task)
            _put(connection, row, _call(task) if old is None else call, changed=changed)

        return work

    def _find(self, reference: str) -> Work[list[Task]]:
        def work(connection: Connection) -> list[Task]:
            # In the order of references, those with this prefix come together, an exact match
            # first.
            query = f"{_ALL} WHERE id >= ? ORDER BY id LIMIT 2"
            near = _rows(connection, query, reference)
            rows = [row for row in near if row[0].startswith(reference)]
            if rows and rows[0][0] == reference:
                del rows[1:]
            return [_read(self.path, *row) for row in rows]

        return work

    def _with_client_id(self, provider: str, client_id: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            query = f"{_ALL} WHERE provider = ? AND client_id = ? ORDER BY created_at LIMIT 1"
            rows = _rows(connection, query, provider, client_id)
            return _read(self.path, *rows[0]) if rows else None

        return work

    def _claim(self, task_id: str, claim: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            rows = _rows(connection, f"{_ALL} WHERE id = ?", task_id)
            if not rows:
                message = f"no task {task_id!r} is in {self.path}; it may have been purged"
                raise JournalError(message)
            task = _read(self.path, *rows[0])
            owner = claims.owner(connection, task_id, self._clock())
            if owner not in (None, (claim, self._holder.name)):
                return None
            self._holder.take(connection, task_id, claim)
            return task

        return work

    def _take_up(self, variant: str, fingerprint: str, claim: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            query = f"{_ALL} WHERE state = 'recorded' AND fingerprint = ? ORDER BY created_at"
            now = self._clock()
            for row in _rows(connection, query, fingerprint):
                task = _readable(self.path, *row)
                if not isinstance(task, Task) or task.variant != variant:
                    continue
                if claims.owner(connection, task.id, now) is None:
                    self._holder.take(connection, task.id, claim)
                    return task
            return None

        return work

    def _release(self, claim: str) -> Work[None]:
        holder = self._holder
        return lambda connection: holder.release(connection, claim)


Row = tuple[str, bytes, bytes | None]


def _rows(connection: Connection, query: str, *values: object) -> list[Row]:
    """Return the rows of a query; a lone surrogate cannot be in the file, so it finds nothing."""
    try:
        return connection.execute(query, values).fetchall()
    except UnicodeEncodeError:
        return []


def _listed(unfinished: bool) -> Work[list[Row]]:
    query = f"{_ALL} {'WHERE unfinished' if unfinished else ''} ORDER BY created_at DESC, id DESC"
    return lambda connection: _rows(connection, query)


def _read(path: Path, task_id: str, record: bytes, call: bytes | None) -> Task:
    try:
        task = msgspec.json.decode(record, type=Task)
        if call is None:
            return task
        return msgspec.structs.replace(task, call=msgspec.json.decode(call, type=Call | None))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise JournalError(
            f"{path} contains a task {task_id!r} that this version of rushes cannot read "
            f"({error}); a newer version may have recorded it: upgrade, or set RUSHES_HOME to "
            "another folder"
        ) from error


def _readable(path: Path, *row: Any) -> Task | JournalError:
    """Read one task of several; an unreadable one must not block the others."""
    try:
        return _read(path, *row)
    except JournalError as error:
        log.warning("a task cannot be read", task=row[0], reason=str(error))
        return error


def _row(task: Task) -> tuple[Any, ...]:
    record = _encoded(task, msgspec.structs.replace(task, call=None))
    names = (task.id, _provider(task), task.client_id)
    times = (task.unfinished, task.created_at, record, task.updated_at)
    return (*names, *times, task.state, task.fingerprint)


def _call(task: Task) -> bytes:
    return _encoded(task, task.call)


def _encoded(task: Task, value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise JournalError(f"task {task.id!r} cannot be written as JSON ({error})") from error


def _put(
    connection: Connection, row: tuple[Any, ...], call: bytes | None, *, changed: bool
) -> None:
    values = ", ".join("?" * len(row))
    connection.execute(f"INSERT OR REPLACE INTO tasks VALUES ({values})", row)  # noqa: S608
    if call is not None:
        connection.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (row[0], call))
    if changed:
        connection.execute("INSERT INTO history (task, record) VALUES (?, ?)", (row[0], row[5]))


def _provider(task: Task) -> str:
    return task.variant.partition("/")[0]
