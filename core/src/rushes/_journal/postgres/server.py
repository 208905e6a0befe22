"""A PostgreSQL server: reached, asked to wait, written in batches. Only this part uses psycopg.

What a process waits for on the network has a deadline, on either side: a connection that was cut
is noticed within seconds, and the server ends the transaction of a process that was suspended in
the middle of one, so that its locks keep nobody else waiting.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from rushes import _log as log
from rushes._journal.writer import Job, Work
from rushes._keys.redacting import Secret, redact
from rushes.errors import JournalError

Connection = psycopg.Connection[tuple[Any, ...]]
Migration = Callable[[Connection], None]
T = TypeVar("T")
OUTAGE = 60.0
"""Seconds to wait for a server that was there before: it restarts, or the network is gone."""
TOGETHER = 200
"""Writes in one transaction, at most."""
READERS = 4
"""Connections for reading, at most."""
_CONNECT = 5
"""Seconds to wait for a connection."""
_NETWORK = {
    "connect_timeout": _CONNECT,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How a cut is noticed, unless the address says otherwise."""
_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; "
    "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'"
)
"""In every transaction, not once for a connection: a pooler may hand out another."""
_MIGRATING = "SELECT pg_advisory_xact_lock(hashtext('rushes journal'))"
_REFUSED = ("28P01", "28000")
_PASSING = ("08", "40", "53", "55P03", "57P", "25P03", "57014")
"""Beginnings of the SQLSTATEs of what may be over soon: connections, conflicts, resources, locks,
shutdowns and starts."""
_MEANINGS = {
    "28": ("the server refused the user or the password", "Correct them in the address"),
    "3D000": ("the server has no such database", "Create it with `createdb`"),
    "3F000": (
        "the search path leads to no schema",
        "Create the schema, or correct the search_path of the user or the address",
    ),
    "42501": (
        "the user lacks a right",
        "Let the user own the tables whose names begin with rushes_, and create them the first "
        "time (GRANT CREATE ON SCHEMA)",
    ),
    "25006": (
        "it is read-only, like a standby server",
        "Give the address of the primary server",
    ),
    "53100": ("the server's disk is full", "Make room on it, then try again"),
    "53300": (
        "the server allows no more connections",
        "Raise its max_connections, or end other programs",
    ),
    "57P": ("the server is starting or stopping", "Try again in a moment"),
    "55P03": ("another program keeps it locked", "End that program, then try again"),
}
"""What an SQLSTATE that begins so means, and what to do; the first that fits counts."""
_MISFIT = ("it cannot keep a value that is to be written", "Correct or shorten the value")
_UNREACHABLE = ("the server cannot be reached", "Start it, or correct RUSHES_JOURNAL")
_OTHER = ("the server reports an error", "Repair the database, or use another")


