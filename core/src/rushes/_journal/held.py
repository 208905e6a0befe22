"""What one open journal remembers of the tasks that it holds, so that it need not read them.

It knows what a change changes, and can keep mere progress back until something else is written.
"""

import hashlib
import itertools
import math
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import msgspec
from msgspec import Struct

from rushes import _log as log
from rushes._journal.machine import machine
from rushes._journal.records import encoded
from rushes._journal.writer import Job
from rushes.errors import JournalError
from rushes.journal import LEASE, essence
from rushes.task import State, Task

RENEWED = 10.0
"""Seconds between two renewals of a lease."""
UNKNOWN = -1


class Known(Struct, gc=False):  # see Task
    """What is recorded of a task that we hold, unless somebody without a claim wrote since.

    `version` is counted up by every write; UNKNOWN if what is recorded must be read again. Of the
    task itself there are its reference, its state and digests: of all but its progress and its
    call, of what counts as a change, and of its call. `learned` is the last event before it was
    learned that made all doubtful.
    """

    task_id: str
    number: int
    version: int
    state: State
    facts: bytes
    change: bytes
    call: bytes
    learned: int = UNKNOWN

    @classmethod
    def of(cls, number: int, version: int, task: Task, call: bytes) -> "Known":
        """Digest a task that is recorded, with the digest of its call."""
        facts = digest_of_facts(task)
        # Of a task that goes on, every fact counts.
        change = digest(encoded(essence(task))) if task.ended else facts
        return cls(task.id, number, version, task.state, facts, change, call)


class Held:
    """The tasks that a journal of this process holds, by claim; a forked child holds none.

    `name` stands for this open journal wherever others see its claims. `clock` returns seconds, and
    runs on while the process is suspended.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.forget_all()

    def forget_all(self) -> None:
        """Start afresh, as in a forked child: the claims are its parent's."""
        self.name = secrets.token_hex(8)
        # By claim; of one that holds several, as few do, by reference: a dict is large.
        self._tasks: dict[str, Known | dict[str, Known]] = {}
        self._noted: dict[str, tuple[str, Task]] = {}
        self._events = itertools.count()
        self._last_event = next(self._events)
        self._leased_until = -math.inf
        machine.cache_clear()  # a child may be in another namespace

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __contains__(self, claim: str) -> bool:
        return claim in self._tasks

    @property
    def noted(self) -> bool:
        """Whether progress was noted that is not written yet."""
        return bool(self._noted)

    def note(self, task: Task, claim: str) -> bool:
        """Keep a task's progress until the next batch; return False if it is more than that."""
        known = self.known(task.id, claim)
        if known is None or not self._is_leased or not _only_progress(known, task):
            return False
        self._noted[task.id] = (claim, task)
        return True

    def holds(self, task_id: str, claim: str) -> bool:
        """Whether a claim holds a task, as far as is known here."""
        return self._is_leased and self.known(task_id, claim) is not None

    @property
    def _is_leased(self) -> bool:
        """Whether the lease is valid for sure; if not, only the database knows who owns a task."""
        return self.clock() < self._leased_until

    def take_notes(self) -> Iterator[tuple[float, bytes, int, int, str, str]]:
        """Yield the progress that was noted and may be written, and forget it.

        That is when a task was updated, and its record; then what its row must be: its number, its
        version, its claim and holder.
        """
        while self._noted:
            _, (claim, task) = self._noted.popitem()
            known = self.known(task.id, claim)
            # If it lost its claim, it learns so when it has more to record than progress.
            if known is not None and _only_progress(known, task):
                record, row = encoded(task), (known.number, known.version)
                yield task.updated_at, record, *row, claim, self.name

    def distrust(self) -> None:
        """Trust nothing that is remembered: the last batch was not done."""
        self._last_event = next(self._events)
        self._leased_until = -math.inf

    def leased(self, since: float) -> None:
        """Take notice of a lease that was renewed at a time or later.

        If it may have expired before, tasks may have been taken over: each is looked at again.
        """
        if since >= self._leased_until:
            self._last_event = next(self._events)
        self._leased_until = since + LEASE

    def known(self, task_id: str, claim: str | None) -> Known | None:
        """Return what is recorded of a task that a claim holds, if that is remembered."""
        known = self._last_known(task_id, claim)
        if known is None or known.version == UNKNOWN or known.learned != self._last_event:
            return None
        return known

    def _last_known(self, task_id: str, claim: str | None) -> Known | None:
        held = self._tasks.get(claim or "")
        if isinstance(held, dict):
            return held.get(task_id)
        return held if held is not None and held.task_id == task_id else None

    def require_there(self, task: Task, claim: str | None, place: str) -> None:
        """Raise JournalError if a task that is to be sent was recorded here and is gone.

        The journal was removed or replaced; where it is now, the task may be sent, too.
        """
        if task.state == "sending" and self._last_known(task.id, claim) is not None:
            raise JournalError(
                f"task {task.id} is no longer in {place}, which was removed or replaced while it "
                "was in use; nothing is sent. Put it back, or give the request again"
            )

    def remember(self, claim: str, known: Known) -> None:
        """Remember what is recorded of a task that a claim holds."""
        known.learned = self._last_event
        held = self._tasks.setdefault(claim, known)
        if isinstance(held, dict):
            held[known.task_id] = known
        elif held.task_id == known.task_id:
            self._tasks[claim] = known
        else:
            self._tasks[claim] = {one.task_id: one for one in (held, known)}

    def drop(self, claim: str) -> list[int]:
        """Forget a claim; return the numbers of the tasks that it held."""
        held = self._tasks.pop(claim, {})
        return [one.number for one in (held.values() if isinstance(held, dict) else (held,))]

    def drop_all(self) -> None:
        """Forget every claim."""
        self._tasks.clear()


def lease_renewal(renew: Callable[[Any], object]) -> Job[Any]:
    """Return a job that renews a lease; a failure is logged, since nobody waits for it."""
    job: Job[Any] = Job(renew, durable=False)
    job.done.add_done_callback(_log_failure)
    return job


def _log_failure(done: Future[Any]) -> None:
    if error := done.exception():
        log.warning("the claims in the journal cannot be renewed", reason=str(error))


def _only_progress(known: Known, task: Task) -> bool:
    """Whether nothing but progress and the times of polls is new: they may be lost."""
    if task.state != known.state:
        return False
    try:
        return digest_of_facts(task) == known.facts
    except JournalError:  # it cannot be written, which whoever saves it is told
        return False


def digest_of_facts(task: Task) -> bytes:
    """Return a digest of all but progress and the times of polls, which may be lost.

    The call is left out, too: it never changes once progress is made.
    """
    facts = msgspec.structs.replace(
        task, call=None, progress=None, looked_at=None, look_after=None, updated_at=0.0
    )
    return digest(encoded(facts))


def digest(record: bytes | None) -> bytes:
    """Return what stands for a record where only equality counts."""
    return hashlib.blake2b(record, digest_size=16).digest() if record else b""
