"""The journal's tables, as the migrations that make them; each is one transaction."""

from typing import Any

import msgspec

from rushes._journal.database import Connection, Migration
from rushes._journal.records import packed, recorded_remote_id
from rushes._structs.type_info import ready
from rushes.errors import JournalError
from rushes.task import Task


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


def _packed_and_indexed(connection: Connection) -> None:
    """Version 4: a finished task is one small row, lists have indexes, a process has one lease."""
    for table in ("tasks", "calls", "history"):
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    connection.execute("DROP TABLE claims")  # a process of the version before cannot go on
    for statement in _VERSION_4:
        connection.execute(statement)
    names = connection.execute("SELECT id FROM old_tasks ORDER BY created_at, id").fetchall()
    for (task_id,) in names:
        _copy(connection, task_id)
    for table in ("tasks", "calls", "history"):
        connection.execute(f"DROP TABLE old_{table}")
    for statement in _INDEXES_4:
        connection.execute(statement)


_VERSION_4 = (
    "CREATE TABLE tasks (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
    "variant TEXT NOT NULL, client_id TEXT NOT NULL, state TEXT NOT NULL, "
    "unfinished INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, "
    "fingerprint TEXT NOT NULL, version INTEGER NOT NULL, record BLOB NOT NULL)",
    "CREATE TABLE calls (task INTEGER PRIMARY KEY, call BLOB NOT NULL)",
    "CREATE TABLE history (number INTEGER PRIMARY KEY, task INTEGER NOT NULL, "
    "record BLOB NOT NULL)",
    "CREATE INDEX history_of_task ON history (task)",
    "CREATE TABLE claims (task INTEGER PRIMARY KEY, claim TEXT NOT NULL, holder TEXT NOT NULL)",
    "CREATE TABLE holders (holder TEXT PRIMARY KEY, machine TEXT NOT NULL, "
    "pid INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
)
_INDEXES_4 = (  # made at the end: those of the old tables had some of the names
    "CREATE INDEX by_client_id ON tasks (client_id)",
    "CREATE INDEX by_age ON tasks (created_at)",
    "CREATE INDEX by_variant ON tasks (variant, created_at)",
    "CREATE INDEX never_sent ON tasks (fingerprint) WHERE state = 'recorded'",
    "CREATE INDEX unfinished ON tasks (created_at) WHERE unfinished",
)


def _copy(connection: Connection, task_id: str) -> None:
    """Copy a task from the tables of version 3; one that cannot be read stays as it is."""
    provider, client_id, state, unfinished, created_at, updated_at, fingerprint, record, call = (
        connection.execute(
            "SELECT provider, client_id, state, unfinished, created_at, updated_at, fingerprint, "
            "record, call FROM old_tasks LEFT JOIN old_calls ON task = id WHERE id = ?",
            (task_id,),
        ).fetchone()
    )
    query = "SELECT record FROM old_history WHERE task = ? ORDER BY number"
    changes = [was for (was,) in connection.execute(query, (task_id,))]
    variant = f"{provider}/"
    try:
        variant = msgspec.json.decode(record, type=Task).variant
        for part in (call or b"null", *changes):
            msgspec.json.decode(part)
        whole = not unfinished
    except (ValueError, RecursionError):
        whole = False
    if whole:
        record = packed(_bytes(record), call and _bytes(call), list(map(_bytes, changes)))
    row = (task_id, variant, client_id, state, unfinished, created_at, updated_at)
    number = connection.execute(
        "INSERT INTO tasks (id, variant, client_id, state, unfinished, created_at, updated_at, "
        "fingerprint, version, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (*row, fingerprint if state == "recorded" else "", record),
    ).lastrowid
    if not whole:
        if call is not None:
            connection.execute("INSERT INTO calls VALUES (?, ?)", (number, call))
        rows = [(number, was) for was in changes]
        connection.executemany("INSERT INTO history (task, record) VALUES (?, ?)", rows)


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def _fields(record: bytes) -> dict[str, Any] | None:
    try:
        facts = msgspec.json.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return facts if isinstance(facts, dict) and "call" in facts and "state" in facts else None


def _without_call(facts: dict[str, Any]) -> bytes:
    return msgspec.json.encode({**facts, "call": None})


def _limits(connection: Connection) -> None:
    """Version 5: when the next task of a key may be sent, and which were admitted."""
    connection.execute("CREATE TABLE pace (key TEXT PRIMARY KEY, next REAL NOT NULL) WITHOUT ROWID")
    connection.execute(
        "CREATE TABLE slots (task TEXT PRIMARY KEY, key TEXT NOT NULL, granted REAL NOT NULL) "
        "WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX slots_of_key ON slots (key)")


def _pace_since(connection: Connection) -> None:
    """Version 6: since when a key is slowed, and an index of what is at the providers."""
    connection.execute("DROP TABLE pace")
    connection.execute(
        "CREATE TABLE pace (key TEXT PRIMARY KEY, since REAL NOT NULL, next REAL NOT NULL) "
        "WITHOUT ROWID"
    )
    connection.execute(
        "CREATE INDEX at_provider ON tasks (variant) "
        "WHERE state IN ('sending', 'queued', 'in_progress')"
    )


def _purses(connection: Connection) -> None:
    """Version 7: what tasks may cost together, and what each of them counts."""
    connection.execute(
        "CREATE TABLE purses (purse TEXT PRIMARY KEY, most INTEGER, "
        "spent INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE expenses (purse TEXT NOT NULL, task TEXT NOT NULL, micros INTEGER NOT NULL, "
        "PRIMARY KEY (purse, task)) WITHOUT ROWID"
    )


def _news(connection: Connection) -> None:
    """Version 8: tasks are found by their remote ids, and what providers tell of them is kept.

    Tasks that are finished are not looked for: their remote ids stay in their records.
    """
    connection.execute("ALTER TABLE tasks ADD COLUMN remote_id TEXT")
    unfinished = "SELECT number, record FROM tasks WHERE unfinished"
    for number, record in connection.execute(unfinished).fetchall():
        values = (recorded_remote_id(record), number)
        connection.execute("UPDATE tasks SET remote_id = ? WHERE number = ?", values)
    connection.execute("CREATE INDEX by_remote_id ON tasks (remote_id) WHERE remote_id IS NOT NULL")
    connection.execute(
        "CREATE TABLE news (number INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, "
        "remote_id TEXT NOT NULL, event TEXT)"
    )
    connection.execute("CREATE UNIQUE INDEX news_by_event ON news (remote_id, provider, event)")


MIGRATIONS: tuple[Migration, ...] = (
    _tasks,
    _claims_and_history,
    _calls_apart,
    _packed_and_indexed,
    _limits,
    _pace_since,
    _purses,
    _news,
)
