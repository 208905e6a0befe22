"""The tables in PostgreSQL, as the migrations that make them; each is one transaction.

Their names begin with `rushes_` and have no schema: they are where the connection's `search_path`
leads to. References are compared byte by byte (`COLLATE "C"`), as Python orders text.
"""

from collections.abc import Callable

from rushes._journal.postgres.server import Connection, Migration
from rushes._journal.records import recorded_remote_id
from rushes.errors import JournalError

_VERSION_1 = (
    "CREATE TABLE rushes_tasks (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    'id text COLLATE "C" NOT NULL UNIQUE, variant text NOT NULL, '
    'client_id text COLLATE "C" NOT NULL, state text NOT NULL, unfinished boolean NOT NULL, '
    "created_at double precision NOT NULL, updated_at double precision NOT NULL, "
    "fingerprint text NOT NULL, version bigint NOT NULL DEFAULT 0, "
    "claim text, holder text, record bytea NOT NULL)",
    "CREATE TABLE rushes_calls (task bigint PRIMARY KEY, call bytea NOT NULL)",
    "CREATE TABLE rushes_history (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "task bigint NOT NULL, record bytea NOT NULL)",
    "CREATE TABLE rushes_holders (holder text PRIMARY KEY, machine text NOT NULL, "
    "pid bigint NOT NULL, since timestamptz NOT NULL, until timestamptz NOT NULL)",
    "CREATE TABLE rushes_pace (key text PRIMARY KEY, next timestamptz NOT NULL)",
    'CREATE TABLE rushes_slots (task text COLLATE "C" PRIMARY KEY, key text NOT NULL, '
    "granted timestamptz NOT NULL)",
    "CREATE INDEX rushes_slots_of_key ON rushes_slots (key)",
    "CREATE INDEX rushes_tasks_by_client_id ON rushes_tasks (client_id)",
    "CREATE INDEX rushes_tasks_by_age ON rushes_tasks (created_at, id)",
    "CREATE INDEX rushes_tasks_by_variant ON rushes_tasks (variant, created_at, id)",
    "CREATE INDEX rushes_tasks_never_sent ON rushes_tasks (fingerprint) WHERE state = 'recorded'",
    "CREATE INDEX rushes_tasks_unfinished ON rushes_tasks (created_at, id) WHERE unfinished",
    "CREATE INDEX rushes_tasks_held ON rushes_tasks (holder) WHERE holder IS NOT NULL",
    "CREATE INDEX rushes_history_of_task ON rushes_history (task, number)",
)


def _made_of(statements: tuple[str, ...]) -> Callable[[Connection], None]:
    def migrate(connection: Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return migrate


def _first(connection: Connection) -> None:
    """Make the tables; all text must fit into the database."""
    row = connection.execute("SHOW server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise JournalError(
            f"the database stores text as {row and row[0]}, not as UTF8; create one with "
            "`CREATE DATABASE rushes ENCODING 'UTF8' TEMPLATE template0`"
        )
    _made_of(_VERSION_1)(connection)


_VERSION_2 = (
    # Since when a key is slowed, and an index of what is at the providers.
    "DROP TABLE rushes_pace",
    "CREATE TABLE rushes_pace (key text PRIMARY KEY, since timestamptz NOT NULL, "
    "next timestamptz NOT NULL)",
    'CREATE INDEX rushes_tasks_at_provider ON rushes_tasks (variant COLLATE "C") '
    "WHERE state IN ('sending', 'queued', 'in_progress')",
)
_VERSION_3 = (
    "CREATE TABLE rushes_purses (purse text PRIMARY KEY, most bigint, "
    "spent bigint NOT NULL DEFAULT 0)",
    'CREATE TABLE rushes_expenses (purse text NOT NULL, task text COLLATE "C" NOT NULL, '
    "micros bigint NOT NULL, PRIMARY KEY (purse, task))",
)

_VERSION_4 = (
    "ALTER TABLE rushes_tasks ADD COLUMN remote_id text",
    "CREATE INDEX rushes_tasks_by_remote_id ON rushes_tasks (remote_id) "
    "WHERE remote_id IS NOT NULL",
    "CREATE TABLE rushes_news (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    'provider text COLLATE "C" NOT NULL, remote_id text COLLATE "C" NOT NULL, '
    'event text COLLATE "C")',
    "CREATE UNIQUE INDEX rushes_news_by_event ON rushes_news (remote_id, provider, event)",
)


def _news(connection: Connection) -> None:
    """Version 4: tasks are found by their remote ids, and what providers tell of them is kept.

    Tasks that are finished are not looked for: their remote ids stay in their records.
    """
    _made_of(_VERSION_4)(connection)
    unfinished = "SELECT number, record FROM rushes_tasks WHERE unfinished"
    for number, record in connection.execute(unfinished).fetchall():
        values = (recorded_remote_id(record), number)
        connection.execute("UPDATE rushes_tasks SET remote_id = %s WHERE number = %s", values)


MIGRATIONS: tuple[Migration, ...] = (
    _first,
    _made_of(_VERSION_2),
    _made_of(_VERSION_3),
    _news,
)
