"""Claims in PostgreSQL: who owns a task, until when, judged by the database's clock.

Every journal that is open is a *holder* with one lease: a row that says until when it holds. It is
renewed by each batch that writes for a claim, and by a thread with a connection of its own, which
no other work can delay. A task of a holder whose lease has expired may be taken over:

- Whoever takes a task over locks the holder's row and looks again, and whoever writes for a claim
  renews, and so locks, its own row in the same transaction. One of the two comes first.
- A holder takes nothing over until it has held its own lease for `UNBROKEN` seconds. After an
  outage of the database every lease has expired; by then those who live have renewed theirs.

If the process of a holder has provably ended (it ran on this machine), its claims are void at once.
"""

import os
from concurrent.futures import Future
from operator import itemgetter
from typing import Any

from rushes._journal.held import RENEWED, Held, Known, lease_renewal
from rushes._journal.machine import machine, process_ended
from rushes._journal.postgres.server import Connection
from rushes._journal.writer import Job
from rushes.journal import LEASE

UNBROKEN = RENEWED + 5
"""Seconds for which a holder keeps its own lease before it takes over others' tasks: their next
renewal, and the time to connect for it."""

_HELD_SO = "number = %s AND version = %s AND claim = %s AND holder = %s"
_LONGER = (
    "since = CASE WHEN h.until < clock_timestamp() THEN clock_timestamp() ELSE h.since END, "
    "until = clock_timestamp() + make_interval(secs => %s)"
)
_RENEW = (
    "INSERT INTO rushes_holders AS h (holder, machine, pid, since, until) VALUES "  # noqa: S608
    "(%s, %s, %s, clock_timestamp(), clock_timestamp() + make_interval(secs => %s)) "
    f"ON CONFLICT (holder) DO UPDATE SET {_LONGER} "
    "RETURNING since + make_interval(secs => %s) <= clock_timestamp()"
)
_RENEW_ASIDE = (
    # A batch that has locked the row is renewing it.
    f"UPDATE rushes_holders AS h SET {_LONGER} WHERE holder = "  # noqa: S608
    "(SELECT holder FROM rushes_holders WHERE holder = %s FOR UPDATE SKIP LOCKED)"
)
_HOLDER = "SELECT until < clock_timestamp(), machine, pid FROM rushes_holders WHERE holder = %s"
_FORGET_HOLDERS = (
    "DELETE FROM rushes_holders AS h WHERE holder = %s OR (until < clock_timestamp() "
    "AND NOT EXISTS (SELECT 1 FROM rushes_tasks AS t WHERE t.holder = h.holder))"
)


class Leases(Held):
    """The claims that one journal of this process holds; a forked child holds none of them."""

    def forget_all(self) -> None:
        """Start afresh, as in a forked child: the claims are its parent's."""
        super().forget_all()
        self._renewed = self._unbroken = False

    def begin_batch(self, connection: Connection) -> None:
        """Write the progress that was noted, of all tasks at once."""
        self._renewed = False
        if rows := [*self.take_notes()]:
            query = f"UPDATE rushes_tasks SET updated_at = %s, record = %s WHERE {_HELD_SO}"  # noqa: S608
            with connection.cursor() as cursor:
                cursor.executemany(query, sorted(rows, key=itemgetter(2)))

    def notes_to_write(self) -> Job[Connection] | None:
        """Return a job that does nothing, if progress was noted: its batch writes that."""
        return Job(lambda _connection: None, durable=False) if self.noted else None

    def renew(self, connection: Connection) -> None:
        """Renew the lease, once in a batch."""
        if not self._renewed:
            now = self.clock()
            values = (self.name, machine(), os.getpid(), LEASE, LEASE, UNBROKEN)
            row = connection.execute(_RENEW, values).fetchone()
            self._renewed, self._unbroken = True, bool(row and row[0])
            self.leased(now)

    def renewal(self) -> Job[Connection] | None:
        """Return the job that renews the lease aside, if it is needed; what was lost stays lost."""
        if not self:
            return None
        job = lease_renewal(self._renew_aside)
        job.done.add_done_callback(self._renewed_aside)
        return job

    def _renew_aside(self, connection: Connection) -> float | None:
        now = self.clock()
        renewed = connection.execute(_RENEW_ASIDE, (LEASE, self.name)).rowcount
        return now if renewed else None

    def _renewed_aside(self, done: "Future[float | None]") -> None:
        """Remember a renewal once it is committed."""
        since = None if done.exception() else done.result()
        if since is not None:
            self.leased(since)

    def may_take(
        self, connection: Connection, held_by: tuple[Any, ...], claim: str | None = None
    ) -> bool:
        """Whether a task has no valid claim, or only this one of ours.

        `held_by` are its claim and holder, in a row that we have locked. Our own claims are valid
        however late the lease is renewed, until they are given up.
        """
        its_claim, holder = held_by
        if holder is None:
            return True
        if holder == self.name:
            return its_claim == claim or its_claim not in self
        row = connection.execute(_HOLDER, (holder,)).fetchone()
        if row is None:
            return True
        expired, place, pid = row
        if process_ended(place, pid):
            return True
        if not expired:
            return False
        self.renew(connection)
        if not self._unbroken:
            return False
        # If its row is locked, it is renewing, or somebody else is taking its tasks over.
        row = connection.execute(f"{_HOLDER} FOR UPDATE SKIP LOCKED", (holder,)).fetchone()
        return row is not None and bool(row[0])

    def take(self, connection: Connection, claim: str, task_id: str, known: Known) -> None:
        """Give a task to a claim, whoever had it before."""
        self.renew(connection)
        query = "UPDATE rushes_tasks SET claim = %s, holder = %s WHERE number = %s"
        connection.execute(query, (claim, self.name, known.number))
        self.remember(claim, task_id, known)

    def release(self, connection: Connection, claim: str, numbers: set[int]) -> None:
        """Release every task of a claim, and those with these numbers; they are added to."""
        numbers.update(self.drop(claim))
        query = (
            "UPDATE rushes_tasks SET claim = NULL, holder = NULL "
            "WHERE number = ANY(%s) AND claim = %s AND holder = %s"
        )
        if numbers:
            connection.execute(query, (sorted(numbers), claim, self.name))

    def release_all(self, connection: Connection) -> None:
        """Release every task of every claim; forget holders that are gone and hold nothing."""
        query = "UPDATE rushes_tasks SET claim = NULL, holder = NULL WHERE holder = %s"
        connection.execute(query, (self.name,))
        connection.execute(_FORGET_HOLDERS, (self.name,))
        self.drop_all()
