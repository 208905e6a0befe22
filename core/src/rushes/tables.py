"""The journal's tables, as the migrations that made them; each is one transaction."""

import msgspec

from rushes.database import Connection, Migration
from rushes.errors import JournalError
from rushes.type_info import ready


class _Dated(msgspec.Struct):
    updated_at: float


ready(_Dated)


def _tasks(connection: Connection) -> None:
    """Version 1: the tasks as they are now."""
    # A process of the first release may have ended between its tables and its version.
    connection.execute(
        "CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, provider TEXT NOT NULL, "
        "client_id TEXT NOT NULL, unfinished INTEGER NOT NULL, created_at REAL NOT NULL, "
        "record BLOB NOT NULL) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS by_client_id ON tasks (provider, client_id)")


def _claims_and_history(connection: Connection) -> None:
    """Version 2: when a task was changed last, what it was before, and who works on it."""
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


MIGRATIONS: tuple[Migration, ...] = (_tasks, _claims_and_history)
