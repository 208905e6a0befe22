"""How much is sent at once with a key, by all who share the database."""

import math

from rushes._journal.postgres.server import Connection
from rushes.journal import GRANTED

_RECENT = "granted > clock_timestamp() - make_interval(secs => %s)"
_FREE = (
    "DELETE FROM rushes_slots AS s WHERE key = %s "  # noqa: S608
    "AND NOT EXISTS (SELECT 1 FROM rushes_tasks AS t WHERE t.id = s.task "
    "AND t.state IN ('sending', 'queued', 'in_progress')) "
    f"AND NOT ({_RECENT} AND NOT EXISTS "
    "(SELECT 1 FROM rushes_tasks AS t WHERE t.id = s.task AND t.state <> 'recorded'))"
)
_GRANT = (
    "INSERT INTO rushes_slots VALUES (%s, %s, clock_timestamp()) "
    "ON CONFLICT (task) DO UPDATE SET key = excluded.key, granted = excluded.granted"
)


def admit(
    connection: Connection, task_id: str, key: str, slots: int | None, per_second: float | None
) -> float:
    """Do what Limits.admit says; whoever asks for the same key waits for the end of this."""
    if slots is None and per_second is None:
        return _pause(connection, key)
    first = "INSERT INTO rushes_pace VALUES (%s, clock_timestamp()) ON CONFLICT (key) DO NOTHING"
    connection.execute(first, (key,))
    query = (
        "SELECT extract(epoch FROM next - clock_timestamp())::float8 FROM rushes_pace "
        "WHERE key = %s FOR UPDATE"
    )
    row = connection.execute(query, (key,)).fetchone()
    granted = f"SELECT 1 FROM rushes_slots WHERE task = %s AND key = %s AND {_RECENT}"  # noqa: S608
    if connection.execute(granted, (task_id, key, GRANTED)).fetchone():
        return 0.0
    if row is not None and row[0] > 0:
        return float(row[0])
    connection.execute(_FREE, (key, GRANTED))
    used = connection.execute("SELECT count(*) FROM rushes_slots WHERE key = %s", (key,)).fetchone()
    if slots is not None and used is not None and used[0] >= slots:
        return math.inf
    connection.execute(_GRANT, (task_id, key))
    if per_second is not None:
        slow(connection, key, 1 / per_second)
    return 0.0


def _pause(connection: Connection, key: str) -> float:
    """Return the seconds until something may be sent with a key; the clock is the database's."""
    query = (
        "SELECT greatest(extract(epoch FROM next - clock_timestamp()), 0)::float8 "
        "FROM rushes_pace WHERE key = %s"
    )
    row = connection.execute(query, (key,)).fetchone()
    return float(row[0]) if row else 0.0


def slow(connection: Connection, key: str, seconds: float) -> None:
    """Do what Limits.slow says."""
    query = (
        "INSERT INTO rushes_pace AS p VALUES "
        "(%s, clock_timestamp() + make_interval(secs => %s)) "
        "ON CONFLICT (key) DO UPDATE SET next = greatest(p.next, excluded.next)"
    )
    connection.execute(query, (key, float(seconds)))
