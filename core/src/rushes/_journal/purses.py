"""What tasks cost together, in the SQLite file; in millionths, since sums of floats are inexact."""

import json
from collections.abc import Sequence

from rushes._journal.database import Connection

MICROS = 1_000_000
"""Millionths of a USD."""


def fill(connection: Connection, purse: str, most: float | None) -> None:
    """Do what Purses.fill says."""
    limit = None if most is None else round(most * MICROS)
    query = (
        "INSERT INTO purses (purse, most) VALUES (?, ?) "
        "ON CONFLICT (purse) DO UPDATE SET most = excluded.most"
    )
    connection.execute(query, (purse, limit))


def reserve(connection: Connection, task_id: str, purse: str, usd: float | None) -> bool:
    """Do what Purses.reserve says; nobody else writes meanwhile."""
    row = connection.execute("SELECT most, spent FROM purses WHERE purse = ?", (purse,)).fetchone()
    most, spent = row or (None, 0)
    if most is not None:
        counted = _counted(connection, task_id, purse)
        if usd is None or spent - counted + round(usd * MICROS) > most:
            return False
    settle(connection, task_id, purse, usd or 0.0)
    return True


def settle(connection: Connection, task_id: str, purse: str, usd: float) -> None:
    """Do what Purses.settle says."""
    micros = round(usd * MICROS)
    more = micros - _counted(connection, task_id, purse)
    query = (
        "INSERT INTO purses (purse, spent) VALUES (?, ?) "
        "ON CONFLICT (purse) DO UPDATE SET spent = spent + excluded.spent"
    )
    connection.execute(query, (purse, more))
    query = "INSERT OR REPLACE INTO expenses VALUES (?, ?, ?)"
    connection.execute(query, (purse, task_id, micros))


def forget(connection: Connection, tasks: list[str]) -> None:
    """Forget which tasks the money was spent on, not that it was."""
    query = "DELETE FROM expenses WHERE task IN (SELECT value FROM json_each(?))"
    connection.execute(query, (json.dumps(tasks),))


def spent(connection: Connection, purse: str) -> float:
    """Do what Purses.spent says."""
    row = connection.execute("SELECT spent FROM purses WHERE purse = ?", (purse,)).fetchone()
    return row[0] / MICROS if row else 0.0


def left(connection: Connection, purse: str, without: Sequence[str]) -> float | None:
    """Do what Purses.left says."""
    query = (
        "SELECT most - spent + (SELECT coalesce(sum(micros), 0) FROM expenses "
        "WHERE purse = ?1 AND task IN (SELECT value FROM json_each(?2))) "
        "FROM purses WHERE purse = ?1 AND most IS NOT NULL"
    )
    row = connection.execute(query, (purse, json.dumps([*without]))).fetchone()
    return max(row[0], 0) / MICROS if row else None


def _counted(connection: Connection, task_id: str, purse: str) -> int:
    query = "SELECT micros FROM expenses WHERE purse = ? AND task = ?"
    row = connection.execute(query, (purse, task_id)).fetchone()
    return int(row[0]) if row else 0
