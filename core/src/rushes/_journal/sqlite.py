"""The journal as an SQLite file."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rushes._journal.claims import HELD, RENEWED, UNKNOWN, HeldClaims, Known, digest
from rushes._journal.database import Connection, File
from rushes._journal.records import (
    encoded,
    encoded_call,
    is_packed,
    packed,
    read,
    readable,
    unpacked,
)
from rushes._journal.store import Store, Work
from rushes._journal.tables import MIGRATIONS
from rushes.errors import JournalError
from rushes.journal import ClaimLost, since_boot
from rushes.task import Task

_ALL = "SELECT id, record, call FROM tasks LEFT JOIN calls ON task = number "
_KNOWN = "SELECT id, record, call, number, version FROM tasks LEFT JOIN calls ON task = number "
_OF_PROVIDER = "client_id = ? AND substr(variant, 1, instr(variant, '/')) = ? || '/'"
_DURABLE = ("add", "save")
"""The methods of `begin` whose effect survives a power cut; claims are void after one."""
_PAGE = 500
"""Tasks that are read at a time."""
T = TypeVar("T")


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
        # The writing thread refers to this and not to the journal, which can thus be collected.
        self._holder = HeldClaims(clock)
        file = File(self.path, MIGRATIONS)
        self._store = Store(
            file,
            chore=self._holder.renewal,
            every=RENEWED,
            last=self._holder.release_all,
            in_child=self._holder.forget_all,
            begin=self._holder.begin_batch,
            undo=self._holder.undo_batch,
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

    def note(self, task: Task, claim: str) -> bool:
        """Do what Journal says of `note`: progress is written with whatever is written next."""
        return self._holder.note(task, claim)

    def find(self, reference: str) -> list[Task]:
        """Do what Journal.find says."""
        return self._now(self._find(reference))

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Do what Journal.with_client_id says."""
        return self._now(self._with_client_id(provider, client_id))

    def tasks(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        """Do what Journal.tasks says."""
        listed = self._listed(unfinished, variant, since, after, limit)
        return [task for _, task in listed if isinstance(task, Task)]

    def unreadable(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> dict[str, str]:
        """Do what Journal.unreadable says."""
        listed = self._listed(unfinished, variant, since, after, limit)
        return {name: str(task) for name, task in listed if not isinstance(task, Task)}

    def history(self, task_id: str) -> list[Task]:
        """Do what Journal.history says; every entry has the call as it is now."""

        def work(connection: Connection) -> list[Task]:
            rows = _rows(connection, f"{_KNOWN} WHERE id = ?", task_id)
            if not rows:
                return []
            name, record, call, number, _ = rows[0]
            now = read(self.path, name, record, call)
            if is_packed(record):
                _, call, changes = unpacked(record)
            else:
                changes = _changes(connection, number)
            return [*(read(self.path, name, was, call) for was in changes[:-1]), now]

        return self._now(work)

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Do what Journal.claim says."""
        claimed: Task | None = self.begin("claim", task_id, claim).result()
        return claimed

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        """Do what Journal.take_up says."""
        taken: Task | None = self.begin("take_up", variant, fingerprint, claim).result()
        return taken

    def release(self, claim: str) -> None:
        """Do what Journal.release says; if it cannot be written, others wait for the lease."""
        self.begin("release", claim).result()

    def abandon(self, claim: str) -> None:
        """Do what Journal.abandon says."""
        self._store.enqueue_if_open(self._release(claim))

    def begin(self, method: str, *arguments: Any) -> "Future[Any]":
        """Queue a call of a method that writes or finds; return a future of its result.

        Every write but noted progress passes through here: a subclass that changes what the journal
        does overrides this method.
        """
        work: Work[Any] = getattr(self, f"_{method}")(*arguments)
        begun = self._store.enqueue(work, durable=method in _DURABLE)
        if method == "release":
            begun.add_done_callback(partial(_give_up, self._holder, *arguments))
        return begun

    def purge(self, before: float) -> int:
        """Do what Journal.purge says, and rewrite the file. Unreadable tasks are kept."""

        def work(connection: Connection) -> int:
            rows = connection.execute(
                f"{_KNOWN} WHERE NOT unfinished AND updated_at < ?",
                (before,),
            )
            over = [row[3] for row in rows if isinstance(readable(self.path, *row[:3]), Task)]
            free = [(number,) for number in over if self._holder.may_take(connection, number)]
            for table in ("history", "calls", "claims"):
                connection.executemany(f"DELETE FROM {table} WHERE task = ?", free)  # noqa: S608
            connection.executemany("DELETE FROM tasks WHERE number = ?", free)
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

    def _now(self, work: Work[T]) -> T:
        """Read what is in the file, including the progress that was noted here."""
        if self._holder.noted:
            with suppress(JournalError):  # it is only progress
                self._store.enqueue(_nothing, durable=False).result()
        return self._store.read(work)

    def _listed(
        self,
        unfinished: bool,
        variant: str | None,
        since: float | None,
        after: Task | None,
        limit: int | None,
    ) -> Iterator[tuple[str, Task | JournalError]]:
        """Read the newest tasks, a page at a time, until `limit` could be read.

        Without a limit the file may change between two pages; no task is listed twice.
        """
        conditions: list[str] = []
        values: list[object] = []
        for condition, value in (("variant = ?", variant), ("created_at >= ?", since)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if unfinished:
            conditions.append("unfinished")
        place: tuple[object, ...] = (after.created_at, after.id) if after else ()
        left = math.inf if limit is None else limit
        while left > 0:
            size = min(left, _PAGE)
            rows = self._now(_page(conditions, (*values, *place, size), follows=bool(place)))
            for name, record, call, _ in rows:
                task = readable(self.path, name, record, call)
                left -= isinstance(task, Task)
                yield name, task
            if len(rows) < size:
                return
            place = (rows[-1][3], rows[-1][0])

    def _add(self, task: Task, claim: str | None = None) -> Work[Task]:
        row = _row(task)

        def work(connection: Connection) -> Task:
            query = (
                f"{_ALL} WHERE id = ? OR ({_OF_PROVIDER}) ORDER BY id = ? DESC, created_at LIMIT 1"
            )
            names = (task.id, task.client_id, _provider(task), task.id)
            found = connection.execute(query, names).fetchone()
            if found is not None:
                return read(self.path, *found)
            self._insert(connection, task, claim, row)
            return task

        return work

    def _save(self, task: Task, claim: str | None = None) -> Work[None]:
        row = _row(task)
        # Once a call has been sent, it never changes.
        call = encoded_call(task) if task.state in ("recorded", "sending") else None

        def work(connection: Connection) -> None:
            known = self._holder.known(task.id, claim)
            if known is None or not _update(connection, row, known, claim, self._holder.name):
                known = self._recorded(connection, task.id, claim)
                if known is None:
                    self._insert(connection, task, claim, row)
                    return
                _update(connection, row, known)
            sent = known.call if call is None else digest(call)
            now = Known.of(known.number, known.version + 1, task, sent)
            if sent != known.call:
                query = "INSERT OR REPLACE INTO calls VALUES (?, ?)"
                connection.execute(query, (known.number, call))
            if now.change != known.change:
                _add_change(connection, known.number, row)
            self._written(connection, task, claim, now)

        return work

    def _insert(
        self, connection: Connection, task: Task, claim: str | None, row: tuple[Any, ...]
    ) -> None:
        """Record a new task."""
        call = encoded_call(task)
        query = (
            "INSERT INTO tasks (id, variant, client_id, state, unfinished, created_at, updated_at, "
            "fingerprint, record, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
        )
        number = connection.execute(query, (task.id, *row)).lastrowid or 0
        connection.execute("INSERT INTO calls VALUES (?, ?)", (number, call))
        _add_change(connection, number, row)
        known = Known.of(number, 0, task, digest(call))
        if claim is not None:
            self._holder.take(connection, claim, task.id, known)
        self._written(connection, task, claim, known)

    def _recorded(self, connection: Connection, task_id: str, claim: str | None) -> Known | None:
        """Return what is recorded of a task, in rows; raise ClaimLost if a claim lost it."""
        rows = _rows(connection, f"{_KNOWN} WHERE id = ?", task_id)
        if not rows:
            return None
        *row, number, version = rows[0]
        task = read(self.path, *row)
        query = "SELECT claim, holder FROM claims WHERE task = ?"
        if claim is not None and _rows(connection, query, number) != [(claim, self._holder.name)]:
            raise ClaimLost(task_id)
        if is_packed(row[1]):
            _unpack(connection, number, row[1])
        return Known.of(number, version, task, digest(row[2]))

    def _written(self, connection: Connection, task: Task, claim: str | None, known: Known) -> None:
        """Finish a write: renew the lease, remember what is recorded, pack a finished task."""
        if claim is not None:
            self._holder.renew(connection)
            self._holder.remember(claim, task.id, known)
        if not task.unfinished:
            _pack(connection, known.number)
            known.version = UNKNOWN

    def _find(self, reference: str) -> Work[list[Task]]:
        def work(connection: Connection) -> list[Task]:
            # In the order of references, those with this prefix come together, an exact match
            # first.
            query = f"{_ALL} WHERE id >= ? ORDER BY id LIMIT 2"
            near = _rows(connection, query, reference)
            rows = [row for row in near if row[0].startswith(reference)]
            if rows and rows[0][0] == reference:
                del rows[1:]
            return [read(self.path, *row) for row in rows]

        return work

    def _with_client_id(self, provider: str, client_id: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            query = f"{_ALL} WHERE {_OF_PROVIDER} ORDER BY created_at LIMIT 1"
            rows = _rows(connection, query, client_id, provider)
            return read(self.path, *rows[0]) if rows else None

        return work

    def _claim(self, task_id: str, claim: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            rows = _rows(connection, f"{_KNOWN} WHERE id = ?", task_id)
            if not rows:
                message = f"no task {task_id!r} is in {self.path}; it may have been purged"
                raise JournalError(message)
            *row, number, version = rows[0]
            task = read(self.path, *row)
            if not self._holder.may_take(connection, number, claim):
                return None
            version = UNKNOWN if is_packed(row[1]) else version
            known = Known.of(number, version, task, digest(row[2]))
            self._holder.take(connection, claim, task_id, known)
            return task

        return work

    def _take_up(self, variant: str, fingerprint: str, claim: str) -> Work[Task | None]:
        def work(connection: Connection) -> Task | None:
            query = f"{_KNOWN} WHERE state = 'recorded' AND fingerprint = ? ORDER BY created_at"
            for *row, number, version in _rows(connection, query, fingerprint):
                task = readable(self.path, *row)
                if not isinstance(task, Task) or task.variant != variant:
                    continue
                if self._holder.may_take(connection, number):
                    known = Known.of(number, version, task, digest(row[2]))
                    self._holder.take(connection, claim, task.id, known)
                    return task
            return None

        return work

    def _release(self, claim: str) -> Work[None]:
        holder = self._holder
        return lambda connection: holder.release(connection, claim)


def _give_up(holder: HeldClaims, claim: str, released: "Future[Any]") -> None:
    """Forget a claim whose release could not be written."""
    if released.exception():
        holder.give_up(claim)


def _nothing(_connection: Connection) -> None:
    """Do nothing: a batch begins by writing what was noted."""


def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query; a lone surrogate cannot be in the file, so it finds nothing."""
    try:
        return connection.execute(query, values).fetchall()
    except UnicodeEncodeError:
        return []


def _row(task: Task) -> tuple[Any, ...]:
    """Return the columns of a task that a write sets."""
    # The fingerprint finds jobs that were never sent.
    fingerprint = task.fingerprint if task.state == "recorded" else ""
    names = (task.variant, task.client_id, task.state, task.unfinished)
    return (*names, task.created_at, task.updated_at, fingerprint, encoded(task))


def _update(connection: Connection, row: tuple[Any, ...], known: Known, *held: str | None) -> bool:
    """Write what is now known of a task, if nobody wrote since, and if it is still held so."""
    query = (
        "UPDATE tasks SET variant = ?, client_id = ?, state = ?, unfinished = ?, created_at = ?, "
        "updated_at = ?, fingerprint = ?, record = ?, version = version + 1 "
        "WHERE number = ? AND version = ?"
    )
    if held:
        query = f"{query} AND {HELD}"
    values = (*row, known.number, known.version, *held)
    return connection.execute(query, values).rowcount == 1


def _changes(connection: Connection, number: int) -> list[bytes]:
    query = "SELECT record FROM history WHERE task = ? ORDER BY number"
    return [record for (record,) in connection.execute(query, (number,))]


def _add_change(connection: Connection, number: int, row: tuple[Any, ...]) -> None:
    query = "INSERT INTO history (task, record) VALUES (?, ?)"
    connection.execute(query, (number, row[-1]))


def _pack(connection: Connection, number: int) -> None:
    """Put all that is known of a finished task into one piece."""
    query = "SELECT record, call FROM tasks LEFT JOIN calls ON task = number WHERE number = ?"
    record, call = connection.execute(query, (number,)).fetchone()
    whole = packed(record, call, _changes(connection, number))
    connection.execute("UPDATE tasks SET record = ? WHERE number = ?", (whole, number))
    connection.execute("DELETE FROM calls WHERE task = ?", (number,))
    connection.execute("DELETE FROM history WHERE task = ?", (number,))


def _unpack(connection: Connection, number: int, record: bytes) -> None:
    """Put the parts of a finished task back into rows: it changes again."""
    _, call, changes = unpacked(record)
    connection.execute("INSERT INTO calls VALUES (?, ?)", (number, call))
    rows = [(number, was) for was in changes]
    connection.executemany("INSERT INTO history (task, record) VALUES (?, ?)", rows)


def _page(
    conditions: list[str], values: tuple[Any, ...], *, follows: bool
) -> Work[list[tuple[Any, ...]]]:
    """Read the newest of the tasks that fulfil conditions, or of those that follow another."""
    if follows:
        conditions = [*conditions, "(created_at, id) < (?, ?)"]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = (
        f"SELECT id, record, call, created_at FROM tasks LEFT JOIN calls ON task = number {where} "  # noqa: S608
        "ORDER BY created_at DESC, id DESC LIMIT ?"
    )
    return lambda connection: _rows(connection, query, *values)


def _provider(task: Task) -> str:
    return task.variant.partition("/")[0]
