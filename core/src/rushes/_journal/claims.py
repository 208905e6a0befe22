"""Claims as rows: who owns a task, until when, and in which process.

A claim is void once its lease has run out, or at once when its process has ended and that can be
seen from here: in the same pid namespace of the same machine, or because the machine was started
anew since. A process id that is used again looks like a process that lives; then the lease decides.

Leases are counted in seconds since the machine was started, which everybody who shares an SQLite
file shares: its write-ahead log needs their memory to be one (https://sqlite.org/wal.html). Nobody
can set that clock, and it goes on while a process or the machine is suspended.
"""

import os
import platform
import sys
import uuid
from pathlib import Path

from rushes._journal.database import Connection
from rushes.journal import LEASE

RENEWED = 10.0
"""Seconds between two renewals."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def take(connection: Connection, task_id: str, claim: str, holder: str, now: float) -> None:
    """Let a claim hold a task, whoever had it."""
    values = (task_id, claim, holder, machine(), os.getpid(), now + LEASE)
    connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?)", values)


def owner(connection: Connection, task_id: str, now: float) -> tuple[str, str] | None:
    """Return the claim that holds a task and its holder, or None where that is void."""
    query = "SELECT claim, holder, machine, pid, until FROM claims WHERE task = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    if row is None:
        return None
    claim, holder, place, pid, until = row
    # A lease longer than any that can be given is of another start of the machine.
    alive = now < until <= now + LEASE + 1 and not gone(place, pid)
    return (claim, holder) if alive else None


def keep(connection: Connection, task_id: str, claim: str, holder: str, now: float) -> bool:
    """Renew the lease of a claim that nobody else took since; return whether nobody did."""
    query = "UPDATE claims SET until = ? WHERE task = ? AND claim = ? AND holder = ?"
    return connection.execute(query, (now + LEASE, task_id, claim, holder)).rowcount == 1


def renew(connection: Connection, holder: str, now: float) -> None:
    """Let a holder's claims hold for another lease; those that were lost stay lost."""
    connection.execute("UPDATE claims SET until = ? WHERE holder = ?", (now + LEASE, holder))


def release(connection: Connection, claim: str, holder: str) -> None:
    """Let go of all that a claim holds."""
    connection.execute("DELETE FROM claims WHERE claim = ? AND holder = ?", (claim, holder))


def release_all(connection: Connection, holder: str) -> None:
    """Let go of all that a holder's claims hold."""
    connection.execute("DELETE FROM claims WHERE holder = ?", (holder,))


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
    here = machine()
    if sys.platform == "linux" and place.split()[0] != here.split()[0]:
        return True  # the machine was started anew since, or the file comes from another one
    if place != here or sys.platform == "win32":  # there, signal 0 is Ctrl-C
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
