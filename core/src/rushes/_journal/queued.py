"""What both of our journals are: one thread writes what is queued, any thread reads."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from rushes._journal.held import Held
from rushes._journal.records import as_stored, encoded, read, readable
from rushes._journal.store import Store
from rushes._journal.writer import C, Work
from rushes.errors import JournalError
from rushes.journal import ClaimLost
from rushes.task import Task

_DURABLE = ("add", "take_up_or_add", "save", "conclude")
"""The methods of `begin` whose effect survives a power cut; claims are void after one."""
_PAGE = 500
"""Tasks that are read at a time."""
_COLUMNS = (
    "id", "variant", "client_id", "state", "unfinished", "created_at", "updated_at", "remote_id",
)  # fmt: skip
"""What is told of a task that cannot be read, beside its record."""
T = TypeVar("T")
Row = tuple[str, bytes, bytes | None, float]
"""Of a task in a list: its reference, record, call and `created_at`."""


class QueuedJournal(Generic[C]):
    """A `Journal` on a store; what depends on the database is in the methods with an underscore.

    After a fork the parent continues as before; the child reopens the store and holds no claim.
    When the program ends, pending writes are done first, and its claims are released. A journal
    that is collected without having been closed does the same.
    """

    _ROWS: ClassVar[str]
    """The tables of tasks and of calls, joined."""
    _HISTORY: ClassVar[str]
    """The table of changes."""
    _OF_PROVIDER: ClassVar[str]
    """The condition that a task has a client id, and its variant begins with a provider and `/`."""
    _holder: Held
    _store: Store[C]

    def __del__(self) -> None:
        if "_store" in vars(self):
            self.close_without_waiting()

    @property
    @abstractmethod
    def place(self) -> str:
        """Do what Journal.place says."""

    @property
    def is_open(self) -> bool:
        """Whether it has a thread or an open file or connection in this process."""
        return self._store.is_open

    def add(self, task: Task, claim: str | None = None) -> Task:
        """Do what Journal.add says."""
        added: Task = self.begin("add", task, claim).result()
        return added

    def save(self, task: Task, claim: str | None = None) -> None:
        """Do what Journal.save says."""
        self.begin("save", task, claim).result()

    def conclude(self, task: Task, claim: str) -> None:
        """Do what Journal says of `conclude`."""
        self.begin("conclude", task, claim).result()

    def note(self, task: Task, claim: str) -> bool:
        """Do what Journal says of `note`: progress is written with whatever is written next."""
        return self._holder.note(task, claim)

    def holds(self, task_id: str, claim: str) -> bool:
        """Do what Journal says of `holds`."""
        return self._holder.holds(task_id, claim)

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
        return self._now(self._history(task_id))

    def raw_record(self, task_id: str) -> dict[str, Any] | None:
        """Do what RawRecords.raw_record says."""
        return self._now(self._raw_record(task_id))

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Do what Journal.claim says."""
        claimed: Task | None = self.begin("claim", task_id, claim).result()
        return claimed

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        """Do what Journal.take_up says."""
        taken: Task | None = self.begin("take_up", variant, fingerprint, claim).result()
        return taken

    def take_up_or_add(self, task: Task, claim: str) -> tuple[Task, bool]:
        """Do what Journal says of `take_up_or_add`."""
        found: tuple[Task, bool] = self.begin("take_up_or_add", task, claim).result()
        return found

    def release(self, claim: str) -> None:
        """Do what Journal.release says; if it cannot be written, others wait for the lease."""
        self.begin("release", claim).result()

    def admit(
        self, task_id: str, key: str, slots: int | None = None, per_second: float | None = None
    ) -> float:
        """Do what Limits.admit says."""
        wait: float = self.begin("admit", task_id, key, slots, per_second).result()
        return wait

    def slow(self, key: str, seconds: float) -> None:
        """Do what Limits.slow says."""
        self.begin("slow", key, seconds).result()

    def with_remote_id(self, provider: str, remote_id: str) -> Task | None:
        """Do what News.with_remote_id says."""
        return self._now(self._with_remote_id(provider, remote_id))

    def tell(self, provider: str, remote_id: str, event: str | None = None) -> bool:
        """Do what News.tell says."""
        told: bool = self.begin("tell", provider, remote_id, event).result()
        return told

    def news(self, after: int) -> tuple[int, list[tuple[str, str]]]:
        """Do what News.news says."""
        return self._store.read(self._news(after))

    def fill(self, purse: str, most: float | None) -> None:
        """Do what Purses.fill says."""
        self.begin("fill", purse, most).result()

    def reserve(self, task_id: str, purse: str, usd: float | None) -> bool:
        """Do what Purses.reserve says."""
        fits: bool = self.begin("reserve", task_id, purse, usd).result()
        return fits

    def settle(self, task_id: str, purse: str, usd: float) -> None:
        """Do what Purses.settle says."""
        self.begin("settle", task_id, purse, usd).result()

    def spent(self, purse: str) -> float:
        """Do what Purses.spent says."""
        return self._now(self._spent(purse))

    def left(self, purse: str, without: Sequence[str] = ()) -> float | None:
        """Do what Purses.left says."""
        return self._now(self._left(purse, without))

    def abandon(self, claim: str) -> None:
        """Do what Journal.abandon says."""
        self._store.enqueue_if_open(self._release(claim))

    def begin(self, method: str, *arguments: Any) -> "Future[Any]":
        """Queue a call of a method that writes or finds; return a future of its result.

        Every write but noted progress passes through here: a subclass that changes what the journal
        does overrides this method.
        """
        work: Work[C, Any] = getattr(self, f"_{method}")(*arguments)
        begun = self._store.enqueue(work, durable=method in _DURABLE)
        if method == "release":
            begun.add_done_callback(partial(_give_up, self._holder, *arguments))
        return begun

    @abstractmethod
    def purge(self, before: float) -> int:
        """Do what Journal.purge says."""

    def close(self) -> None:
        """Do what Journal.close says."""
        self._store.close()

    def close_without_waiting(self) -> None:
        """Close without waiting, from a finalizer: pending writes are done first."""
        self._store.close_without_waiting()

    def _now(self, work: Work[C, T]) -> T:
        """Read what is recorded, including the progress that was noted here."""
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

        Without a limit the journal may change between two pages; no task is listed twice.
        """
        place = (after.created_at, after.id) if after else None
        left = math.inf if limit is None else limit
        while left > 0:
            size = int(min(left, _PAGE))
            rows = self._now(self._page(unfinished, variant, since, place, size))
            for name, record, call, _ in rows:
                task = readable(self.place, name, record, call)
                left -= isinstance(task, Task)
                yield name, task
            if len(rows) < size:
                return
            place = (rows[-1][3], rows[-1][0])

    def _page(
        self,
        unfinished: bool,
        variant: str | None,
        since: float | None,
        place: tuple[float, str] | None,
        size: int,
    ) -> Work[C, list[Row]]:
        """Read the newest tasks that fulfil conditions, or those that follow a place."""
        # Of a variant's many tasks few are unfinished: SQLite would read all along its index.
        of_variant = "variant || '' = ?" if unfinished else "variant = ?"
        given: dict[str, tuple[object, ...]] = {
            of_variant: () if variant is None else (variant,),
            "created_at >= ?": () if since is None else (since,),
            "(created_at, id) < (?, ?)": place or (),
        }
        conditions = [condition for condition, values in given.items() if values]
        conditions += ["unfinished"] if unfinished else []
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = (
            f"SELECT id, record, call, created_at FROM {self._ROWS} {where} "  # noqa: S608
            "ORDER BY created_at DESC, id DESC LIMIT ?"
        )
        values = [value for several in given.values() for value in several]
        return lambda connection: self._selected(connection, query, *values, size)

    def _find(self, reference: str) -> Work[C, list[Task]]:
        # In the order of references, those with this prefix come together, an exact match first.
        query = f"SELECT id, record, call FROM {self._ROWS} WHERE id >= ? ORDER BY id LIMIT 2"  # noqa: S608

        def work(connection: C) -> list[Task]:
            near = self._selected(connection, query, reference)
            rows = [row for row in near if row[0].startswith(reference)]
            if rows and rows[0][0] == reference:
                del rows[1:]
            return [read(self.place, *row) for row in rows]

        return work

    def _raw_record(self, task_id: str) -> Work[C, dict[str, Any] | None]:
        columns = ", ".join((*_COLUMNS, "record", "call", "number"))
        query = f"SELECT {columns} FROM {self._ROWS} WHERE id = ?"  # noqa: S608
        changes = f"SELECT record FROM {self._HISTORY} WHERE task = ? ORDER BY number"  # noqa: S608

        def work(connection: C) -> dict[str, Any] | None:
            rows = self._selected(connection, query, task_id)
            if not rows:
                return None
            *values, record, call, number = rows[0]
            changed = self._selected(connection, changes, number)
            known = {
                **dict(zip(_COLUMNS, map(as_stored, values), strict=True)),
                "record": as_stored(record),
                "call": as_stored(call),
                "changes": [as_stored(was) for (was,) in changed],
            }
            return {**known, "unfinished": bool(known["unfinished"])}

        return work

    def _require_lost(self, connection: C, record: dict[str, Any]) -> None:
        """Raise JournalError if a task can be read, or if something else is recorded of it now."""
        name = record["id"]
        if self._raw_record(name)(connection) != record:
            raise JournalError(
                f"{self.place} has something else of task {name!r} by now, or nothing; nothing was "
                "removed. Look at it again"
            )
        query = f"SELECT id, record, call FROM {self._ROWS} WHERE id = ?"  # noqa: S608
        if isinstance(readable(self.place, *self._selected(connection, query, name)[0]), Task):
            raise JournalError(
                f"task {name!r} can be read, so that it is not discarded; nothing was removed. "
                "Finish it with `rushes resume`, or give it up with `rushes resolve REF --as lost`"
            )

    def _with_client_id(self, provider: str, client_id: str) -> Work[C, Task | None]:
        query = (
            f"SELECT id, record, call FROM {self._ROWS} "  # noqa: S608
            f"WHERE {self._OF_PROVIDER} ORDER BY created_at LIMIT 1"
        )

        def work(connection: C) -> Task | None:
            rows = self._selected(connection, query, client_id, f"{provider}/")
            return read(self.place, *rows[0]) if rows else None

        return work

    def _take_up_or_add(self, task: Task, claim: str) -> Work[C, tuple[Task, bool]]:
        take_up = self._take_up(task.variant, task.fingerprint, claim)
        add = self._add(task, claim)

        def work(connection: C) -> tuple[Task, bool]:
            taken = take_up(connection)
            if taken is not None:
                return taken, True
            added = add(connection)
            return added, added is task

        return work

    def _conclude(self, task: Task, claim: str) -> Work[C, None]:
        save, release, find = self._save(task, claim), self._release(claim), self._find(task.id)
        before: list[Task] = []  # what was saved just before the connection broke, perhaps

        def work(connection: C) -> None:
            try:
                save(connection)
            except ClaimLost:
                known = map(encoded, find(connection))
                if not before or [*known] != [*map(encoded, before)]:
                    raise
            before[:] = [task]
            release(connection)

        return work

    @abstractmethod
    def _selected(self, connection: C, query: str, *values: object) -> list[Any]:
        """Return the rows of a query with `?` for each value."""

    @abstractmethod
    def _with_remote_id(self, provider: str, remote_id: str) -> Work[C, Task | None]: ...

    @abstractmethod
    def _news(self, after: int) -> Work[C, tuple[int, list[tuple[str, str]]]]: ...

    @abstractmethod
    def _history(self, task_id: str) -> Work[C, list[Task]]: ...

    @abstractmethod
    def _add(self, task: Task, claim: str | None = None) -> Work[C, Task]: ...

    @abstractmethod
    def _save(self, task: Task, claim: str | None = None) -> Work[C, None]: ...

    @abstractmethod
    def _take_up(self, variant: str, fingerprint: str, claim: str) -> Work[C, Task | None]: ...

    @abstractmethod
    def _release(self, claim: str) -> Work[C, None]: ...

    @abstractmethod
    def _spent(self, purse: str) -> Work[C, float]: ...

    @abstractmethod
    def _left(self, purse: str, without: Sequence[str]) -> Work[C, float | None]: ...


def held_elsewhere(name: str) -> JournalError:
    """Return the error for a task that cannot be discarded because somebody works on it."""
    return JournalError(
        f"a process works on task {name!r}, so that it is not discarded; nothing was removed. It "
        "may be one of a newer release, which can read it"
    )


def _give_up(holder: Held, claim: str, released: "Future[Any]") -> None:
    """Forget a claim whose release could not be written."""
    if released.exception():
        holder.drop(claim)


def _nothing(_connection: Any) -> None:
    """Do nothing: a batch begins by writing what was noted."""
