"""Stopped midway: what was paid for is kept, what was never sent is known to be unsent."""

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST, Driver, Drivers, Maker, SteppingClock
from acme_server import Handler, Server, bills_then, created, stalls
from acme_zoom import Zoom
from journal_tasks import make_task
from rushes import (
    AsyncClient,
    BrokenPluginError,
    ConfigurationError,
    JournalError,
    OutcomeUnknownError,
    Receipt,
    StillRunningError,
    Task,
    hookimpl,
)
from rushes._journal.sqlite import SQLiteJournal as Journal
from rushes.journal import LEASE


class Stop(Exception):
    """What a callback raises."""


def raising_at(state: str, error: BaseException) -> Any:
    def on_update(task: Task) -> None:
        if task.state == state:
            raise error

    return on_update


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Stop("callback")])
@pytest.mark.parametrize("state", ["recorded", "sending", "queued", "in_progress", "completed"])
def test_a_job_stopped_by_a_callback_resumes_and_is_paid_once(
    make: Maker, server: Server, tmp_path: Path, state: str, error: BaseException
) -> None:
    driver = make()
    with pytest.raises(type(error)):
        driver.generate(
            "acme/zoom", REQUEST, output=tmp_path / "x.mp4", on_update=raising_at(state, error)
        )
    (task,) = driver.tasks(unfinished=True)
    assert task.state == ("recorded" if state == "sending" else state)
    assert len(server.clips) == (0 if state in ("recorded", "sending") else 1)
    done = make().resume(task.id)
    assert done.file == str(tmp_path / "x.mp4")
    assert (server.posts(), len(server.clips)) == (1, 1)


def cancel_job(drivers: Drivers, driver: Driver, where: str, on: Any, server: Server) -> None:
    """Start a job on the driver's loop and cancel it once the server gets the request."""
    client = driver.client
    assert isinstance(client, AsyncClient)

    async def run() -> None:
        reached = asyncio.Event()
        loop = asyncio.get_running_loop()

        def behave(handler: Handler) -> None:
            loop.call_soon_threadsafe(reached.set)
            on(handler)

        server.on(where, behave)
        job = asyncio.create_task(client.generate("acme/zoom", REQUEST))
        await reached.wait()
        job.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await job
        assert job.cancelled()

    drivers.run(run())


@pytest.fixture
def drivers(server: Server, home: Path) -> Any:
    made = Drivers("async", server, home)
    yield made
    made.close()


def test_a_submit_cancelled_during_the_post_is_unknown(drivers: Drivers, server: Server) -> None:
    driver = drivers()
    cancel_job(drivers, driver, "POST", bills_then(stalls), server)
    (task,) = driver.tasks()
    assert (task.state, len(server.clips), server.posts()) == ("unknown", 1, 1)
    with pytest.raises(OutcomeUnknownError):
        driver.resume(task.id)
    assert server.posts() == 1


@pytest.mark.parametrize("where", ["GET /v1/clips", "GET /files"])
def test_a_job_cancelled_after_the_submit_resumes(
    drivers: Drivers, server: Server, where: str
) -> None:
    driver = drivers()
    cancel_job(drivers, driver, where, stalls, server)
    (task,) = driver.tasks(unfinished=True)
    assert driver.resume(task.id).file
    assert server.posts() == 1


