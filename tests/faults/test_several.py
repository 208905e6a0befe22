"""Several processes and accounts with one task: it is paid for once, and reported so."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import Any

import msgspec
import pytest
from made_up_hosts import resolving_with
from rushes import Client, JournalError, Polling, SQLiteJournal, Task
from rushes.journal import LEASE

from faults.case import FOUND_LATER, UNKNOWN, Row
from faults.client_driver import ClientDriver
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.runner import Measurement, Recorder, follow_up, run_with_deadline
from faults.secrecy import KEY
from faults.selection import parametrize_rows
from faults.several_rows import (
    ANOTHER_ACCOUNT,
    ASLEEP,
    DROPPED,
    NOT_CONNECTED,
    ONE_OUTPUT,
    REPEATED,
    REPLACED,
    UNLINKED,
    UNREADABLE,
)


def measurement(row: Row, run: FaultRun, outcome: str) -> Measurement:
    run.assert_invariants()
    return Measurement(row.step, row.name, run.provider, run.kind, run.bills, outcome)


def job(run: FaultRun) -> tuple[Any, ...]:
    return VARIANTS[run.provider], run.request


@parametrize_rows([ANOTHER_ACCOUNT])
def test_another_account(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        reference, before = run.leave_unknown().id, len(run.exchanges)
        other = {"keys": {provider: "qx9-the-key-of-another-account"}}
        run.attempt("resume", reference, settings=other)
        assert type(run.error).__name__ == "OutcomeUnknownError"
        assert "sent with another key than the one from the argument `keys`" in str(run.error)
        assert len(run.exchanges) == before
        expected = FOUND_LATER if run.facts.takes_up else UNKNOWN
        return measurement(row, run, f"exit {expected.exit}, {follow_up(expected, run)}")

    record(run_with_deadline(scenario))


def leave_unsent(run: FaultRun) -> Task:
    """Leave a job unsent: a file is in place of its output folder."""
    blocked = run.home.parent / "blocked"
    blocked.touch()
    run.attempt("generate", *job(run), output=blocked / "film.mp4")
    assert type(run.error).__name__ == "DiskError"
    (task,) = run.recorded()
    assert (task.state, run.exchanges) == ("recorded", [])
    return task


@parametrize_rows([REPEATED])
def test_the_same_request_again(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        task = leave_unsent(run)
        run.generate()
        assert run.error is None, repr(run.error)
        assert run.task
        assert run.task.id == task.id
        with run.driver() as driver:
            assert driver.call("tasks", unfinished=True) == []
        assert run.bills == len(run.posts) == 1
        run.assert_output(delivered=True)
        return measurement(row, run, "exit 6, again: the video, one job")

    record(run_with_deadline(scenario))


@parametrize_rows([DROPPED])
def test_cancelled_unsent(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        run.attempt("cancel", leave_unsent(run).id)
        assert run.error is None, repr(run.error)
        assert run.task
        assert str(run.task.state) == "cancelled"
        run.attempt("resume", run.task.id)
        assert type(run.error).__name__ == "TaskEndedError"
        assert run.exchanges == []
        return measurement(row, run, "cancelled")

    record(run_with_deadline(scenario))


@parametrize_rows([ASLEEP])
def test_asleep(row: Row, provider: str, client: str, run: FaultRun, record: Recorder) -> None:
    """The clock advances beyond the lease while others act; then the flow continues."""
    drivers: list[ClientDriver] = []

    def sleeps(task: Task) -> None:
        if task.state == "sending":
            clock = drivers[0].clock
            clock.advance(LEASE + 1)
            path = run.home / "journal.db"
            with closing(SQLiteJournal(path, clock=clock.since_boot)) as journal:
                assert journal.claim(task.id, "the user's")
                journal.save(msgspec.structs.replace(task, state="lost"), "the user's")
            with Client(
                keys={provider: KEY},
                base_urls=run.sandbox.base_urls,
                home=run.home.parent / "elsewhere",
                polling=Polling(first=0, every=0.01),
            ) as other:
                ordered.append(other.submit(*job(run)))

    ordered: list[Task] = []

    def scenario() -> Measurement:
        with run.driver() as driver:
            drivers.append(driver)
            run.perform(driver, lambda: driver.call("submit", *job(run), on_update=sleeps))
        assert type(run.error).__name__ == "OwnedElsewhereError"
        assert "another process has taken over task" in str(run.error)
        assert [task.remote_id for task in ordered] == [run.sandbox.created[-1].id]
        assert (run.bills, len(run.posts)) == (1, 1)
        return measurement(row, run, "exit 6, the new job's alone")

    record(run_with_deadline(scenario))


@parametrize_rows([NOT_CONNECTED])
def test_cancelled_before_it_left(
    row: Row,
    provider: str,
    client: str,
    run: FaultRun,
    record: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, go = threading.Event(), threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        asked.set()
        go.wait(30)
        return ["127.0.0.1"]

    resolving_with(resolve, monkeypatch)

    async def cancelled(client: Any) -> Task:
        work = asyncio.ensure_future(client.generate(*job(run), output=run.target))
        assert await asyncio.to_thread(asked.wait, 30)
        for _ in range(3):
            work.cancel()
            await asyncio.sleep(0)
        made: Task = await work
        return made

    def scenario() -> Measurement:
        here = run.sandbox.base_urls[provider]
        named = here.replace("127.0.0.1", "127.1")  # a host name, so that the resolver is used
        with run.driver(base_urls={provider: named}) as driver:
            run.perform(driver, lambda: driver.wait_for(cancelled(driver.client)))
        assert type(run.error).__name__ == "CancelledError"
        (task,) = run.recorded()
        assert (task.state, run.exchanges) == ("recorded", [])
        go.set()
        run.generate()
        assert run.error is None, repr(run.error)
        assert run.task
        assert run.task.id == task.id
        run.assert_output(delivered=True)
        return measurement(row, run, "recorded, again: the video, one job")

    record(run_with_deadline(scenario))


@parametrize_rows([UNREADABLE])
def test_unreadable(row: Row, provider: str, client: str, run: FaultRun, record: Recorder) -> None:
    def scenario() -> Measurement:
        leave_unsent(run)
        with closing(sqlite3.connect(run.home / "journal.db")) as connection, connection:
            connection.execute("UPDATE tasks SET record = '[]'")
        run.generate()
        assert run.error is None, repr(run.error)
        with run.driver() as driver:
            assert [task.state for task in driver.call("tasks")] == ["completed"]
            (reason,) = driver.call("unreadable").values()
        assert "cannot read" in reason
        run.assert_output(delivered=True)
        return measurement(row, run, "named; the others: the video")

    record(run_with_deadline(scenario))


@parametrize_rows([UNLINKED, REPLACED])
def test_unlinked_or_replaced(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    other = run.home.parent / "elsewhere" / "journal.db"
    with closing(SQLiteJournal(other)) as journal:
        assert journal.tasks() == []

    def disturb(task: Task) -> None:
        if task.state == "recorded":
            for path in run.home.glob("journal.db*"):
                path.unlink()
            if row is REPLACED:
                other.rename(run.home / "journal.db")

    def scenario() -> Measurement:
        with (
            run.driver() as driver,
            pytest.raises(JournalError, match="removed or replaced while"),
        ):
            driver.call("generate", *job(run), output=run.target, on_update=disturb)
        assert (run.exchanges, run.bills) == ([], 0)
        run.generate()
        assert run.error is None, repr(run.error)
        run.assert_output(delivered=True)
        return measurement(row, run, "exit 3, again: the video")

    record(run_with_deadline(scenario))


@parametrize_rows([ONE_OUTPUT])
def test_one_output(row: Row, provider: str, client: str, run: FaultRun, record: Recorder) -> None:
    """Each task reports its own film, although another's has taken its path."""
    elsewhere = run.home.parent / "elsewhere" / "film.mp4"

    def scenario() -> Measurement:
        run.attempt("generate", *job(run), task=f"first-{client}", output=run.target)
        assert run.error is None, repr(run.error)
        run.target.write_bytes(
            b"the film of another job"
        )  # as if it had been requested at this path
        run.attempt("resume", f"first-{client}")
        assert run.error is None, repr(run.error)
        run.assert_output(delivered=True)
        before = len(run.downloads)
        run.attempt("generate", *job(run), task=f"first-{client}", output=elsewhere)
        assert run.error is None, repr(run.error)
        assert run.task
        assert run.task.file == str(elsewhere)
        assert elsewhere.read_bytes() == run.film
        assert len(run.downloads) == before  # the film is here, and is copied
        assert run.bills == len(run.posts) == 1
        return measurement(row, run, "the video, in both places")

    record(run_with_deadline(scenario))
