"""What was spent, job by job, in an SQLite file that every process shares.

A job is written down before it is paid for: looking whether there is room, and taking it, is one
transaction, so that two processes cannot both take the last of it. Money is in millionths of a USD:
a sum of floats would not be exact.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from rushes import ConfigurationError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Entry", "Ledger", "Limit", "micros", "usd"]

PATIENCE = 60.0
"""Seconds to wait while other processes write."""
KEPT = 40 * 24 * 3600.0
"""Seconds for which jobs are kept that no limit counts any more."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spending (
    task TEXT PRIMARY KEY, provider TEXT NOT NULL, run TEXT NOT NULL, at REAL NOT NULL,
    micros INTEGER NOT NULL, billed INTEGER NOT NULL DEFAULT 0
)
"""


class Limit(Struct, frozen=True, kw_only=True):
    """One limit: which jobs count for it, and what they may cost together.

    They are those of a `run`, those `since` a point in time, those at a `provider`. `resets_at` is
    when it is free again; times are in seconds since 1970. `name` is for people, `setting` what
    sets it.
    """

    name: str
    setting: str
    micros: int
    run: str | None = None
    since: float | None = None
    provider: str | None = None
    resets_at: float | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One job: what it costs, or may cost, and when it was about to be sent."""

    task: str
    provider: str
    run: str
    at: float
    micros: int


class Ledger:
    """The file. It is opened for each transaction: processes may be forked, threads come and go."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reserve(self, entry: Entry, limits: Sequence[Limit]) -> list[tuple[Limit, int]]:
        """Write a job down if no limit is exceeded; return those that are, with what is spent.

        A job that is there already is replaced: it counts once.
        """
        with self._transaction() as database:
            spent = [(limit, _spent(database, limit, entry.task)) for limit in limits]
            exceeded = [(one, sum_) for one, sum_ in spent if sum_ + entry.micros > one.micros]
            if not exceeded:
                row = (entry.task, entry.provider, entry.run, entry.at, entry.micros)
                database.execute("REPLACE INTO spending VALUES (?, ?, ?, ?, ?, 0)", row)
                old = (entry.at - KEPT, entry.run)
                database.execute("DELETE FROM spending WHERE at < ? AND run != ?", old)
        return exceeded

    def release(self, task: str, as_of: float) -> None:
        """Give back what a job would have cost, if it was not sent again after `as_of`."""
        if self.path.exists():
            with self._transaction() as database:
                query = "DELETE FROM spending WHERE task = ? AND at <= ?"
                database.execute(query, (task, as_of))

    def bill(self, task: str, micros: int) -> None:
        """Replace what a job may cost with what it did cost."""
        if self.path.exists():
            with self._transaction() as database:
                query = "UPDATE spending SET micros = ?, billed = 1 WHERE task = ?"
                database.execute(query, (micros, task))

    def spent(self, limit: Limit) -> int:
        """Return what is spent or reserved of a limit."""
        if not self.path.exists():
            return 0
        with self._transaction() as database:
            return _spent(database, limit)

    def unbilled(self, since: float) -> list[str]:
        """Return the jobs whose cost is not known yet."""
        if not self.path.exists():
            return []
        with self._transaction() as database:
            query = "SELECT task FROM spending WHERE NOT billed AND at >= ?"
            return [task for (task,) in database.execute(query, (since,))]

    @contextmanager
    def _transaction(self) -> "Iterator[sqlite3.Connection]":
        """Open the file, and keep other processes from writing until the block ends."""
        import sqlite3  # needed only where spending is limited

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            with closing(opened) as database:
                database.execute("BEGIN IMMEDIATE")
                with database:  # commits, or rolls back if the block raises
                    database.execute(_SCHEMA)
                    yield database
        except (sqlite3.Error, OSError) as error:
            raise ConfigurationError(
                f"what was spent cannot be counted in {self.path} ({error}); nothing is sent while "
                "spending is limited. Repair the file, or move it away to begin at 0"
            ) from error


def micros(usd: float) -> int:
    """Return an amount in millionths."""
    return round(usd * 1e6)


def usd(micros: int) -> str:
    """Write an amount with at least two decimals: 0.35 USD, 0.0125 USD."""
    whole, _, rest = f"{micros / 1e6:.6f}".partition(".")
    return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')} USD"


def _spent(database: "sqlite3.Connection", limit: Limit, but: str = "") -> int:
    """Return the sum of the jobs that count for a limit, but for one."""
    query = (
        "SELECT coalesce(sum(micros), 0) FROM spending WHERE task != :but"
        " AND (:run IS NULL OR run = :run) AND (:since IS NULL OR at >= :since)"
        " AND (:provider IS NULL OR provider = :provider)"
    )
    asked = {"but": but, "run": limit.run, "since": limit.since, "provider": limit.provider}
    (found,) = database.execute(query, asked).fetchone()
    return int(found)
