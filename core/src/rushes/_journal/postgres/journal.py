"""The journal as tables of a PostgreSQL database."""

from collections.abc import Callable, Sequence
from typing import Any

from rushes._journal.held import RENEWED, UNKNOWN, Known, digest
from rushes._journal.machine import process_ended
from rushes._journal.postgres import purses
from rushes._journal.postgres.leases import Leases
from rushes._journal.postgres.limits import admit, slow
from rushes._journal.postgres.listening import Listening
from rushes._journal.postgres.news import news, tell
from rushes._journal.postgres.server import Batches, Connection, Readers, Server
from rushes._journal.postgres.tables import MIGRATIONS
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
from rushes._journal.writer import Work
from rushes._keys.redacting import Secret
from rushes.errors import JournalError
from rushes.journal import ClaimLost, since_boot
from rushes.task import Task

_PARTS = "id, record, call"
_TABLES = "rushes_tasks LEFT JOIN rushes_calls ON task = number"
_ROWS = f"FROM {_TABLES}"
_LOCKED = "FOR UPDATE OF rushes_tasks"
_OF_PROVIDER = "client_id = %s AND starts_with(variant, %s)"
_PURGED = 500
"""Tasks that are purged at a time, in one transaction."""


class PostgresJournal(QueuedJournal[Connection]):
    """Tasks in a PostgreSQL database, which several machines can share; a `Journal`.

    One thread writes; the writes of several callers are committed together, each on the server's
    disk (`synchronous_commit = on`) before a call returns. Nothing is connected before the first
    use; then the tables are made, if they are missing. A database that was there before and is gone
    is waited for, a minute at most; then, and if it was never there, calls raise JournalError.

    A claim lasts while its process lives and reaches the database, which judges that by its own
    clock: 30 seconds after it was last renewed, or at once if the process was seen to end on this
    machine. Claims are renewed every 10 seconds, on a connection that is used for nothing else. A
    journal takes over what others held only once it has held its own lease for 15 seconds without
    a break, so that after an outage of the database nobody loses a task.

    Beside a newer rushes that has changed the tables, `add`, `admit`, `purge`, and `save` of a task
    that is about to be sent raise JournalError: nothing new is begun. What was sent before is
    written as long as the connection lasts.

    `purge` deletes rows and lets the server use their place again; the server's backups, and its
    write-ahead log, keep what they have. Needs the extra `rushes[postgres]`.
    """

    _ROWS, _HISTORY = _TABLES, "rushes_history"
    _OF_PROVIDER = _OF_PROVIDER.replace("%s", "?")
    _holder: Leases

    def __init__(self, url: str) -> None:
        """Name the database: `postgresql://user:password@host:port/name`, or what libpq reads."""
        url = Secret(url)  # first, so that no traceback shows its password
        server = Server(url, MIGRATIONS)
        self._server = server
        self._holder = holder = Leases(since_boot)
        self._store = Store(
            lambda: Batches(server, begin=holder.begin_batch, undo=holder.distrust),
            lambda: Readers(server),
            chore=holder.notes_to_write,
            every=RENEWED,
            last=holder.release_all,
            in_child=holder.forget_all,
            aside=(lambda: Batches(server, begin=_nothing, undo=_no_undo), holder.renewal),
        )

    @property
    def place(self) -> str:
        """The address without the password."""
        return self._server.place

    def held(self, references: Sequence[str]) -> set[str]:
        """Return those of some tasks that a claim holds, of this process or of another.

        A lease that has expired does not count, nor does a process that was seen to end on this
        machine: such a task may be claimed, once a new owner has kept its own lease for a while.
        """

        def work(connection: Connection) -> set[str]:
            query = (
                "SELECT id, machine, pid FROM rushes_tasks JOIN rushes_holders USING (holder) "
                "WHERE id = ANY(%s) AND until >= clock_timestamp()"
            )
            rows = connection.execute(query, ([*references],))
            return {name for name, place, pid in rows if not process_ended(place, pid)}

        return self._now(work)

    def purge(self, before: float) -> int:
        """Do what Journal.purge says, some hundred tasks at a time. Unreadable tasks are kept."""
        count, last = 0, 0
        while last >= 0:
            purged, last = self._store.write(self._purge(before, last))
            count += purged
        self._vacuum()
        return count

    def discard(self, record: dict[str, Any]) -> None:
        """Do what RawRecords.discard says."""
        name = record["id"]

        def work(connection: Connection) -> None:
            self._server.check(connection)
            query = f"SELECT number, claim, holder {_ROWS} WHERE id = %s {_LOCKED}"
            rows = _rows(connection, query, name)
            self._require_lost(connection, record)
            number, *held_by = rows[0]
            if not self._holder.may_take(connection, tuple(held_by)):
                raise held_elsewhere(name)
            _forget(connection, {number: name})

        self._store.write(work)
        self._vacuum()

    def _vacuum(self) -> None:
        """Let the server use the place of deleted rows again."""
        tables = "rushes_tasks, rushes_calls, rushes_history, rushes_news"
        self._store.read(lambda connection: connection.execute(f"VACUUM {tables}"))

    def _purge(self, before: float, after: int) -> Work[Connection, tuple[int, int]]:
        """Forget the next tasks; return how many, and the number of the last, -1 at the end."""

        def work(connection: Connection) -> tuple[int, int]:
            self._server.check(connection)
            query = (
                f"SELECT {_PARTS}, number, claim, holder {_ROWS} WHERE NOT unfinished "
                f"AND updated_at < %s AND number > %s ORDER BY number LIMIT %s {_LOCKED} SKIP "
                "LOCKED"
            )
            rows = connection.execute(query, (before, after, _PURGED)).fetchall()
            free = {
                number: row[0]
                for *row, number, claim, holder in rows
                if isinstance(readable(self.place, *row), Task)
                and self._holder.may_take(connection, (claim, holder))
            }
            _forget(connection, free)
            return len(free), rows[-1][3] if len(rows) == _PURGED else -1

        return work

    def _history(self, task_id: str) -> Work[Connection, list[Task]]:
        def work(connection: Connection) -> list[Task]:
            # One statement sees one state: a finished task is packed meanwhile.
            query = (
                f"SELECT {_PARTS}, ARRAY(SELECT h.record FROM rushes_history AS h "  # noqa: S608
                f"WHERE h.task = rushes_tasks.number ORDER BY h.number) {_ROWS} WHERE id = %s"
            )
            rows = _rows(connection, query, task_id)
            if not rows:
                return []
            name, record, call, changes = rows[0]
            now = read(self.place, name, record, call)
            if is_packed(record):
                _, call, changes = unpacked(record)
            return [*(read(self.place, name, was, call) for was in changes[:-1]), now]

        return work

    def _add(self, task: Task, claim: str | None = None) -> Work[Connection, Task]:
        row = _row(task)

        def work(connection: Connection) -> Task:
            self._server.check(connection)
            query = (
                f"SELECT {_PARTS}, claim, holder {_ROWS} WHERE id = %s OR ({_OF_PROVIDER}) "
                "ORDER BY id = %s DESC, created_at LIMIT 1"
            )
            provider = f"{task.provider}/"
            names = (task.id, task.client_id, provider, task.id)
            # Two that add a task with the same client id at once: one waits for the other.
            lock = "SELECT pg_advisory_xact_lock(hashtext('rushes client id'), hashtext(%s))"
            connection.execute(lock, (f"{provider}{task.client_id}",))
            found = connection.execute(query, names).fetchone()
            if found is None:
                return task if self._insert(connection, task, claim, row) else work(connection)
            *parts, its_claim, holder = found
            known = read(self.place, *parts)
            ours = claim is not None and (its_claim, holder) == (claim, self._holder.name)
            return task if ours and known == task else known  # perhaps the connection just broke

        return work

    def _save(self, task: Task, claim: str | None = None) -> Work[Connection, None]:
        row = _row(task)
        # Once a call has been sent, it never changes.
        call = encoded_call(task) if task.state in ("recorded", "sending") else None

        def work(connection: Connection) -> None:
            if task.state == "sending":  # its call is made next
                self._server.check(connection)
            known = self._holder.known(task.id, claim)
            if known is None or not _update(connection, row, known, claim, self._holder.name):
                known = self._recorded(connection, task.id, claim)
                if known is None:
                    self._holder.require_there(task, claim, self.place)
                    if not self._insert(connection, task, claim, row):
                        work(connection)
                    return
                _update(connection, row, known)
            sent = known.call if call is None else digest(call)
            now = Known.of(known.number, known.version + 1, task, sent)
            if sent != known.call:
                _put_call(connection, known.number, call)
            if now.change != known.change:
                _add_change(connection, known.number, row)
            self._written(connection, task, claim, now)

        return work

    def _insert(
        self, connection: Connection, task: Task, claim: str | None, row: tuple[Any, ...]
    ) -> bool:
        """Record a new task, unless somebody else has just recorded one with its reference."""
        query = (
            "INSERT INTO rushes_tasks (id, variant, client_id, state, unfinished, created_at, "
            "updated_at, fingerprint, remote_id, record) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO NOTHING RETURNING number"
        )
        made = connection.execute(query, (task.id, *row)).fetchone()
        if made is None:
            return False
        number, call = made[0], encoded_call(task)
        _put_call(connection, number, call)
        _add_change(connection, number, row)
        known = Known.of(number, 0, task, digest(call))
        if claim is not None:
            self._holder.take(connection, claim, known)
        self._written(connection, task, claim, known)
        return True

    def _recorded(self, connection: Connection, task_id: str, claim: str | None) -> Known | None:
        """Return what is recorded of a task, in rows; raise ClaimLost if a claim lost it."""
        query = f"SELECT {_PARTS}, number, version, claim, holder {_ROWS} WHERE id = %s {_LOCKED}"
        rows = _rows(connection, query, task_id)
        if not rows:
            return None
        *row, number, version, its_claim, holder = rows[0]
        task = read(self.place, *row)
        if claim is not None and (its_claim, holder) != (claim, self._holder.name):
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
            query = (
                f"SELECT {_PARTS} {_ROWS} WHERE remote_id = %s AND starts_with(variant, %s) "
                "ORDER BY created_at DESC"
            )
            rows = _rows(connection, query, remote_id, f"{provider}/")
            return read(self.place, *rows[0]) if rows else None

        return work

    def _tell(self, provider: str, remote_id: str, event: str | None) -> Work[Connection, bool]:
        return lambda connection: tell(connection, provider, remote_id, event)

    def _news(self, after: int) -> Work[Connection, tuple[int, list[tuple[str, str]]]]:
        return lambda connection: news(connection, after)

    def listen(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Do what News says of `listen`, on a connection that is used for nothing else."""
        return Listening(self._server, heard).stop

    def _claim(self, task_id: str, claim: str) -> Work[Connection, Task | None]:
        def work(connection: Connection) -> Task | None:
            # A row that is locked is being written or claimed by somebody: it is held.
            query = (
                f"SELECT {_PARTS}, number, version, claim, holder {_ROWS} "
                f"WHERE id = %s {_LOCKED} SKIP LOCKED"
            )
            rows = _rows(connection, query, task_id)
            if not rows and _rows(connection, "SELECT 1 FROM rushes_tasks WHERE id = %s", task_id):
                return None
            if not rows:
                message = f"no task {task_id!r} is in {self.place}; it may have been purged"
                raise JournalError(message)
            task = read(self.place, task_id, *rows[0][1:3])
            if not self._holder.may_take(connection, rows[0][5:], claim):
                return None
            return self._give(connection, claim, task, rows[0])

        return work

    def _take_up(self, variant: str, fingerprint: str, claim: str) -> Work[Connection, Task | None]:
        before: list[str] = []  # what was taken up just before the connection broke, perhaps

        def work(connection: Connection) -> Task | None:
            query = (
                f"SELECT {_PARTS}, number, version, claim, holder {_ROWS} "  # noqa: S608
                "WHERE state = 'recorded' AND fingerprint = %s AND variant = %s "
                "AND (holder IS DISTINCT FROM %s OR id = ANY(%s)) "
                f"ORDER BY id = ANY(%s) DESC, created_at {_LOCKED} SKIP LOCKED"
            )
            values = (fingerprint, variant, self._holder.name, before, before)
            for row in _rows(connection, query, *values):
                again = claim if row[0] in before else None
                task = readable(self.place, *row[:3])
                if isinstance(task, Task) and self._holder.may_take(connection, row[5:], again):
                    before.append(task.id)
                    return self._give(connection, claim, task, row)
            return None

        return work

    def _give(self, connection: Connection, claim: str, task: Task, row: tuple[Any, ...]) -> Task:
        """Give a task to a claim that may have it; `row` is locked."""
        _, record, call, number, version, *_ = row
        known = Known.of(number, UNKNOWN if is_packed(record) else version, task, digest(call))
        self._holder.take(connection, claim, known)
        return task

    def _admit(
        self, task_id: str, key: str, slots: int | None, per_second: float | None
    ) -> Work[Connection, float]:
        def work(connection: Connection) -> float:
            self._server.check(connection)
            return admit(connection, task_id, key, slots, per_second)

        return work

    def _slow(self, key: str, seconds: float) -> Work[Connection, None]:
        return lambda connection: slow(connection, key, seconds)

    def _selected(self, connection: Connection, query: str, *values: object) -> list[Any]:
        return _rows(connection, query.replace("?", "%s"), *values)

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


def _nothing(_connection: Connection) -> None:
    """Begin a renewal with nothing else."""


def _no_undo() -> None:
    """Undo nothing: a renewal is remembered nowhere."""


def _forget(connection: Connection, tasks: dict[int, str]) -> None:
    """Delete all rows of some tasks, which are given as references by number."""
    numbers = ([*tasks],)
    purses.forget(connection, [*tasks.values()])
    query = (
        "DELETE FROM rushes_news WHERE remote_id IN "
        "(SELECT remote_id FROM rushes_tasks WHERE number = ANY(%s))"
    )
    connection.execute(query, numbers)
    for table in ("rushes_history", "rushes_calls"):
        connection.execute(f"DELETE FROM {table} WHERE task = ANY(%s)", numbers)  # noqa: S608
    connection.execute("DELETE FROM rushes_tasks WHERE number = ANY(%s)", numbers)


def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query; what no text in the database can be finds nothing."""
    texts = [value for value in values if isinstance(value, str)]
    if not all(_fits(text) for text in texts):
        return []
    return connection.execute(query, values).fetchall()


def _fits(text: str) -> bool:
    """Whether a text can be in the database: neither NUL nor a lone surrogate can."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _row(task: Task) -> tuple[Any, ...]:
    """Return the columns of a task that a write sets."""
    record = encoded(task)  # raises for what is no JSON, a lone surrogate
    # The fingerprint finds jobs that were never sent.
    fingerprint = task.fingerprint if task.state == "recorded" else ""
    for text in (task.id, task.variant, task.client_id, fingerprint):
        if "\0" in text:
            raise JournalError(f"task {task.id!r} cannot be recorded: {text!r} contains NUL")
    names = (task.variant, task.client_id, task.state, task.unfinished)
    times = (task.created_at, task.updated_at)
    return (*names, *times, fingerprint, searchable(task.remote_id), record)


def _update(connection: Connection, row: tuple[Any, ...], known: Known, *held: str | None) -> bool:
    """Write what is now known of a task, if nobody wrote since, and if it is still held so."""
    query = (
        "UPDATE rushes_tasks SET variant = %s, client_id = %s, state = %s, unfinished = %s, "
        "created_at = %s, updated_at = %s, fingerprint = %s, remote_id = %s, record = %s, "
        "version = version + 1 "
        "WHERE number = %s AND version = %s"
    )
    if held:
        query = f"{query} AND claim = %s AND holder = %s"
    values = (*row, known.number, known.version, *held)
    return connection.execute(query, values).rowcount == 1


def _put_call(connection: Connection, number: int, call: bytes | None) -> None:
    query = (
        "INSERT INTO rushes_calls VALUES (%s, %s) "
        "ON CONFLICT (task) DO UPDATE SET call = excluded.call"
    )
    connection.execute(query, (number, call))


def _add_change(connection: Connection, number: int, row: tuple[Any, ...]) -> None:
    query = "INSERT INTO rushes_history (task, record) VALUES (%s, %s)"
    connection.execute(query, (number, row[-1]))


def _pack(connection: Connection, number: int) -> None:
    """Put all that is known of a finished task into one piece."""
    query = (
        "SELECT record, call, ARRAY(SELECT h.record FROM rushes_history AS h "  # noqa: S608
        f"WHERE h.task = rushes_tasks.number ORDER BY h.number) {_ROWS} WHERE number = %s"
    )
    found = connection.execute(query, (number,)).fetchone()
    if found is not None:
        query = "UPDATE rushes_tasks SET record = %s WHERE number = %s"
        connection.execute(query, (packed(*found), number))
        connection.execute("DELETE FROM rushes_calls WHERE task = %s", (number,))
        connection.execute("DELETE FROM rushes_history WHERE task = %s", (number,))


def _unpack(connection: Connection, number: int, record: bytes) -> None:
    """Put the parts of a finished task back into rows: it changes again."""
    _, call, changes = unpacked(record)
    _put_call(connection, number, call)
    query = "INSERT INTO rushes_history (task, record) VALUES (%s, %s)"
    with connection.cursor() as cursor:
        cursor.executemany(query, [(number, was) for was in changes])
