"""Claims as rows: who owns a task, until when, and in which process.

Every journal that is open is a *holder* with one lease, renewed as long as it holds a claim. Its
claims are void once that lease has expired, or at once when its process has ended and that is
visible from here: in the same pid namespace of the same machine, or because the machine was
restarted since. A reused process id looks like a live process; then the lease decides.

Leases are counted in seconds since the machine was started. All processes that share an SQLite file
share that clock: its write-ahead log needs shared memory (https://sqlite.org/wal.html). It cannot
be set, and it runs on while a process or the machine is suspended.

A holder remembers what it last recorded of each task that it holds. So it knows without reading
what a change changes, and can keep mere progress back until something else is written.
"""

import functools
import hashlib
import os
import platform
import secrets
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rushes import _log as log
from rushes._journal.database import Connection
from rushes._journal.records import encoded
from rushes._journal.writer import Job
from rushes.errors import JournalError
from rushes.journal import LEASE, essence
from rushes.task import Task

RENEWED = 10.0
"""Seconds between two renewals."""

HELD = "EXISTS (SELECT 1 FROM claims WHERE task = number AND claim = ? AND holder = ?)"
"""Condition on a row of `tasks`: it is held by this claim of this holder."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


UNKNOWN = -1


@dataclass(slots=True)
class Known:
    """What is recorded of a task that we hold, unless somebody without a claim wrote since.

    `version` is counted up by every write; UNKNOWN if what is recorded must be read again. Of the
    task itself there are digests: of all but its progress and its call, of what counts as a change,
    and of its call.
    """

    number: int
    version: int
    facts: bytes
    change: bytes
    call: bytes

    @classmethod
    def of(cls, number: int, version: int, task: Task, call: bytes) -> "Known":
        """Digest a task that is recorded, with the digest of its call."""
        facts = digest_of_facts(task)
        # Of a task that goes on, every fact counts.
        change = digest(encoded(essence(task))) if task.ended else facts
        return cls(number, version, facts, change, call)


class HeldClaims:
    """The claims that one journal of this process holds; a forked child holds none of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.forget_all()

    def forget_all(self) -> None:
        """Start afresh, as in a forked child: the claims are its parent's."""
        self.name = secrets.token_hex(8)
        self._held: dict[str, dict[str, Known]] = {}
        self._noted: dict[str, tuple[str, Task]] = {}
        self._renewed = False
        machine.cache_clear()  # a child may be in another namespace

    @property
    def noted(self) -> bool:
        """Whether progress was noted that is not in the file yet."""
        return bool(self._noted)

    def note(self, task: Task, claim: str) -> bool:
        """Keep a task's progress until the next batch; return False if it is more than that."""
        known = self.known(task.id, claim)
        if known is None or not _only_progress(known, task):
            return False
        self._noted[task.id] = (claim, task)
        return True

    def begin_batch(self, connection: Connection) -> None:
        """Write the progress that was noted, of all tasks at once."""
        self._renewed = False
        rows = []
        while self._noted:
            _, (claim, task) = self._noted.popitem()
            known = self.known(task.id, claim)
            # If it lost its claim, it learns so when it has more to record than progress.
            if known is not None and _only_progress(known, task):
                facts = (task.updated_at, encoded(task), known.number, known.version)
                rows.append((*facts, claim, self.name))
        if rows:
            connection.executemany(
                "UPDATE tasks SET updated_at = ?, record = ? "  # noqa: S608
                f"WHERE number = ? AND version = ? AND {HELD}",
                rows,
            )

    def undo_batch(self) -> None:
        """Trust nothing that is remembered: the last batch was not done."""
        for tasks in self._held.values():
            for known in tasks.values():
                known.version = UNKNOWN

    def take(self, connection: Connection, claim: str, task_id: str, known: Known) -> None:
        """Give a task to a claim, whoever had it before."""
        self.renew(connection)
        values = (known.number, claim, self.name)
        connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", values)
        self.remember(claim, task_id, known)

    def known(self, task_id: str, claim: str | None) -> Known | None:
        """Return what is recorded of a task that a claim holds, if that is remembered."""
        known = self._held.get(claim or "", {}).get(task_id)
        return None if known is None or known.version == UNKNOWN else known

    def remember(self, claim: str, task_id: str, known: Known) -> None:
        """Remember what is recorded of a task that a claim holds."""
        self._held.setdefault(claim, {})[task_id] = known

    def release(self, connection: Connection, claim: str) -> None:
        """Release every task of a claim."""
        tasks = self._held.pop(claim, {}).values()
        connection.executemany(
            "DELETE FROM claims WHERE task = ? AND claim = ? AND holder = ?",
            [(known.number, claim, self.name) for known in tasks],
        )

    def give_up(self, claim: str) -> None:
        """Forget a claim that could not be released."""
        self._held.pop(claim, None)

    def release_all(self, connection: Connection) -> None:
        """Release every task of every claim; forget holders that are gone and hold nothing."""
        connection.execute("DELETE FROM claims WHERE holder = ?", (self.name,))
        connection.execute(
            "DELETE FROM holders WHERE holder = ? "
            "OR (until < ? AND holder NOT IN (SELECT holder FROM claims))",
            (self.name, self._clock()),
        )
        self._held.clear()

    def may_take(self, connection: Connection, number: int, claim: str | None = None) -> bool:
        """Whether a task has no valid claim, or only this one of ours.

        Our own claims are valid however late the lease is renewed, until they are given up.
        """
        query = (
            "SELECT claim, holder, machine, pid, until FROM claims JOIN holders USING (holder) "
            "WHERE task = ?"
        )
        row = connection.execute(query, (number,)).fetchone()
        if row is None:
            return True
        held_by, holder, place, pid, until = row
        if holder == self.name:
            return held_by == claim or held_by not in self._held
        now = self._clock()
        # A lease longer than any that can be given dates from before a restart of the machine.
        return not now < until <= now + LEASE + 1 or process_ended(place, pid)

    def renew(self, connection: Connection) -> None:
        """Renew the lease, once in a batch."""
        if not self._renewed:
            values = (self.name, machine(), os.getpid(), self._clock() + LEASE)
            connection.execute("INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?)", values)
            self._renewed = True

    def renewal(self) -> Job[Connection] | None:
        """Return the job that renews the lease, if it is needed; what was lost stays lost."""
        if not self._held:
            return None
        job: Job[Connection] = Job(self.renew, durable=False)
        job.done.add_done_callback(_log_failure)
        return job


def _log_failure(done: Future[Any]) -> None:
    if error := done.exception():
        log.warning("the claims in the journal cannot be renewed", reason=str(error))


def _only_progress(known: Known, task: Task) -> bool:
    """Whether nothing but progress and the times of polls is new: they may be lost."""
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


@functools.cache
def machine() -> str:
    """Name the scope in which a process id is unique.

    On Linux that is a pid namespace since the machine was started: containers number their
    processes separately (man 7 pid_namespaces). Elsewhere it is the machine.
    """
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def process_ended(place: str, pid: int) -> bool:
    """Whether a process has provably ended; one that is not visible from here may be alive."""
    here = machine()
    if sys.platform == "linux" and place.split()[0] != here.split()[0]:
        return True  # the machine was restarted, or the file comes from another one
    if place != here or sys.platform == "win32":  # there, signal 0 is Ctrl-C
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it belongs to another user, so it exists
    return _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process is a zombie or dead (man 5 proc)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] in (["Z"], ["X"])
