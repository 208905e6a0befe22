"""What tasks cost together, in the database; in millionths, since sums of floats are inexact."""

from collections.abc import Sequence

from rushes._journal.postgres.server import Connection

MICROS = 1_000_000
"""Millionths of a USD."""


def fill(connection: Connection, purse: str, most: float | None) -> None:
    """Do what Purses.fill says."""
    limit = None if most is None else round(most * MICROS)
    query = (
        "INSERT INTO rushes_purses (purse, most) VALUES (%s, %s) "
        "ON CONFLICT (purse) DO UPDATE SET most = excluded.most"
    )
    connection.execute(query, (purse, limit))


def reserve(connection: Connection, task_id: str, purse: str, usd: float | None) -> bool:
    """Do what Purses.reserve says; whoever asks for the same purse waits for the end of this."""
    most, spent = _locked(connection, purse)
    if most is not None:
        counted = _counted(connection, task_id, purse)
        if usd is None or spent - counted + round(usd * MICROS) > most:
            return False
    settle(connection, task_id, purse, usd or 0.0)
    return True


def settle(connection: Connection, task_id: str, purse: str, usd: float) -> None:
    """Do what Purses.settle says."""
    _locked(connection, purse)
    micros = round(usd * MICROS)
    more = micros - _counted(connection, task_id, purse)
    query = "UPDATE rushes_purses SET spent = spent + %s WHERE purse = %s"
    connection.execute(query, (more, purse))
    query = (
        "INSERT INTO rushes_expenses VALUES (%s, %s, %s) "
        "ON CONFLICT (purse, task) DO UPDATE SET micros = excluded.micros"
    )
    connection.execute(query, (purse, task_id, micros))


def forget(connection: Connection, tasks: list[str]) -> None:
    """Forget which tasks the money was spent on, not that it was."""
    connection.execute("DELETE FROM rushes_expenses WHERE task = ANY(%s)", (tasks,))


def spent(connection: Connection, purse: str) -> float:
    """Do what Purses.spent says."""
    query = "SELECT spent FROM rushes_purses WHERE purse = %s"
    row = connection.execute(query, (purse,)).fetchone()
    return row[0] / MICROS if row else 0.0


def left(connection: Connection, purse: str, without: Sequence[str]) -> float | None:
    """Do what Purses.left says."""
    query = (
        "SELECT (most - spent + (SELECT coalesce(sum(micros), 0) FROM rushes_expenses "
        "WHERE purse = %(purse)s AND task = ANY(%(without)s)))::bigint "
        "FROM rushes_purses WHERE purse = %(purse)s AND most IS NOT NULL"
    )
    given = {"purse": purse, "without": [*without]}
    row = connection.execute(query, given).fetchone()
    return max(row[0], 0) / MICROS if row else None


def _locked(connection: Connection, purse: str) -> tuple[int | None, int]:
    first = "INSERT INTO rushes_purses (purse) VALUES (%s) ON CONFLICT (purse) DO NOTHING"
    connection.execute(first, (purse,))
    query = "SELECT most, spent FROM rushes_purses WHERE purse = %s FOR UPDATE"
    row = connection.execute(query, (purse,)).fetchone()
    return (row[0], row[1]) if row else (None, 0)


def _counted(connection: Connection, task_id: str, purse: str) -> int:
    query = "SELECT micros FROM rushes_expenses WHERE purse = %s AND task = %s"
    row = connection.execute(query, (purse, task_id)).fetchone()
    return int(row[0]) if row else 0