class Server:
    """Where the database is, and the migrations that bring an older one up to date.

    The version of a database is the number of migrations applied to it.
    """

    place = "a PostgreSQL server"

    def __init__(self, url: str, migrations: Sequence[Migration]) -> None:
        self._url, self._migrations = Secret(url), migrations
        given = _parsed(self._url)
        self._password = Secret(given.get("password") or "")
        self._network: dict[str, Any] = {
            name: value for name, value in _NETWORK.items() if name not in given
        }
        self.place = _place(given)
        self._was_reached = False

    def __repr__(self) -> str:
        return f"<{self.place}>"

    def open(self) -> Connection:
        """Connect, and bring the tables up to date; raises psycopg.Error or JournalError."""
        connection = psycopg.connect(
            str.__str__(self._url),
            autocommit=True,
            prepare_threshold=None,  # a pooler may know nothing of prepared statements
            client_encoding="utf8",
            fallback_application_name="rushes",
            **self._network,
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._was_reached = True
        return connection

    def waits_for(self, error: Exception, failing_since: float) -> bool:
        """Whether it makes sense to try again after an error."""
        if not self._was_reached or time.monotonic() > failing_since + OUTAGE:
            return False
        return _passes(error)

    def explain(self, error: Exception) -> Exception:
        """Return a JournalError that says what an error of the server means and what to do."""
        if not isinstance(error, (psycopg.Error, OSError)):
            return error
        what, remedy = _meaning(error)
        shown = redact(" ".join(str(error).split()), self._password)
        return JournalError(
            f"the journal {self.place} cannot be used: {what} ({shown}); "
            f"nothing is sent without it. {remedy}"
        )

    def check(self, connection: Connection) -> None:
        """Raise JournalError if a newer rushes has changed the tables since we connected."""
        self._know(_version(connection))

    def _know(self, version: int) -> None:
        if version > len(self._migrations):
            raise JournalError(
                f"the journal {self.place} is of version {version}, written by a newer rushes; "
                f"this one knows up to version {len(self._migrations)}. Upgrade rushes, or use "
                "another database"
            )

    def _prepare(self, connection: Connection) -> None:
        version = _prepared_version(connection)
        while version < len(self._migrations):
            with connection.transaction():
                connection.execute(_MIGRATING)
                version = _prepared_version(connection)  # another process may have been first
                if version < len(self._migrations):
                    self._migrate(connection, version)
                    version += 1
        self._know(version)

    def _migrate(self, connection: Connection, version: int) -> None:
        self._migrations[version](connection)
        if version == 0:
            connection.execute("CREATE TABLE rushes_journal (version integer NOT NULL)")
            connection.execute("INSERT INTO rushes_journal VALUES (0)")
        connection.execute("UPDATE rushes_journal SET version = %s", (version + 1,))


class Line:
    """One connection, opened when it is first needed and again after it was lost."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._connection: Connection | None = None
        self._failing_since = 0.0
        self.was_lost = False
        """Whether the last failure was the connection's; if not, the work's."""

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._connection is not None

    def do(self, work: Work[Connection, T], undo: Callable[[], None]) -> T:
        """Do work, again if it failed for a reason that passes; raises JournalError otherwise.

        The work must be such that doing it twice is the same as doing it once: nobody knows whether
        a transaction was committed when the connection broke. `undo` is called after each failure.
        """
        pause = 0.0
        while True:
            try:
                if self._connection is None:
                    self._connection = self.server.open()
                done = work(self._connection)
            except Exception as error:  # noqa: BLE001 - explained
                self.was_lost = self._connection is None or self._connection.closed
                self.close()
                undo()
                since = self._failing_since or time.monotonic()
                waits = self.server.waits_for(error, since)
                # What never passes is no beginning of an outage: the next one is waited for.
                self._failing_since = since if _passes(error) else 0.0
                explained = self.server.explain(error)
            else:
                self._failing_since = 0.0
                return done
            if not waits:
                raise explained  # not from what psycopg raised: its frames have the password
            log.warning("the journal waits for its database", place=self.server.place)
            time.sleep(pause)
            pause = min(pause * 2 or 0.05, 1.0)

    def close(self) -> None:
        """Disconnect; an open transaction is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


class Batches:
    """Batches of one writer on its own connection; each batch is one transaction.

    `begin` is done at the beginning of each, `undo` is called after one that failed.
    """

    def __init__(
        self, server: Server, *, begin: Work[Connection, None], undo: Callable[[], None]
    ) -> None:
        self._line, self._begin, self._undo = Line(server), begin, undo

    def commit(self, jobs: list[Job[Connection]]) -> None:
        """Do all jobs, in transactions of limited size.

        A transaction can hold a limited number of locks, and keeps others waiting while it lasts.
        If one fails for good, each of its jobs is done in one of its own, in order: an error
        concerns its job alone. If the database is lost, no job that is left is done.
        """
        parts = deque(jobs[first : first + TOGETHER] for first in range(0, len(jobs), TOGETHER))
        while parts:
            some = parts.popleft()
            try:
                outcomes = self._line.do(partial(self._done, some), self._undo)
            except Exception as error:  # noqa: BLE001 - reported to whoever waits for a job
                if self._line.was_lost:
                    some = [*some, *chain.from_iterable(parts)]
                    parts.clear()
                elif len(some) > 1:
                    parts.extendleft([job] for job in reversed(some))
                    continue
                outcomes = [error] * len(some)
            for job, outcome in zip(some, outcomes, strict=True):
                job.end(outcome)

    def close(self) -> None:
        """Disconnect; uncommitted changes are rolled back."""
        self._line.close()

    def _done(self, jobs: list[Job[Connection]], connection: Connection) -> list[Any]:
        connection.execute(_BEGIN)
        self._begin(connection)
        outcomes = [_outcome(job, connection) for job in jobs]
        connection.execute("COMMIT")
        return outcomes


class Readers:
    """A few connections for reading, shared by all threads, each used by one at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: deque[Line] = deque()
        self._free = threading.Semaphore(READERS)
        self._holding = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a connection is open that nobody uses."""
        return bool(self._idle)

    def read(self, work: Work[Connection, T]) -> T:
        """Do work that only reads, and return its result."""
        with self._free:
            try:
                line = self._idle.pop()
            except IndexError:
                line = Line(self._server)
            try:
                return line.do(work, _nothing)
            except BaseException:
                line.close()  # interrupted in the middle of an answer, perhaps
                raise
            finally:
                if line.is_open:
                    self._idle.append(line)

    def close(self) -> None:
        """Disconnect those that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def hold(self) -> None:
        """Wait for those who read, disconnect, and let nobody read until `go_on`."""
        self._holding.acquire()
        for _ in range(READERS):
            self._free.acquire()
        self.close()

    def go_on(self) -> None:
        """Let the threads read again."""
        self._free.release(READERS)
        self._holding.release()


def _nothing() -> None:
    """Undo nothing: it was only read."""


def _outcome(job: Job[Connection], connection: Connection) -> Any:
    try:
        return job.work(connection)
    except psycopg.Error:
        raise
    except Exception as error:  # noqa: BLE001 - concerns this job alone
        return error


def _parsed(url: Secret) -> dict[str, Any]:
    """Read the address; neither the error nor its frames show it, since it has the password."""
    if given := _read(url):
        return given
    raise JournalError(
        "the address of the journal's database cannot be read (it is not shown here, since it may "
        "contain a password); give postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special "
        "characters in the password written as %XX"
    )


def _read(url: Secret) -> dict[str, Any]:
    """Return the parts of the address; none if it cannot be read."""
    given: dict[str, Any] = {}
    with suppress(psycopg.Error):
        given = dict(conninfo_to_dict(str.__str__(url)))
    # An unescaped character of the password moves a part of it to where it would be shown.
    shown = f"{given.get('host', '')}{given.get('dbname', '')}"
    is_sound = "@" not in shown and str(given.get("port") or 0).replace(",", "").isdecimal()
    return given if is_sound else {}


def _place(given: dict[str, Any]) -> str:
    """Name the database without its password."""
    user = f"{given['user']}@" if given.get("user") else ""
    port = f":{given['port']}" if given.get("port") else ""
    return f"postgresql://{user}{given.get('host') or ''}{port}/{given.get('dbname') or ''}"


def _prepared_version(connection: Connection) -> int:
    # Not to_regclass: what it found before another process made the table may be remembered.
    there = "SELECT 1 FROM pg_class WHERE relname = 'rushes_journal' AND pg_table_is_visible(oid)"
    return 0 if connection.execute(there).fetchone() is None else _version(connection)


def _version(connection: Connection) -> int:
    row = connection.execute("SELECT version FROM rushes_journal").fetchone()
    return int(row[0]) if row else 0


def _passes(error: Exception) -> bool:
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:  # the connection broke, or there is none
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate.startswith(_PASSING)


def _meaning(error: Exception) -> tuple[str, str]:
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, psycopg.DataError) or state.startswith("54"):  # limits of the program
        return _MISFIT
    for beginning, meaning in _MEANINGS.items():
        if state.startswith(beginning):
            return meaning
    if state.startswith("08") or not state:
        connection = getattr(error, "pgconn", None)
        if connection is not None and (connection.used_password or connection.needs_password):
            return _MEANINGS["28"]
        return _UNREACHABLE
    return _OTHER