def test_a_receipt_is_written_although_cancelled_during_the_write(
    drivers: Drivers, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drivers()
    client = driver.client
    assert isinstance(client, AsyncClient)
    save = Journal._save

    async def run() -> None:
        job: asyncio.Task[Task]
        loop = asyncio.get_running_loop()

        def saved(self: Journal, task: Task, claim: str | None = None) -> Any:
            work = save(self, task, claim)

            def cancelled_first(connection: Any) -> None:
                asyncio.run_coroutine_threadsafe(cancel(), loop).result()
                work(connection)

            return cancelled_first if task.receipt else work

        async def cancel() -> None:
            job.cancel()
            await asyncio.sleep(0)
            job.cancel()

        monkeypatch.setattr(Journal, "_save", saved)
        job = asyncio.create_task(client.submit("acme/zoom", REQUEST))
        with pytest.raises(asyncio.CancelledError):
            await job

    drivers.run(run())
    (task,) = driver.tasks()
    assert (task.state, task.remote_id) == ("queued", "c-1")


def test_a_receipt_is_written_although_cancelled_while_queued(
    drivers: Drivers, server: Server, home: Path
) -> None:
    journal = Journal(home / "journal.db")
    driver = drivers(journal=journal)
    store: Any = journal._store
    client = driver.client
    busy, gate = threading.Event(), threading.Event()

    def keep_busy(_connection: Any) -> None:
        busy.set()
        gate.wait(30)

    def create_and_keep_the_journal_busy(handler: Handler) -> None:
        store.enqueue(keep_busy)
        busy.wait(30)
        created(handler)

    async def run() -> None:
        job = asyncio.create_task(client.submit("acme/zoom", REQUEST))
        while not (server.clips and store._writer._queue.qsize()):  # noqa: ASYNC110
            await asyncio.sleep(0)
        for _ in range(3):  # like anyio's scopes, which cancel until everything has ended
            job.cancel()
            await asyncio.sleep(0)
        assert store._writer._queue.qsize() == 1  # the receipt, with the claim's release
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await job

    server.on("POST", create_and_keep_the_journal_busy)
    drivers.run(run())
    (task,) = driver.tasks()
    assert (task.state, task.remote_id) == ("queued", "c-1")


def fail_saving(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    save = Journal._save

    def saved(self: Journal, task: Task, claim: str | None = None) -> Any:
        if task.state == state:
            raise JournalError("disk full")
        return save(self, task, claim)

    monkeypatch.setattr(Journal, "_save", saved)


def test_a_journal_that_fails_after_the_purchase_reports_the_id(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make()
    with monkeypatch.context() as patch:
        fail_saving(patch, "queued")
        with pytest.raises(StillRunningError, match=r"'c-1'.*disk full") as caught:
            driver.submit("acme/zoom", REQUEST)
    assert caught.value.task is not None
    assert caught.value.task.remote_id == "c-1"
    assert driver.resume(caught.value.task).file
    assert server.posts() == 1


def test_a_journal_that_fails_on_an_unknown_outcome_still_reports_it(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("POST", bills_then(lambda handler: handler.hang_up()))
    fail_saving(monkeypatch, "unknown")
    with pytest.raises(OutcomeUnknownError, match="disk full"):
        make().submit("acme/zoom", REQUEST)


@pytest.mark.parametrize("state", ["recorded", "sending"])
def test_with_a_failing_journal_nothing_is_sent(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    if state == "sending":
        fail_saving(monkeypatch, "sending")
    else:
        monkeypatch.setattr(Journal, "_add", lambda *_: (_ for _ in ()).throw(JournalError("full")))
    with pytest.raises(JournalError, match="full"):
        make().submit("acme/zoom", REQUEST)
    assert server.posts() == 0


def test_a_job_whose_journal_was_moved_away_is_not_sent_though_another_is_there(
    make: Maker, server: Server, home: Path, tmp_path: Path
) -> None:
    """Somebody else noticed it and began a new one; in the old one the job may still be sent."""
    journal = Journal(home / "journal.db")

    def move(task: Task) -> None:
        if task.state == "recorded":
            home.rename(tmp_path / "elsewhere")
            with pytest.raises(JournalError, match="removed or replaced"):
                journal.save(make_task("other"))
            journal.save(make_task("other"))

    with pytest.raises(JournalError, match=r"task mine is no longer in .*nothing is sent"):
        make(journal=journal).submit("acme/zoom", REQUEST, task="mine", on_update=move)
    assert server.lines == []
    journal.close()
    there = make(home=tmp_path / "elsewhere")
    there.clock.advance(LEASE + 1)  # in there, this process still holds it
    assert there.resume("mine").file
    assert server.posts() == 1


class Faulty(Zoom):
    """A plugin with one hook that fails."""

    def __init__(self, hook: str, how: Any) -> None:
        def broken() -> Any:
            if isinstance(how, Exception):
                raise how
            return how

        setattr(self, hook, hookimpl(broken))


BROKEN: list[Any] = [KeyError("clip"), "text", Receipt(None), Receipt(7)]  # type: ignore[arg-type]


@pytest.mark.parametrize("how", BROKEN)
def test_a_plugin_that_fails_on_the_answer_leaves_the_outcome_unknown(
    make: Maker, server: Server, how: Any
) -> None:
    driver = make(plugins=[Faulty("parse_submit", how)])
    with pytest.raises(OutcomeUnknownError, match=r"parse_submit.*c-1"):
        driver.submit("acme/zoom", REQUEST)
    (task,) = driver.tasks()
    assert (task.state, server.posts()) == ("unknown", 1)


def test_an_unreadable_refusal_leaves_the_outcome_unknown(make: Maker, server: Server) -> None:
    server.on("POST", lambda handler: handler.answer(400, {}))
    driver = make(plugins=[Faulty("parse_refusal", ValueError("x"))])
    with pytest.raises(OutcomeUnknownError, match="parse_refusal"):
        driver.submit("acme/zoom", REQUEST)


@pytest.mark.parametrize("hook", ["parse_status", "poll"])
@pytest.mark.parametrize("how", [KeyError("clip"), "text"])
def test_a_plugin_that_fails_while_polling_keeps_the_task(
    make: Maker, server: Server, hook: str, how: Any
) -> None:
    task = make().submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError, match=f"hook {hook} raised"):
        make(plugins=[Faulty(hook, how)], clock=SteppingClock()).wait(task.id, timeout=100)
    assert make().resume(task.id).file


@pytest.mark.parametrize("hook", ["authorize", "submit", "build_payload"])
@pytest.mark.parametrize("how", [KeyError("clip"), "text"])
def test_a_plugin_that_fails_before_the_call_buys_nothing(
    make: Maker, server: Server, hook: str, how: Any
) -> None:
    driver = make(plugins=[Faulty(hook, how)])
    with pytest.raises(BrokenPluginError, match=f"hook {hook} raised"):
        driver.submit("acme/zoom", REQUEST)
    assert driver.tasks() == []
    assert server.lines == []


def test_resolving(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(lambda handler: handler.hang_up()))
    driver = make()
    with pytest.raises(OutcomeUnknownError) as caught:
        driver.submit("acme/zoom", REQUEST)
    assert caught.value.task is not None
    for wrong in ({}, {"remote_id": "c-1", "lost": True}):
        with pytest.raises(ConfigurationError, match="give exactly one of the two"):
            driver.resolve(caught.value.task.id, **wrong)  # type: ignore[arg-type]
    assert driver.resolve(caught.value.task.id, lost=True).state == "lost"
    assert driver.tasks(unfinished=True) == []
    with pytest.raises(ConfigurationError, match="nothing to resolve"):
        driver.resolve(caught.value.task.id, remote_id="c-1")
