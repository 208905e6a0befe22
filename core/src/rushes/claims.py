"""Claims as rows: who owns a task, until when, and in which process.

A claim is void once its lease has run out, or at once when its process has ended and that can be
seen from here: on the same machine, in the same pid namespace. A process id that is used again
looks like a process that lives; then the lease decides.
"""

import os
import platform
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path

from rushes.database import Connection

LEASE = 30.0
"""Seconds for which a claim holds without being renewed."""
RENEWED = 10.0
"""Seconds between two renewals."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def take(connection: Connection, task_id: str, claim: str, now: float) -> None:
    """Let a claim hold a task, whoever had it."""
    values = (task_id, claim, machine(), os.getpid(), now + LEASE)
    connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)", values)


def holder(connection: Connection, task_id: str, now: float) -> str | None:
    """Return the claim that holds a task, or None where that is void or there is none."""
    query = "SELECT claim, machine, pid, until FROM claims WHERE task = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    if row is None or row[3] <= now or gone(row[1], row[2]):
        return None
    return str(row[0])


def kept(connection: Connection, task_id: str, claim: str) -> bool:
    """Whether a claim was taken by nobody else since; its lease may have run out."""
    query = "SELECT 1 FROM claims WHERE task = ? AND claim = ?"
    return connection.execute(query, (task_id, claim)).fetchone() is not None


def renew(connection: Connection, claims: Iterable[str], now: float) -> None:
    """Let this process's claims hold for another lease; those that were lost stay lost."""
    rows = [(now + LEASE, claim, os.getpid()) for claim in claims]
    connection.executemany("UPDATE claims SET until = ? WHERE claim = ? AND pid = ?", rows)


def release(connection: Connection, claim: str) -> None:
    """Let go of all that a claim holds."""
    connection.execute("DELETE FROM claims WHERE claim = ?", (claim,))


def release_own(connection: Connection, claims: Iterable[str]) -> None:
    """Let go of claims as far as they are this process's; a forked one knows its parent's, too."""
    rows = [(claim, os.getpid()) for claim in claims]
    connection.executemany("DELETE FROM claims WHERE claim = ? AND pid = ?", rows)


def machine() -> str:
    """Name the place where a process id means one process.

    On Linux that is a pid namespace of a machine since it was started: containers count their
    processes apart (man 7 pid_namespaces). Elsewhere it is the machine.
    """
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def gone(place: str, pid: int) -> bool:
    """Whether a process has provably ended; one that cannot be seen from here may live."""
    if place != machine() or sys.platform == "win32":  # there, signal 0 is Ctrl-C
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it belongs to somebody else, so it is there
    return _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to notice (man 5 proc)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] in (["Z"], ["X"])
