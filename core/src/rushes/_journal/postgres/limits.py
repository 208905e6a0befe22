"""How much is sent at once with a key, by all who share the database."""

import math

from rushes._journal.postgres.server import Connection
from rushes.journal import GRANTED

_AT_PROVIDER = "t.state IN ('sending', 'queued', 'in_progress')"
_RECENT = "granted > clock_timestamp() - make_interval(secs => %s)"
_FREE = (
    "DELETE FROM rushes_slots AS s WHERE key = %s "  # noqa: S608
    f"AND NOT EXISTS (SELECT 1 FROM rushes_tasks AS t WHERE t.id = s.task AND {_AT_PROVIDER}) "
    f"AND NOT ({_RECENT} AND NOT EXISTS "
    "(SELECT 1 FROM rushes_tasks AS t WHERE t.id = s.task AND t.state <> 'recorded'))"
)
_USED = (
    "SELECT (SELECT count(*) FROM rushes_slots WHERE key = %s AND task <> %s) + "  # noqa: S608
    f"(SELECT count(*) FROM rushes_tasks AS t WHERE {_AT_PROVIDER} "
    'AND t.variant COLLATE "C" >= %s AND t.variant COLLATE "C" < %s AND t.id <> %s '
    "AND NOT EXISTS (SELECT 1 FROM rushes_slots AS s WHERE s.task = t.id))"
)
"""Others than a task: those admitted with a key, and those at its provider that nobody asked for;
their variants lie between the provider with a slash and with the next character, a zero."""
_GRANT = (
    "INSERT INTO rushes_slots VALUES (%s, %s, clock_timestamp()) "
    "ON CONFLICT (task) DO UPDATE SET key = excluded.key, granted = excluded.granted"
)
_WAIT = (
    # A clock that was set back voids it.
    "SELECT CASE WHEN since <= clock_timestamp() THEN greatest(0, "
    "extract(epoch FROM next - clock_timestamp()))::float8 ELSE 0 END FROM rushes_pace "
    "WHERE key = %s"
)


def admit(
    connection: Connection, task_id: str, key: str, slots: int | None, per_second: float | None
) -> float:
    """Do what Limits.admit says; whoever asks for the same key waits for the end of this."""
    if slots is None and per_second is None:
        row = connection.execute(_WAIT, (key,)).fetchone()
        return float(row[0]) if row else 0.0
    wait = _wait(connection, key)
    granted = f"SELECT 1 FROM rushes_slots WHERE task = %s AND key = %s AND {_RECENT}"  # noqa: S608
    if connection.execute(granted, (task_id, key, GRANTED)).fetchone():
        return 0.0
    if wait:
        return wait
    connection.execute(_FREE, (key, GRANTED))
    if slots is not None:
        provider = key.partition("/")[0]
        names = (key, task_id, f"{provider}/", f"{provider}0", task_id)
        used = connection.execute(_USED, names).fetchone()
        if used is not None and used[0] >= slots:
            return math.inf
    connection.execute(_GRANT, (task_id, key))
    if per_second is not None:
        _put_off(connection, key, 1 / per_second)
    return 0.0


def slow(connection: Connection, key: str, seconds: float) -> None:
    """Do what Limits.slow says."""
    _put_off(connection, key, max(float(seconds), _wait(connection, key)))


def _wait(connection: Connection, key: str) -> float:
    """Return for how long nothing is admitted with a key, which is locked from here on."""
    first = (
        "INSERT INTO rushes_pace VALUES (%s, clock_timestamp(), clock_timestamp()) "
        "ON CONFLICT (key) DO NOTHING"
    )
    connection.execute(first, (key,))
    row = connection.execute(f"{_WAIT} FOR UPDATE", (key,)).fetchone()
    return float(row[0]) if row else 0.0


def _put_off(connection: Connection, key: str, seconds: float) -> None:
    """Admit nothing with a key, which is locked, for so many seconds."""
    query = (
        "UPDATE rushes_pace SET since = clock_timestamp(), "
        "next = clock_timestamp() + make_interval(secs => %s) WHERE key = %s"
    )
    connection.execute(query, (float(seconds), key))
