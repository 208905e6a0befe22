"""Who waits for news: woken once, by a thread that runs only while somebody waits."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rushes import JournalError, SQLiteJournal
from rushes._session import ears as module
from rushes._session.ears import Ears

KEY = ("acme", "c-1")


class Told:
    """A journal of news alone, that says when to look."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.heard: list[Callable[[], None]] = []
        self.stopped = threading.Event()
        self.failures: list[Exception] = []
        self.looks = threading.Semaphore(0)

    def news(self, after: int) -> tuple[int, list[tuple[str, str]]]:
        self.looks.release()
        if self.failures:
            raise self.failures.pop()
        return len(self.told), self.told[after:]

    def listen(self, heard: Callable[[], None]) -> Callable[[], None]:
        self.heard.append(heard)
        return self.stopped.set

    def tell(self, key: tuple[str, str]) -> None:
        self.told.append(key)
        for heard in self.heard:
            heard()


@pytest.fixture
def journal() -> Told:
    return Told()


@pytest.fixture
def ears(journal: Any) -> Any:
    ears = Ears(journal)
    yield ears
    ears.close()
    assert ears._thread is None or not ears._thread.is_alive()


def test_everybody_who_waits_is_woken_once(ears: Ears, journal: Told) -> None:
    one, two, other = (threading.Semaphore(0) for _ in range(3))
    ears.expect(KEY, one.release)
    ears.expect(KEY, two.release)
    ears.expect(("acme", "c-2"), other.release)
    journal.tell(KEY)
    assert one.acquire(timeout=60)
    assert two.acquire(timeout=60)
    journal.tell(("acme", "c-2"))
    assert other.acquire(timeout=60)
    assert not one.acquire(blocking=False)


def test_who_does_not_wait_any_more_is_not_woken(ears: Ears, journal: Told) -> None:
    one, two = threading.Event(), threading.Event()
    ears.expect(KEY, one.set)
    ears.expect(KEY, two.set)
    ears.forget(KEY, one.set)
    ears.forget(KEY, one.set)
    ears.forget(("acme", "c-2"), one.set)
    journal.tell(KEY)
    assert two.wait(60)
    assert not one.is_set()


def test_news_that_nobody_waits_for_is_remembered_for_one(
    ears: Ears, journal: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_NEWS", 2)
    journal.told = [("acme", f"c-{number}") for number in range(4)]
    woken = threading.Event()
    ears.expect(("other", "c"), woken.set)
    journal.tell(("other", "c"))
    assert woken.wait(60)
    late, again, old = threading.Event(), threading.Event(), threading.Event()
    ears.expect(("acme", "c-3"), late.set)
    assert late.is_set()
    ears.expect(("acme", "c-3"), again.set)
    ears.expect(("acme", "c-0"), old.set)  # more than that is not remembered
    assert not again.is_set()
    assert not old.is_set()


def test_the_thread_ends_when_nobody_waits(
    ears: Ears, journal: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.0)
    for turn in range(2):
        woken = threading.Event()
        ears.expect(KEY, woken.set)
        thread = ears._thread
        journal.tell(KEY)
        assert woken.wait(60)
        for heard in journal.heard:
            heard()
        assert journal.stopped.wait(60)
        assert thread is not None
        thread.join(60)
        assert not thread.is_alive()
        journal.stopped.clear()
        assert len(journal.heard) == turn + 1


def test_a_journal_that_fails_is_asked_again(ears: Ears, journal: Told) -> None:
    journal.failures = [JournalError("away"), RuntimeError("odd")]
    woken = threading.Event()
    ears.expect(KEY, woken.set)
    assert journal.looks.acquire(timeout=60)
    for _ in range(2):
        journal.heard[0]()
        assert journal.looks.acquire(timeout=60)
    journal.tell(KEY)
    assert woken.wait(60)


def test_a_child_that_was_forked_begins_anew(ears: Ears, journal: Told) -> None:
    parent = threading.Event()
    ears.expect(KEY, parent.set)
    ears._lock.acquire()  # by the parent's thread, at the moment of the fork
    ears._pid -= 1
    child = threading.Event()
    ears.forget(KEY, parent.set)
    ears.expect(KEY, child.set)
    journal.tell(KEY)
    assert child.wait(60)
    assert not parent.is_set()


def test_a_file_is_looked_at_while_somebody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)
    mine, theirs = (SQLiteJournal(tmp_path / "journal.db") for _ in range(2))
    ears, woken = Ears(mine), threading.Event()
    ears.expect(KEY, woken.set)
    theirs.tell(*KEY)
    assert woken.wait(60)
    ears.close()
    for each in (mine, theirs):
        each.close()


def test_without_a_journal_only_this_process_is_heard() -> None:
    ears, woken, early = Ears(None), threading.Event(), threading.Event()
    ears.expect(KEY, woken.set)
    ears.told(KEY)
    ears.told(KEY)
    assert woken.is_set()
    ears.expect(KEY, early.set)
    assert early.is_set()
    assert ears._thread is None
    ears.close()
