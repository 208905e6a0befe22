"""The journal as an SQLite file."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rushes._journal import purses
from rushes._journal.claims import HELD, HOLDING, HeldClaims
from rushes._journal.database import Batches, Connection, File, Reader
from rushes._journal.held import RENEWED, UNKNOWN, Known, digest
from rushes._journal.queued import QueuedJournal, held_elsewhere
from rushes._journal.records import (
    encoded,
    encoded_call,
    is_packed,
    packed,
    read,
    readable,
    searchable,
    unpacked,
)
from rushes._journal.store import Store
from rushes._journal.tables import MIGRATIONS
from rushes._journal.writer import Work
from rushes.errors import JournalError
from rushes.journal import GRANTED, KEPT_NEWS, ClaimLost, since_boot
from rushes.task import Task

_ROWS = "tasks LEFT JOIN calls ON calls.task = number"
_ALL = f"SELECT id, record, call FROM {_ROWS}"  # noqa: S608
_KNOWN = (
    f"SELECT id, record, call, number, version, {HOLDING} FROM {_ROWS} "  # noqa: S608
    "LEFT JOIN claims ON claims.task = number LEFT JOIN holders USING (holder)"
)
_AT_PROVIDER = "state IN ('sending', 'queued', 'in_progress')"
_USED = (
    "SELECT (SELECT count(*) FROM slots WHERE key = ? AND task != ?) + (SELECT count(*) FROM tasks "  # noqa: S608
    f"WHERE {_AT_PROVIDER} AND variant >= ? AND variant < ? AND id != ? "
    "AND NOT EXISTS (SELECT 1 FROM slots WHERE task = id))"
)
"""Others than a task: those admitted with a key, and those at its provider that nobody asked for;
their variants lie between the provider with a slash and with the next character, a zero."""
_PROVIDED = "substr(variant, 1, instr(variant, '/')) = ?"
_OF_PROVIDER = f"client_id = ? AND {_PROVIDED}"


class SQLiteJournal(QueuedJournal[Connection]):
    """Tasks in an SQLite file, on disk before a call returns; a `Journal`.

    One thread writes; the writes of several callers are committed together. Nothing is opened or
    created before the first use; only the owner has access to the file and to the folder made for
    it. It must be where file locks and shared memory work, so not in a network folder
    (https://sqlite.org/wal.html). If the file is removed or replaced while it is in use, that is
    noticed: a write that only reached the old file does not count as written.

    A claim is void at once when its process has ended, if that is visible (on the same machine and
    in the same pid namespace), and after a restart of the machine; otherwise 30 seconds after it
    was last renewed. Claims are renewed every 10 seconds.

    Beside a newer rushes that has changed the tables, `add`, `admit`, `purge`, and `save` of a task
    that is about to be sent raise JournalError: nothing new is begun. What was sent before is
    written as long as the tables allow it.

    A fork, the end of the program and a journal that nobody closed do no harm: `QueuedJournal`.
    """

    _ROWS, _HISTORY, _OF_PROVIDER = _ROWS, "history", _OF_PROVIDER
    _holder: HeldClaims

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = since_boot) -> None:
        """Name the file; `clock` returns seconds, the same for all that share the file."""
        self.path = Path(path).absolute()
        # The writing thread refers to these and not to the journal, which can thus be collected.
        self._holder = holder = HeldClaims(clock)
        self._file = file = File(self.path, MIGRATIONS)
        self._store = Store(
            lambda: Batches(file, begin=holder.begin_batch, undo=holder.distrust),
            lambda: Reader(file),
            chore=holder.renewal,
            every=RENEWED,
            last=holder.release_all,
            in_child=holder.forget_all,
        )

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    def purge(self, before: float) -> int:
        """Do what Journal.purge says, and rewrite the file. Unreadable tasks are kept."""

        def work(connection: Connection) -> int:
            self._file.check_version(connection)
            query = f"{_KNOWN} WHERE NOT unfinished AND updated_at < ?"
            over = [
                (row[3], row[0])
                for row in connection.execute(query, (before,))
                if isinstance(readable(self.place, *row[:3]), Task)
                and self._holder.may_take(row[5:])
            ]
            _forget(connection, over)
            return len(over)

        count = self._store.write(work)
        self._file.scrub()
        return count

    def discard(self, record: dict[str, Any]) -> None:
        """Do what RawRecords.discard says, and rewrite the file."""
        name = record["id"]

        def work(connection: Connection) -> None:
            self._file.check_version(connection)
            self._require_lost(connection, record)
            *_, number, _, held_by = _known(connection, f"{_KNOWN} WHERE id = ?", name)[0]
            if not self._holder.may_take(held_by):
                raise held_elsewhere(name)
            _forget(connection, [(number, name)])

        self._store.write(work)
        self._file.scrub()

    def _history(self, task_id: str) -> Work[Connection, list[Task]]:
        def work(connection: Connection) -> list[Task]:
            query = f"SELECT id, record, call, number FROM {_ROWS} WHERE id = ?"  # noqa: S608
            rows = _rows(connection, query, task_id)
            if not rows:
                return []
            name, record, call, number = rows[0]
            now = read(self.place, name, record, call)
            if is_packed(record):
                _, call, changes = unpacked(record)
            else:
                changes = _changes(connection, number)
            return [*(read(self.place, name, was, call) for was in changes[:-1]), now]

        return work

    def _add(self, task: Task, claim: str | None = None) -> Work[Connection, Task]:
        row = _row(task)

        def work(connection: Connection) -> Task:
            self._file.check_version(connection)
            query = (
                f"{_ALL} WHERE id = ? OR ({_OF_PROVIDER}) ORDER BY id = ? DESC, created_at LIMIT 1"
            )
            provider = f"{task.provider}/"
            names = (task.id, task.client_id, provider, task.id)
            found = connection.execute(query, names).fetchone()
            if found is not None:
                return read(self.place, *found)
            self._insert(connection, task, claim, row)
            return task

        return work

    def _save(self, task: Task, claim: str | None = None) -> Work[Connection, None]:
        row = _row(task)
        # Once a call has been sent, it never changes.
        call = encoded_call(task) if task.state in ("recorded", "sending") else None

        def work(connection: Connection) -> None:
            if task.state == "sending":  # its call is made next
                self._file.check_version(connection)
            known = self._holder.known(task.id, claim)
            held = claim, self._holder.name
            if known is None or not _update_held(connection, row, known, *held):
                known = self._recorded(connection, task.id, claim)
                if known is None:
                    self._holder.require_there(task, claim, self.place)
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
            "fingerprint, remote_id, record, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
        )
        number = connection.execute(query, (task.id, *row)).lastrowid or 0
        connection.execute("INSERT INTO calls VALUES (?, ?)", (number, call))
        _add_change(connection, number, row)
        known = Known.of(number, 0, task, digest(call))
        if claim is not None:
            self._holder.take(connection, claim, known)
        self._written(connection, task, claim, known)

    def _recorded(self, connection: Connection, task_id: str, claim: str | None) -> Known | None:
        """Return what is recorded of a task, in rows; raise ClaimLost if a claim lost it."""
        rows = _known(connection, f"{_KNOWN} WHERE id = ?", task_id)
        if not rows:
            return None
        *row, number, version, held_by = rows[0]
        task = read(self.place, *row)
        if claim is not None and held_by[:2] != (claim, self._holder.name):
            raise ClaimLost(task_id)
        if is_packed(row[1]):
            _unpack(connection, number, row[1])
        return Known.of(number, version, task, digest(row[2]))

    def _written(self, connection: Connection, task: Task, claim: str | None, known: Known) -> None:
        """Finish a write: renew the lease, remember what is recorded, pack a finished task."""
        if claim is not None:
            self._holder.renew(connection)
            self._holder.remember(claim, known)
        if not task.unfinished:
            _pack(connection, known.number)
            known.version = UNKNOWN

    def _with_remote_id(self, provider: str, remote_id: str) -> Work[Connection, Task | None]:
        def work(connection: Connection) -> Task | None:
            # Without a limit, that it may not read all tasks in the order of their age.
            query = f"{_ALL} WHERE remote_id = ? AND {_PROVIDED} ORDER BY created_at DESC"
            rows = _rows(connection, query, remote_id, f"{provider}/")
            return read(self.place, *rows[0]) if rows else None

        return work

    def _tell(self, provider: str, remote_id: str, event: str | None) -> Work[Connection, bool]:
        def work(connection: Connection) -> bool:
            values = (provider, remote_id, event)
            # Looked for first: an insert that conflicts would use up a number, and so age the rest.
            query = "SELECT 1 FROM news WHERE provider = ? AND remote_id = ? AND event = ?"
            if connection.execute(query, values).fetchone():
                return False
            query = "INSERT INTO news (provider, remote_id, event) VALUES (?, ?, ?)"
            old = (connection.execute(query, values).lastrowid or 0) - KEPT_NEWS
            connection.execute("DELETE FROM news WHERE number <= ?", (old,))
            return True

        return work

    def _news(self, after: int) -> Work[Connection, tuple[int, list[tuple[str, str]]]]:
        def work(connection: Connection) -> tuple[int, list[tuple[str, str]]]:
            query = "SELECT number, provider, remote_id FROM news WHERE number > ? ORDER BY number"
            rows = connection.execute(query, (after,)).fetchall()
            return rows[-1][0] if rows else after, [(provider, name) for _, provider, name in rows]

        return work

    def _claim(self, task_id: str, claim: str) -> Work[Connection, Task | None]:
        def work(connection: Connection) -> Task | None:
            rows = _known(connection, f"{_KNOWN} WHERE id = ?", task_id)
            if not rows:
                message = f"no task {task_id!r} is in {self.path}; it may have been purged"
                raise JournalError(message)
            *row, number, version, held_by = rows[0]
            if not self._holder.may_take(held_by, claim):
                return None
            task = read(self.place, task_id, *row[1:])
            version = UNKNOWN if is_packed(row[1]) else version
            known = Known.of(number, version, task, digest(row[2]))
            self._holder.take(connection, claim, known)
            return task

        return work

    def _take_up(self, variant: str, fingerprint: str, claim: str) -> Work[Connection, Task | None]:
        def work(connection: Connection) -> Task | None:
            # Of a hundred equal jobs at once, all but what others left are held here.
            query = (
                f"{_KNOWN} WHERE state = 'recorded' AND fingerprint = ? AND holder IS NOT ? "
                "ORDER BY created_at"
            )
            rows = _known(connection, query, fingerprint, self._holder.name)
            for *row, number, version, held_by in rows:
                if not self._holder.may_take(held_by):
                    continue
                task = readable(self.place, *row)
                if isinstance(task, Task) and task.variant == variant:
                    known = Known.of(number, version, task, digest(row[2]))
                    self._holder.take(connection, claim, known)
                    return task
            return None

        return work

    def _admit(
        self, task_id: str, key: str, slots: int | None, per_second: float | None
    ) -> Work[Connection, float]:
        def work(connection: Connection) -> float:
            self._file.check_version(connection)
            return _is_admitted(connection, task_id, key, slots, per_second)

        return work

    def _slow(self, key: str, seconds: float) -> Work[Connection, None]:
        def work(connection: Connection) -> None:
            now = time.time()
            _put_off(connection, key, now, max(seconds, _wait(connection, key, now)))

        return work

    def _selected(self, connection: Connection, query: str, *values: object) -> list[Any]:
        return _rows(connection, query, *values)

    def _fill(self, purse: str, most: float | None) -> Work[Connection, None]:
        return lambda connection: purses.fill(connection, purse, most)

    def _reserve(self, task_id: str, purse: str, usd: float | None) -> Work[Connection, bool]:
        return lambda connection: purses.reserve(connection, task_id, purse, usd)

    def _settle(self, task_id: str, purse: str, usd: float) -> Work[Connection, None]:
        return lambda connection: purses.settle(connection, task_id, purse, usd)

    def _spent(self, purse: str) -> Work[Connection, float]:
        return lambda connection: purses.spent(connection, purse)

    def _left(self, purse: str, without: Sequence[str]) -> Work[Connection, float | None]:
        return lambda connection: purses.left(connection, purse, without)

    def _release(self, claim: str) -> Work[Connection, None]:
        holder, numbers = self._holder, set[int]()
        return lambda connection: holder.release(connection, claim, numbers)


def _is_admitted(
    connection: Connection, task_id: str, key: str, slots: int | None, per_second: float | None
) -> float:
    """Do what Limits.admit says; by the wall clock, which goes on when the machine restarts."""
    now = time.time()
    recent = now - GRANTED
    query = "SELECT 1 FROM slots WHERE task = ? AND key = ? AND granted BETWEEN ? AND ?"
    if _rows(connection, query, task_id, key, recent, now):
        return 0.0
    if wait := _wait(connection, key, now):
        return wait
    if slots is None and per_second is None:
        return 0.0
    connection.execute(
        f"DELETE FROM slots WHERE key = ? AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = task "  # noqa: S608
        f"AND {_AT_PROVIDER}) AND NOT (granted BETWEEN ? AND ? "
        "AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = task AND state != 'recorded'))",
        (key, recent, now),
    )
    if slots is not None:
        provider = key.partition("/")[0]
        names = (key, task_id, f"{provider}/", f"{provider}0", task_id)
        (used,) = connection.execute(_USED, names).fetchone()
        if used >= slots:
            return math.inf
    connection.execute("INSERT OR REPLACE INTO slots VALUES (?, ?, ?)", (task_id, key, now))
    if per_second is not None:
        _put_off(connection, key, now, 1 / per_second)
    return 0.0


def _wait(connection: Connection, key: str, now: float) -> float:
    """Return for how long nothing is admitted with a key; a clock that was set back voids that."""
    rows = _rows(connection, "SELECT since, next FROM pace WHERE key = ?", key)
    return max(rows[0][1] - now, 0.0) if rows and rows[0][0] <= now else 0.0


def _put_off(connection: Connection, key: str, now: float, seconds: float) -> None:
    """Admit nothing with a key for so many seconds."""
    values = (key, now, now + seconds)
    connection.execute("INSERT OR REPLACE INTO pace VALUES (?, ?, ?)", values)


def _forget(connection: Connection, tasks: list[tuple[int, str]]) -> None:
    """Delete all rows of some tasks, which are given by number and reference."""
    numbers = [(number,) for number, _ in tasks]
    purses.forget(connection, [name for _, name in tasks])
    connection.executemany(
        "DELETE FROM news WHERE remote_id = (SELECT remote_id FROM tasks WHERE number = ?)", numbers
    )
    for table in ("history", "calls", "claims"):
        connection.executemany(f"DELETE FROM {table} WHERE task = ?", numbers)  # noqa: S608
    connection.executemany("DELETE FROM tasks WHERE number = ?", numbers)


def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query; a lone surrogate cannot be in the file, so it finds nothing."""
    try:
        return connection.execute(query, values).fetchall()
    except UnicodeEncodeError:
        return []


def _known(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query of _KNOWN; who holds each is the last of it, a tuple."""
    return [(*row[:5], row[5:]) for row in _rows(connection, query, *values)]


def _row(task: Task) -> tuple[Any, ...]:
    """Return the columns of a task that a write sets."""
    # The fingerprint finds jobs that were never sent.
    fingerprint = task.fingerprint if task.state == "recorded" else ""
    names = (task.variant, task.client_id, task.state, task.unfinished)
    times = (task.created_at, task.updated_at)
    return (*names, *times, fingerprint, searchable(task.remote_id), encoded(task))


def _update(connection: Connection, row: tuple[Any, ...], known: Known) -> None:
    """Write what is now known of a task."""
    query = (
        "UPDATE tasks SET variant = ?, client_id = ?, state = ?, unfinished = ?, created_at = ?, "
        "updated_at = ?, fingerprint = ?, remote_id = ?, record = ?, version = version + 1 "
        "WHERE number = ?"
    )
    connection.execute(query, (*row, known.number))


def _update_held(
    connection: Connection, row: tuple[Any, ...], known: Known, *held: str | None
) -> bool:
    """Do that if nobody wrote since and the task, which is unfinished, is still held so.

    What never changes of a task stays: even if it is equal, each index of it would be written.
    """
    _, _, state, unfinished, _, *rest = row
    query = (
        f"UPDATE tasks SET state = ?, {'' if unfinished else 'unfinished = FALSE, '}"  # noqa: S608
        "updated_at = ?, fingerprint = ?, remote_id = ?, record = ?, version = version + 1 "
        f"WHERE number = ? AND version = ? AND {HELD}"
    )
    values = (state, *rest, known.number, known.version, *held)
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
