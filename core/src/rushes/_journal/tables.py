"""The journal's tables, as the migrations that make them; each is one transaction."""

from typing import Any

import msgspec

from rushes._journal.database import Connection, Migration
from rushes._structs.type_info import ready
from rushes.errors import JournalError


class _Dated(msgspec.Struct):
    updated_at: float


ready(_Dated)


def _tasks(connection: Connection) -> None:
    """Version 1: the tasks as they are now."""
    # A process of the first release may have ended after it made its tables and before it set the
    # version.
    connection.execute(
        "CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, provider TEXT NOT NULL, "
        "client_id TEXT NOT NULL, unfinished INTEGER NOT NULL, created_at REAL NOT NULL, "
        "record BLOB NOT NULL) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS by_client_id ON tasks (provider, client_id)")


def _claims_and_history(connection: Connection) -> None:
    """Version 2: when a task was last changed, its earlier states, and who works on it."""
    connection.execute("ALTER TABLE tasks ADD COLUMN updated_at REAL NOT NULL DEFAULT 0")
    for task_id, record in connection.execute("SELECT id, record FROM tasks").fetchall():
        try:
            updated_at = msgspec.json.decode(record, type=_Dated).updated_at
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"the journal cannot be brought up to date: its task {task_id!r} cannot be read "
                f"({error}). Set RUSHES_HOME to another folder, or remove that row"
            ) from error
        connection.execute("UPDATE tasks SET updated_at = ? WHERE id = ?", (updated_at, task_id))
    connection.execute(
        "CREATE TABLE history (number INTEGER PRIMARY KEY, task TEXT NOT NULL, "
        "record BLOB NOT NULL)"
    )
    connection.execute("CREATE INDEX history_by_task ON history (task)")
    connection.execute(
        "INSERT INTO history (task, record) SELECT id, record FROM tasks ORDER BY created_at"
    )
    connection.execute(
        "CREATE TABLE claims (task TEXT PRIMARY KEY, claim TEXT NOT NULL, "
        "machine TEXT NOT NULL, pid INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX claims_by_claim ON claims (claim)")


def _calls_apart(connection: Connection) -> None:
    """Version 3: the call is kept once, leases count from the machine's start, jobs are found."""
    connection.execute("CREATE TABLE calls (task TEXT PRIMARY KEY, call BLOB NOT NULL)")
    connection.execute("ALTER TABLE tasks ADD COLUMN state TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE tasks ADD COLUMN fingerprint TEXT NOT NULL DEFAULT ''")
    for task_id, record in connection.execute("SELECT id, record FROM tasks").fetchall():
        facts = _fields(record)
        if facts is None:
            continue  # kept unchanged, and reported whenever it is read
        call = msgspec.json.encode(facts["call"])
        connection.execute("INSERT INTO calls VALUES (?, ?)", (task_id, call))
        connection.execute(
            "UPDATE tasks SET state = ?, fingerprint = ?, record = ? WHERE id = ?",
            (facts.get("state"), facts.get("fingerprint", ""), _without_call(facts), task_id),
        )
    for number, record in connection.execute("SELECT number, record FROM history").fetchall():
        if (facts := _fields(record)) is not None:
            values = (_without_call(facts), number)
            connection.execute("UPDATE history SET record = ? WHERE number = ?", values)
    connection.execute("CREATE INDEX never_sent ON tasks (fingerprint) WHERE state = 'recorded'")
    connection.execute("DROP TABLE claims")  # their leases were counted by the wall clock
    connection.execute(
        "CREATE TABLE claims (task TEXT PRIMARY KEY, claim TEXT NOT NULL, holder TEXT NOT NULL, "
        "machine TEXT NOT NULL, pid INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX claims_by_holder ON claims (holder, claim)")


def _fields(record: bytes) -> dict[str, Any] | None:
    try:
        facts = msgspec.json.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return facts if isinstance(facts, dict) and "call" in facts and "state" in facts else None


def _without_call(facts: dict[str, Any]) -> bytes:
    return msgspec.json.encode({**facts, "call": None})


MIGRATIONS: tuple[Migration, ...] = (_tasks, _claims_and_history, _calls_apart)
