"""The journal, read a page at a time: it may have very many tasks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes import Client, Task

PAGE = 500
"""Tasks that are read at a time."""


def pages(
    client: "Client", most: int | None, **which: Any
) -> "Iterator[tuple[list[Task], list[str]]]":
    """Return the newest tasks, at most `most`, and why those between them cannot be read."""
    last: Task | None = None
    while most is None or most > 0:
        size = PAGE if most is None else min(most, PAGE)
        page = client.tasks(**which, after=last, limit=size)
        reasons = client.unreadable(**which, after=last, limit=size)
        yield page, list(reasons.values())
        if len(page) < size:
            return
        last, most = page[-1], most and most - len(page)


def all_tasks(client: "Client") -> "Iterator[Task]":
    """Return every task that can be read, the newest first."""
    last: Task | None = None
    while page := client.tasks(after=last, limit=PAGE):
        yield from page
        last = page[-1]
