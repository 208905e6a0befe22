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
    """Give a task to a claim, whoever had it before."""
    values = (task_id, claim, holder, machine(), os.getpid(), now + LEASE)
    connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?)", values)


def owner(connection: Connection, task_id: str, now: float) -> tuple[str, str] | None:
    """Return the claim on a task and its holder, or None if there is no valid one."""
    query = "SELECT claim, holder, machine, pid, until FROM claims WHERE task = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    if row is None:
        return None
    claim, holder, place, pid, until = row
    # A lease longer than any that can be given dates from before a restart of the machine.
    alive = now < until <= now + LEASE + 1 and not gone(place, pid)
    return (claim, holder) if alive else None


def keep(connection: Connection, task_id: str, claim: str, holder: str, now: float) -> bool:
    """Renew a claim's lease unless another claim took the task; return whether it was renewed."""
    query = "UPDATE claims SET until = ? WHERE task = ? AND claim = ? AND holder = ?"
    return connection.execute(query, (now + LEASE, task_id, claim, holder)).rowcount == 1


def renew(connection: Connection, holder: str, now: float) -> None:
    """Renew the leases of all of a holder's claims; those that were lost stay lost."""
    connection.execute("UPDATE claims SET until = ? WHERE holder = ?", (now + LEASE, holder))


def release(connection: Connection, claim: str, holder: str) -> None:
    """Release every task of a claim."""
    connection.execute("DELETE FROM claims WHERE claim = ? AND holder = ?", (claim, holder))


def release_all(connection: Connection, holder: str) -> None:
    """Release every task of a holder's claims."""
    connection.execute("DELETE FROM claims WHERE holder = ?", (holder,))


def machine() -> str:
    """Name the scope in which a process id is unique.

    On Linux that is a pid namespace since the machine was started: containers number their
    processes separately (man 7 pid_namespaces). Elsewhere it is the machine.
    """
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def gone(place: str, pid: int) -> bool:
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
