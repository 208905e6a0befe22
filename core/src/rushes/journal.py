"""The interface of a journal: the durable record of tasks, and of who works on each."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from rushes.task import Task

__all__ = [
    "GRANTED", "KEPT_NEWS", "LEASE", "MAX_REMOTE_ID", "ClaimLost", "Journal", "Limits", "News",
    "Purses", "RawRecords", "essence", "since_boot",
]  # fmt: skip

LEASE = 30.0
"""Least seconds for which a claim stays valid after it was last used or renewed."""

GRANTED = 60.0
"""Seconds within which a task that was admitted is sent, or must ask again."""

KEPT_NEWS = 10_000
"""How many of the newest pieces of news a journal keeps."""

MAX_REMOTE_ID = 512
"""How many characters a provider's id of a task may have; the longest on any page has a tenth of
that."""


def since_boot() -> float:
    """Return the seconds since the machine was started, including the time it was suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # the same for every process (PEP 418)


class ClaimLost(Exception):
    """The task is no longer held by this claim; nothing was saved."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id)
        self.task_id = task_id


class Journal(Protocol):
    """The durable record of tasks. `SQLiteJournal` is ours; another database can serve as well.

    Every method may be called by several threads and, on the same journal, by several processes.
    Each is atomic: it takes effect completely or not at all. Once `add`, `save` or `purge` has
    returned, its changes survive a power cut; claims need not, because their process does not. A
    method that is interrupted (Ctrl-C) before it returns may have taken effect or not, and later
    calls take effect later. Every method raises JournalError, saying what to do, if the journal
    cannot be used; nothing is sent without it.

    A *claim* is a random token that the caller makes for one run of its work. It can hold any
    number of tasks, and a task is held by at most one claim at a time, across all processes. A
    claim lasts until it is released, or until its process is gone: while the process lives and the
    journal is not closed, the journal keeps the claim alive by itself, without further calls. How
    it does so is up to the journal (a lease that it renews, a session lock); a process that was
    suspended for long may lose its claims, and learns so from ClaimLost. A claim belongs to the
    process that made it: a forked child has none of its parent's. A lease lasts at least LEASE
    seconds from the start of every `add`, `claim` or `save` that was made with the claim.

    A journal may have five more methods. `begin(method, *arguments)` starts a call of `add`,
    `save`, `find`, `with_client_id`, `claim`, `take_up` or `release` without waiting, and returns a
    `concurrent.futures.Future` of its result. Calls take effect in the order in which they were
    begun. `AsyncClient` uses `begin` if it exists; otherwise it calls the methods in a thread, one
    after the other.

    `take_up_or_add(task, claim)` does what `take_up` does for the variant and the fingerprint of a
    task, and if there is none what `add` does, in one step. It returns the task that is there then,
    and whether `claim` holds it. `conclude(task, claim)` does what `save` does, and then what
    `release` does, in one step: either both or, if it raises, neither. A journal that has `begin`,
    too, can begin them. Without them, each is two calls.

    `note(task, claim)` takes notice of progress without waiting or raising. It returns True if
    `claim`, as far as this process knows, holds the task, and nothing but `progress`, the times of
    polls and `updated_at` differ from what is recorded; otherwise it returns False and does
    nothing, and the task must be saved. What was noted is seen at once by all who read through this
    journal; it is written later, together with something else, at the latest within seconds or when
    the claim is released, so that other processes see it late and a crash may lose it. It never
    changes anything else, nor a task that the claim does not hold any more: that is learnt from the
    next `save`. Without `note`, all progress is saved.

    `holds(task_id, claim)` returns at once whether `claim`, as far as this process knows, holds a
    task. If it returns False, a client saves the task before it polls, and so learns whether
    another has taken it: of a lease that may have expired, nothing is known.
    """

    @property
    def place(self) -> str:
        """Where it is, for messages: a path, or an address without its password."""

    def add(self, task: Task, claim: str | None = None) -> Task:
        """Record a new task, held by `claim`, and return it: the same object that was passed.

        If a task with its reference (`id`), or with its `client_id` at the same provider, is
        already recorded, that one is returned and nothing changes; it is not held by `claim`. Of
        two simultaneous callers one wins, and the other gets the winner's task. The provider is the
        part of `variant` before the slash. Without a claim the task is recorded, but not held.
        """

    def save(self, task: Task, claim: str | None = None) -> None:
        """Record what is now known of a task; a new task is added.

        What it was added with as `variant`, `client_id` and `created_at` is the same in every save.
        Raises ClaimLost if the task is no longer held by `claim`: another claim has taken it, or it
        was released. Without a claim nothing is checked: this is safe only if no one else can be
        working on the task, as in a program that has the journal to itself.
        """

    def find(self, reference: str) -> list[Task]:
        """Return the task with this reference, or up to two whose references begin with it.

        Two are enough to show that it is ambiguous. Case matters.
        """

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Return the task that was sent to a provider with this client id."""

    def tasks(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        """Return all tasks, the newest first: by `created_at`, then by reference.

        `unfinished`: only those that are `Task.unfinished`; `variant`: only those of this variant;
        `since`: only those created then or later, in seconds since 1970; `after`: only those that
        follow this task in that order; `limit`: at most so many. A client passes only what it was
        given itself. Tasks that cannot be read are left out; `unreadable` names them.
        """

    def unreadable(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> dict[str, str]:
        """Return the references of the tasks that cannot be read, each with the reason.

        With arguments, those that `tasks` leaves out when it is called with the same ones.
        """

    def history(self, task_id: str) -> list[Task]:
        """Return the task as it was after each change, oldest first; the last is its current state.

        A change is a new state, or a new result of an unfinished task. `progress`, the times of
        polls and `updated_at` alone do not count, nor do file, cost, links or error of a task that
        has ended: only their current values are known. Empty for a task that is not recorded.
        """

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Make `claim` the task's owner and return the task as recorded now.

        Returns None while another claim holds it, of this process or of another. A claim that
        already holds the task keeps it. Raises JournalError if no such task is recorded.
        """

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        """Claim the oldest equal task that was never sent, and return it.

        That is a task of this variant with this `fingerprint`, in the state `recorded`, that no
        other claim holds. Returns None if there is none.
        """

    def release(self, claim: str) -> None:
        """Release every task that `claim` holds; others may claim them at once."""

    def abandon(self, claim: str) -> None:
        """Release what `claim` holds from a finalizer, while the interpreter may be ending.

        Takes no lock, starts no thread, waits for nothing and raises nothing: what cannot be
        released like that ends with its lease.
        """

    def purge(self, before: float) -> int:
        """Forget tasks that have ended and were last changed before a time; return how many.

        `before` is in seconds since 1970 and compared with `updated_at`. Tasks that are unfinished,
        held by a claim or unreadable are kept. Forgotten tasks are also erased from the disk, with
        their history: prompts and signed links are private. Their references may be used again.
        """

    def close(self) -> None:
        """Finish what is under way, release every claim made here, close files and end threads.

        May be called twice; the next call of another method reopens the journal.
        """


class Limits(Protocol):
    """Limits on how much is sent at once with one key, by all who share a journal; optional.

    Our journals have them. What counts is what the journal says of the tasks, not what some process
    is doing. `key` is a provider, a slash and what names its key without containing it. The methods
    may also be started with `begin`.
    """

    def admit(
        self, task_id: str, key: str, slots: int | None = None, per_second: float | None = None
    ) -> float:
        """Ask to send a task with a key, just before it is recorded or sent.

        Returns 0 if it may be sent now, and counts it; otherwise the seconds after which to ask
        again, which are infinite if another task must end first. At most `slots` tasks are at the
        provider at once: those that are `sending`, `queued` or `in_progress`, and those admitted in
        the last GRANTED seconds that were not sent yet. A task at this provider for which nobody
        asked counts, too: it may have been sent with this key. One that was admitted with another
        key does not. At most `per_second` are admitted in a second. A task that was just admitted
        is admitted again. Without either limit it is not counted: then only `slow` keeps it
        waiting.
        """

    def slow(self, key: str, seconds: float) -> None:
        """Admit nothing with this key for so many seconds: the provider said to wait."""


class Purses(Protocol):
    """Limits on what tasks cost together, for all who share a journal; optional.

    Our journals have them. A purse is a name, such as a batch's, under which money is counted, in
    USD to the millionth. It counts what a task may cost from before it is sent, and what it did
    cost once that is known. The methods may also be started with `begin`; what they count is on
    disk with the next task that is. When a task is purged, what was spent on it stays spent; a new
    task with its reference counts anew.
    """

    def fill(self, purse: str, most: float | None) -> None:
        """Say how much may be spent from a purse in all, from now on; None for any amount."""

    def reserve(self, task_id: str, purse: str, usd: float | None) -> bool:
        """Count what a task may cost, just before it is sent; False if it would be too much.

        Then nothing changes. `usd` is None if it is unknown: too much if the purse has an end. A
        task counts once: what is counted for it already is replaced.
        """

    def settle(self, task_id: str, purse: str, usd: float) -> None:
        """Count what a task did cost, however much it is, in place of what was reserved."""

    def spent(self, purse: str) -> float:
        """Return what is spent and reserved together."""

    def left(self, purse: str, without: Sequence[str] = ()) -> float | None:
        """Return what may still be spent: 0 if too much was spent already, None for any amount.

        The tasks `without` are left out: what they cost, and what is reserved for them, is not
        counted.
        """


class RawRecords(Protocol):
    """What is recorded of a task that cannot be read, and forgetting it: ours have it, too.

    Such a task may be damaged, or a newer release may have recorded it. It is never purged with the
    others, since its provider may be making a video that is paid for.
    """

    def raw_record(self, task_id: str) -> dict[str, Any] | None:
        """Return everything that is recorded of a task, as it is stored; None if nothing is.

        JSON can hold it. The journal's own columns have the names that a Task has: `id`, `variant`,
        `client_id`, `state`, `unfinished`, `created_at`, `updated_at`, `remote_id`. What rushes
        encodes is in `record`, `call` and `changes`: as text, or as `{"base64": ...}`.
        """

    def discard(self, record: dict[str, Any]) -> None:
        """Forget a task that cannot be read, given its `raw_record`, as `purge` does others.

        Raises JournalError, and forgets nothing, if the task can be read, if a claim holds it, or
        if anything else is recorded of it by now.
        """


class News(Protocol):
    """What providers tell of tasks, for all who share a journal; optional.

    Our journals keep it. Without it, only the process that a webhook is delivered to wakes the task
    that waits for it; elsewhere tasks are polled. `tell` and `with_remote_id` may also be started
    with `begin`.

    A journal may have one more method: `listen(heard)` calls `heard`, in any thread, whenever
    something may have been told since, and returns a function that ends this. Without it, clients
    with a task that waits by webhook look every half second.
    """

    def with_remote_id(self, provider: str, remote_id: str) -> Task | None:
        """Return the newest task that a provider knows by this id, `Task.remote_id`."""

    def tell(self, provider: str, remote_id: str, event: str | None = None) -> bool:
        """Record that a provider told something of a task, for all who follow it.

        Returns False, and does nothing, if `event`, the id of what was told, was recorded before
        for the same task. At least the newest KEPT_NEWS are kept. What was told survives the
        process, but a power cut may lose it.
        """

    def news(self, after: int) -> tuple[int, list[tuple[str, str]]]:
        """Return what was told since the last call, oldest first: providers with remote ids.

        `after` is the place that the last call returned before the list, 0 at first. Nothing is
        left out, even if several processes tell something at the same time.
        """


def essence(task: Task) -> Task:
    """Remove from a task what does not count as a change for `Journal.history`."""
    return msgspec.structs.replace(
        task,
        call=None,
        progress=None,
        looked_at=None,
        look_after=None,
        file=None,
        file_bytes=None,
        file_sha256=None,
        more_files=(),
        results=() if task.ended else task.results,
        cost=None if task.ended else task.cost,
        error=None if task.ended else task.error,
        updated_at=0.0,
    )
