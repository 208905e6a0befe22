"""Several processes and accounts at one task: it is paid once, and nobody is told otherwise."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import Any

import msgspec
import pytest
from rushes import Client, JournalError, Polling, SQLiteJournal, Task
from rushes.journal import LEASE

from faults.bench import Bench
from faults.case import FOUND_LATER, UNKNOWN, Row
from faults.choosing import put_to
from faults.driver import Hand
from faults.films import VARIANTS
from faults.playing import Measured, Record, afterwards, by_itself
from faults.secrecy import KEY
from faults.several_rows import (
    ANOTHER_ACCOUNT,
    ASLEEP,
    DROPPED,
    NOT_CONNECTED,
    ONE_OUTPUT,
    REPEATED,
    UNLINKED,
    UNREADABLE,
)


def told(row: Row, bench: Bench, outcome: str) -> Measured:
    bench.assert_all()
    return Measured(row.step, row.name, bench.provider, bench.kind, bench.bills, outcome)


def job(bench: Bench) -> tuple[Any, ...]:
    return VARIANTS[bench.provider], bench.request


@put_to([ANOTHER_ACCOUNT])
def test_another_account(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def stop(task: Task) -> None:
        if task.state == "unknown":
            raise LookupError("a callback")  # before anybody is asked what became of it

    def play() -> Measured:
        bench.sandbox.inject("drop-after-create", times=1, gateway=provider)
        bench.attempt("submit", *job(bench), output=bench.target, on_update=stop)
        assert bench.task
        reference, before = bench.task.id, len(bench.exchanges)
        other = {"keys": {provider: "qx9-the-key-of-another-account"}}
        bench.attempt("resume", reference, settings=other)
        assert type(bench.error).__name__ == "OutcomeUnknownError"
        assert "sent with another key than the one from the argument `keys`" in str(bench.error)
        assert len(bench.exchanges) == before
        end = UNKNOWN if provider == "uniall" else FOUND_LATER
        return told(row, bench, f"exit {end.exit}, {afterwards(end, bench)}")

    measured(by_itself(play))


def leave_unsent(bench: Bench) -> Task:
    """Leave a job that was never sent: a file lies where its folder is to be."""
    blocked = bench.home.parent / "blocked"
    blocked.touch()
    bench.attempt("generate", *job(bench), output=blocked / "film.mp4")
    assert type(bench.error).__name__ == "DiskError"
    (task,) = bench.recorded()
    assert (task.state, bench.exchanges) == ("recorded", [])
    return task


@put_to([REPEATED])
def test_the_same_request_again(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play() -> Measured:
        task = leave_unsent(bench)
        bench.generate()
        assert bench.error is None, repr(bench.error)
        assert bench.task
        assert bench.task.id == task.id
        with bench.hand() as hand:
            assert hand.do("tasks", unfinished=True) == []
        assert bench.bills == len(bench.posts) == 1
        bench.assert_whole(there=True)
        return told(row, bench, "exit 6, again: the video, one job")

    measured(by_itself(play))


@put_to([DROPPED])
def test_cancelled_unsent(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play() -> Measured:
        bench.attempt("cancel", leave_unsent(bench).id)
        assert bench.error is None, repr(bench.error)
        assert bench.task
        assert str(bench.task.state) == "cancelled"
        bench.attempt("resume", bench.task.id)
        assert type(bench.error).__name__ == "TaskEndedError"
        assert bench.exchanges == []
        return told(row, bench, "cancelled")

    measured(by_itself(play))


@put_to([ASLEEP])
def test_asleep(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    """A clock goes on by more than the lease, and others act meanwhile; then the flow goes on."""
    hands: list[Hand] = []

    def sleeps(task: Task) -> None:
        if task.state == "sending":
            clock = hands[0].clock
            clock.advance(LEASE + 1)
            path = bench.home / "journal.db"
            with closing(SQLiteJournal(path, clock=clock.since_boot)) as journal:
                assert journal.claim(task.id, "the user's")
                journal.save(msgspec.structs.replace(task, state="lost"), "the user's")
            with Client(
                keys={provider: KEY},
                base_urls=bench.sandbox.base_urls,
                home=bench.home.parent / "elsewhere",
                polling=Polling(first=0, every=0.01),
            ) as other:
                ordered.append(other.submit(*job(bench)))

    ordered: list[Task] = []

    def play() -> Measured:
        with bench.hand() as hand:
            hands.append(hand)
            bench.doing(hand, lambda: hand.do("submit", *job(bench), on_update=sleeps))
        assert type(bench.error).__name__ == "StillRunningError"
        assert "another process has taken over task" in str(bench.error)
        assert [task.remote_id for task in ordered] == [bench.sandbox.created[-1].id]
        assert (bench.bills, len(bench.posts)) == (1, 1)
        return told(row, bench, "exit 6, the new order's alone")

    measured(by_itself(play))


@put_to([NOT_CONNECTED])
def test_cancelled_before_it_left(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    asked, go = threading.Event(), threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        asked.set()
        go.wait(30)
        return ["127.0.0.1"]

    async def cancelled(client: Any) -> Task:
        work = asyncio.ensure_future(client.generate(*job(bench), output=bench.target))
        assert await asyncio.to_thread(asked.wait, 30)
        for _ in range(3):
            work.cancel()
            await asyncio.sleep(0)
        made: Task = await work
        return made

    def play() -> Measured:
        here = bench.sandbox.base_urls[provider]
        named = here.replace("127.0.0.1", "127.1")  # an address for us, a name for the resolver
        with bench.hand(base_urls={provider: named}) as hand:
            settings = msgspec.structs.replace(hand.client._settings, resolve=resolve)
            hand.client._settings = settings
            bench.doing(hand, lambda: hand._waited(cancelled(hand.client)))
        assert type(bench.error).__name__ == "CancelledError"
        (task,) = bench.recorded()
        assert (task.state, bench.exchanges) == ("recorded", [])
        go.set()
        bench.generate()
        assert bench.error is None, repr(bench.error)
        assert bench.task
        assert bench.task.id == task.id
        bench.assert_whole(there=True)
        return told(row, bench, "recorded, again: the video, one job")

    measured(by_itself(play))


@put_to([UNREADABLE])
def test_unreadable(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    def play() -> Measured:
        leave_unsent(bench)
        with closing(sqlite3.connect(bench.home / "journal.db")) as connection, connection:
            connection.execute("UPDATE tasks SET record = '[]'")
        bench.generate()
        assert bench.error is None, repr(bench.error)
        with bench.hand() as hand:
            assert [task.state for task in hand.do("tasks")] == ["completed"]
            (reason,) = hand.do("unreadable").values()
        assert "cannot read" in reason
        bench.assert_whole(there=True)
        return told(row, bench, "named; the others: the video")

    measured(by_itself(play))


@put_to([UNLINKED])
def test_unlinked(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    def unlink(task: Task) -> None:
        if task.state == "recorded":
            for path in bench.home.glob("journal.db*"):
                path.unlink()

    def play() -> Measured:
        with bench.hand() as hand, pytest.raises(JournalError, match="removed or replaced while"):
            hand.do("generate", *job(bench), output=bench.target, on_update=unlink)
        assert (bench.exchanges, bench.bills) == ([], 0)
        bench.generate()
        assert bench.error is None, repr(bench.error)
        bench.assert_whole(there=True)
        return told(row, bench, "exit 3, again: the video")

    measured(by_itself(play))


@put_to([ONE_OUTPUT])
def test_one_output(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    """Each task answers for its own film: what lies there since is another's."""
    elsewhere = bench.home.parent / "elsewhere" / "film.mp4"

    def play() -> Measured:
        bench.attempt("generate", *job(bench), task=f"first-{client}", output=bench.target)
        assert bench.error is None, repr(bench.error)
        bench.target.write_bytes(b"the film of another job")  # as if it had been given this place
        bench.attempt("resume", f"first-{client}")
        assert bench.error is None, repr(bench.error)
        bench.assert_whole(there=True)
        before = len(bench.downloads)
        bench.attempt("generate", *job(bench), task=f"first-{client}", output=elsewhere)
        assert bench.error is None, repr(bench.error)
        assert bench.task
        assert bench.task.file == str(elsewhere)
        assert elsewhere.read_bytes() == bench.film
        assert len(bench.downloads) == before  # it is here, and is copied
        assert bench.bills == len(bench.posts) == 1
        return told(row, bench, "the video, in both places")

    measured(by_itself(play))
