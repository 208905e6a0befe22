"""What a journal is: the durable record of tasks, and of who works on each."""

import time
from typing import Protocol

import msgspec

from rushes.task import Task

LEASE = 30.0
"""Seconds for which a claim holds, at the least, after it was last used or renewed."""


def since_boot() -> float:
    """Return the seconds since the machine was started, those of its sleep included."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # the same for every process (PEP 418)


class ClaimLost(Exception):
    """The task is no longer held by this claim; what was to be saved is not saved."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id)
        self.task_id = task_id


class Journal(Protocol):
    """The durable record of tasks. `SQLiteJournal` is ours; another database can be one as well.

    Every method may be called by several threads and, on the same journal, by several processes.
    Each is atomic: it happens as a whole or not at all. Once a method that writes has returned,
    what it wrote survives a power cut. A method that is interrupted (Ctrl-C) before it returned
    may have happened or not, and what is asked for later happens later. Every method raises
    JournalError, saying what to do, where the journal cannot be used; nothing is sent without it.

    A *claim* is a random token that the caller makes for one run of its work. It holds any number
    of tasks, and a task is held by one claim at a time, in the whole world. A claim lasts until it
    is released, or until whoever made it is gone: as long as its process lives and the journal is
    not closed, the journal keeps it alive by itself, and no call is needed for that. How it finds
    out is its own affair (a lease that it renews, a lock of a session); a process that slept for
    long may lose its claims, and learns so from ClaimLost. A claim belongs to the process that
    made it: a forked child has none of its parent's. A lease lasts at least LEASE seconds from
    the start of every `add`, `claim` or `save` that was made with the claim.

    A journal may have one method more, `begin(method, *arguments)`: it hands over a call of `add`,
    `save`, `find`, `with_client_id`, `claim`, `take_up` or `release` without waiting, and returns a
    `concurrent.futures.Future` of what it gives. What is begun first is done first. `AsyncClient`
    uses it where it is there; else it calls the methods in a thread, one after the other.
    """

    @property
    def place(self) -> str:
        """Where it is, for messages: a path, an address without its password."""

    def add(self, task: Task, claim: str | None = None) -> Task:
        """Record a new task, held by `claim`, and return it: the very object that was given.

        Where a task is recorded already that has its reference (`id`), or its `client_id` at the
        same provider, that one is returned and nothing changes; it is not held by `claim`. Of two
        callers at once one wins, and the other gets the winner's. The provider is what stands
        before the slash in `variant`. Without a claim the task is recorded and held by nobody.
        """

    def save(self, task: Task, claim: str | None = None) -> None:
        """Record what is now known of a task; one that is not recorded is recorded so.

        Raises ClaimLost where the task is not held by `claim` any more: another has taken it, or
        it was released. Without a claim nothing is asked: right only where nobody else can be
        working on the task, as in a program that has the journal for itself.
        """

    def find(self, reference: str) -> list[Task]:
        """Return the task with this reference, or up to two whose references begin so.

        Two are enough to tell that the beginning is not enough. Case matters.
        """

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        """Return the task that was sent to a provider under this name of ours."""

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Return all tasks, or those that are `Task.unfinished`; the last created first.

        What cannot be read is left out; `unreadable` names it.
        """

    def unreadable(self, *, unfinished: bool = False) -> dict[str, str]:
        """Return the references of the tasks that cannot be read, each with the reason."""

    def history(self, task_id: str) -> list[Task]:
        """Return what the task was after every change of it, oldest first; the last is as of now.

        A change is one of the state, or of what an unfinished task has come to. `progress`, the
        times of looks and `updated_at` alone are none, and of a task that has ended neither are its
        file, cost, links or error: they are known of it as it is now. Empty for a task that is not
        recorded.
        """

    def claim(self, task_id: str, claim: str) -> Task | None:
        """Make `claim` the task's owner and return the task as it now is.

        Returns None while another claim holds it, of this process or of another. A claim that
        holds the task already goes on holding it. Raises JournalError where no such task is
        recorded.
        """

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        """Claim the oldest task that asks for the same and was never sent; return it as it is.

        That is one of this variant with this `fingerprint`, in the state `recorded`, that no other
        claim holds. Returns None where there is none.
        """

    def release(self, claim: str) -> None:
        """Let go of every task that `claim` holds; others may claim them at once."""

    def abandon(self, claim: str) -> None:
        """Let go of what `claim` holds from a finalizer, while the interpreter may be ending.

        Takes no lock, starts no thread, waits for nothing and raises nothing: what cannot be let go
        of like that ends with its lease.
        """

    def purge(self, before: float) -> int:
        """Forget the tasks that are over and were last changed before a time; return how many.

        `before` is in seconds since 1970 and compared with `updated_at`. What is unfinished, held
        by a claim or unreadable is kept. What is forgotten is gone from the disk too, with its
        history: prompts and signed links are private. Its reference may be used again.
        """

    def close(self) -> None:
        """Finish what is under way, release every claim made here, let go of files and threads.

        May be called twice; the next call of another method opens the journal again.
        """


def essence(task: Task) -> Task:
    """Leave out of a task what is no change, as `Journal.history` says."""
    return msgspec.structs.replace(
        task,
        call=None,
        progress=None,
        looked_at=None,
        look_after=None,
        file=None,
        file_bytes=None,
        file_sha256=None,
        results=() if task.ended else task.results,
        cost=None if task.ended else task.cost,
        error=None if task.ended else task.error,
        updated_at=0.0,
    )
