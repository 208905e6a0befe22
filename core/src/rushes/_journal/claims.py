"""Claims as rows of the SQLite file: who owns a task, until when, and in which process.

Every journal that is open is a *holder* with one lease, renewed as long as it holds a claim. Its
claims are void once that lease has expired, or at once when its process has ended and that is
visible from here: in the same pid namespace of the same machine, or because the machine was
restarted since. A reused process id looks like a live process; then the lease decides.

Leases are counted in seconds since the machine was started. All processes that share an SQLite file
share that clock: its write-ahead log needs shared memory (https://sqlite.org/wal.html). It cannot
be set, and it runs on while a process or the machine is suspended.
"""

import os
from typing import Any

from rushes._journal.database import Connection
from rushes._journal.held import Held, Known, lease_renewal
from rushes._journal.machine import machine, process_ended, restarted_since
from rushes._journal.writer import Job
from rushes.journal import LEASE

HELD = "EXISTS (SELECT 1 FROM claims WHERE task = number AND claim = ? AND holder = ?)"
"""Condition on a row of `tasks`: it is held by this claim of this holder."""

HOLDING = "claim, holder, machine, pid, until"
"""Columns of claims and holders, where those of a task are joined; null if nobody has it."""


class HeldClaims(Held):
    """The claims that one journal of this process holds, as rows; a forked child holds none."""

    def forget_all(self) -> None:
        """Start afresh, as in a forked child: the claims are its parent's."""
        super().forget_all()
        self._renewed = False

    def begin_batch(self, connection: Connection) -> None:
        """Write the progress that was noted, of all tasks at once."""
        self._renewed = False
        if rows := [*self.take_notes()]:
            connection.executemany(
                "UPDATE tasks SET updated_at = ?, record = ? "  # noqa: S608
                f"WHERE number = ? AND version = ? AND {HELD}",
                rows,
            )

    def take(self, connection: Connection, claim: str, known: Known) -> None:
        """Give a task to a claim, whoever had it before."""
        self.renew(connection)
        values = (known.number, claim, self.name)
        connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", values)
        self.remember(claim, known)

    def release(self, connection: Connection, claim: str, numbers: set[int]) -> None:
        """Release every task of a claim, and those with these numbers; they are added to."""
        numbers.update(self.drop(claim))
        connection.executemany(
            "DELETE FROM claims WHERE task = ? AND claim = ? AND holder = ?",
            [(number, claim, self.name) for number in sorted(numbers)],
        )

    def release_all(self, connection: Connection) -> None:
        """Release every task of every claim; forget holders that are gone and hold nothing."""
        connection.execute("DELETE FROM claims WHERE holder = ?", (self.name,))
        connection.execute(
            "DELETE FROM holders WHERE holder = ? "
            "OR (until < ? AND holder NOT IN (SELECT holder FROM claims))",
            (self.name, self.clock()),
        )
        self.drop_all()

    def may_take(self, held_by: tuple[Any, ...], claim: str | None = None) -> bool:
        """Whether a task has no valid claim, or only this one of ours.

        `held_by` is what its row has of HOLDING. Our own claims are valid however late the lease is
        renewed, until they are given up.
        """
        its_claim, holder, place, pid, until = held_by
        if until is None:
            return True
        if holder == self.name:
            return its_claim == claim or its_claim not in self
        now = self.clock()
        # A lease longer than any that can be given dates from before a restart of the machine.
        expired = not now < until <= now + LEASE + 1
        return expired or restarted_since(place) or process_ended(place, pid)

    def renew(self, connection: Connection) -> None:
        """Renew the lease, once in a batch."""
        if not self._renewed:
            now = self.clock()
            values = (self.name, machine(), os.getpid(), now + LEASE)
            connection.execute("INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?)", values)
            self._renewed = True
            self.leased(now)

    def renewal(self) -> Job[Connection] | None:
        """Return the job that renews the lease, if it is needed; what was lost stays lost."""
        return lease_renewal(self.renew) if self else None
