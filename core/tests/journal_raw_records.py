"""Discarding a task that cannot be read, in any journal."""

import base64
import json
from collections.abc import Callable

import msgspec
import pytest
from journal_tasks import after, make_task
from rushes import JournalError, PostgresJournal, Receipt, SQLiteJournal

Journal = SQLiteJournal | PostgresJournal


def discard_what_cannot_be_read(
    journal: Journal, other: Journal, damage: Callable[[], object]
) -> None:
    """Check when a task `kite` may be discarded; `damage` makes its record unreadable."""
    kite, dune = (journal.add(make_task(name)) for name in ("kite", "dune"))
    journal.save(after(kite, state="queued", receipt=Receipt("c-1")))
    seen = journal.raw_record("kite") or {}
    assert (seen["variant"], seen["remote_id"]) == ("acme/zoom", "c-1")
    assert seen["call"] == msgspec.json.encode(kite.call).decode()
    with pytest.raises(JournalError, match="can be read"):
        journal.discard(seen)
    other.claim("kite", "theirs")
    damage()
    with pytest.raises(JournalError, match="has something else of task 'kite'"):
        journal.discard(seen)
    seen = journal.raw_record("kite") or {}
    assert seen["record"] == {"base64": base64.b64encode(b"\xff{").decode()}
    assert seen == json.loads(json.dumps(seen))
    with pytest.raises(JournalError, match="a process works on task 'kite'"):
        journal.discard(seen)
    other.release("theirs")
    other.close()
    journal.discard(seen)
    assert journal.raw_record("kite") is None
    assert journal.unreadable() == {}
    assert journal.tasks() == [dune]
    with pytest.raises(JournalError, match="or nothing; nothing was removed"):
        journal.discard(seen)
