"""Claims as rows: who owns a task, until when, and in which process.

A claim is void once its lease has expired, or at once when its process has ended and that is
visible from here: in the same pid namespace of the same machine, or because the machine was
restarted since. A reused process id looks like a live process; then the lease decides.

Leases are counted in seconds since the machine was started. All processes that share an SQLite file
share that clock: its write-ahead log needs shared memory (https://sqlite.org/wal.html). It cannot
be set, and it runs on while a process or the machine is suspended.
"""

import os
import platform
import secrets
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rushes import _log as log
from rushes._journal.database import Connection
from rushes._journal.writer import Job
from rushes.journal import LEASE

RENEWED = 10.0
"""Seconds between two renewals."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


class HeldClaims:
    """The claims that one journal of this process holds; a forked child holds none of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.forget_all()

    def forget_all(self) -> None:
        """Start afresh, as in a forked child: the claims are its parent's."""
        self.name, self._held = secrets.token_hex(8), set[str]()

    def take(self, connection: Connection, task_id: str, claim: str) -> None:
        """Give a task to a claim, whoever had it before."""
        until = self._clock() + LEASE
        values = (task_id, claim, self.name, machine(), os.getpid(), until)
        connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?)", values)
        self._held.add(claim)

    def keep(self, connection: Connection, task_id: str, claim: str) -> bool:
        """Renew a claim's lease unless another took the task; return whether it was renewed."""
        query = "UPDATE claims SET until = ? WHERE task = ? AND claim = ? AND holder = ?"
        values = (self._clock() + LEASE, task_id, claim, self.name)
        return connection.execute(query, values).rowcount == 1

    def release(self, connection: Connection, claim: str) -> None:
        """Release every task of a claim."""
        query = "DELETE FROM claims WHERE claim = ? AND holder = ?"
        connection.execute(query, (claim, self.name))
        self._held.discard(claim)

    def release_all(self, connection: Connection) -> None:
        """Release every task of every claim."""
        connection.execute("DELETE FROM claims WHERE holder = ?", (self.name,))
        self._held.clear()

    def renewal(self) -> Job[Connection] | None:
        """Return the job that renews all leases, if there are any; what was lost stays lost."""
        if not self._held:
            return None
        name, until = self.name, self._clock() + LEASE

        def renew(connection: Connection) -> None:
            connection.execute("UPDATE claims SET until = ? WHERE holder = ?", (until, name))

        job: Job[Connection] = Job(renew)
        job.done.add_done_callback(_log_failure)
        return job


def _log_failure(done: Future[Any]) -> None:
    if error := done.exception():
        log.warning("the claims in the journal cannot be renewed", reason=str(error))


def owner(connection: Connection, task_id: str, now: float) -> tuple[str, str] | None:
    """Return the claim on a task and its holder, or None if there is no valid one."""
    query = "SELECT claim, holder, machine, pid, until FROM claims WHERE task = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    if row is None:
        return None
    claim, holder, place, pid, until = row
    # A lease longer than any that can be given dates from before a restart of the machine.
    alive = now < until <= now + LEASE + 1 and not process_ended(place, pid)
    return (claim, holder) if alive else None


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
