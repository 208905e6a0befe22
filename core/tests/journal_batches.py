"""Calls of a journal that it does in one batch."""

import threading
from typing import Any

from rushes import PostgresJournal, SQLiteJournal


def together(journal: SQLiteJournal | PostgresJournal, *calls: tuple[object, ...]) -> list[Any]:
    """Begin calls of methods that are done in one batch; return their results, or errors."""
    running, go_on = threading.Event(), threading.Event()

    def first(_connection: object) -> None:
        running.set()
        go_on.wait(60)

    journal._store.enqueue(first)
    assert running.wait(60)
    begun = [journal.begin(str(method), *arguments) for method, *arguments in calls]
    go_on.set()
    return [each.exception(60) or each.result() for each in begun]
