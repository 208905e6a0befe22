"""What providers told of tasks, as rows that every process reads in one order."""

from rushes._journal.postgres.listening import CHANNEL
from rushes._journal.postgres.server import Connection
from rushes.journal import KEPT_NEWS

_FIRST = "SELECT pg_advisory_xact_lock(hashtext('rushes news'))"
"""Rows become visible in the order of their numbers: whoever adds one waits for those before."""


def tell(connection: Connection, provider: str, remote_id: str, event: str | None) -> bool:
    """Do what News.tell says, and wake those who listen."""
    connection.execute(_FIRST)
    values = (provider, remote_id, event)
    # Looked for first: an insert that conflicts would use up a number, and so age the rest.
    query = "SELECT 1 FROM rushes_news WHERE provider = %s AND remote_id = %s AND event = %s"
    if connection.execute(query, values).fetchone():
        return False
    query = "INSERT INTO rushes_news (provider, remote_id, event) VALUES (%s, %s, %s)"
    told = connection.execute(f"{query} RETURNING number", values).fetchone()
    old = (told[0] if told else 0) - KEPT_NEWS
    connection.execute("DELETE FROM rushes_news WHERE number <= %s", (old,))
    connection.execute(f"NOTIFY {CHANNEL}")
    return True


def news(connection: Connection, after: int) -> tuple[int, list[tuple[str, str]]]:
    """Do what News.news says."""
    query = "SELECT number, provider, remote_id FROM rushes_news WHERE number > %s ORDER BY number"
    rows = connection.execute(query, (after,)).fetchall()
    return rows[-1][0] if rows else after, [(provider, name) for _, provider, name in rows]
