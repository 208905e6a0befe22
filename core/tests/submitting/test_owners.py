"""Whose a task is when processes sleep, fork, are cancelled or simply end: never paid twice."""

import asyncio
import gc
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from acme_driver import REQUEST, Drivers, Maker, StoppedClock
from acme_kinds import Both, Replaying
from acme_server import Server, answers, bills_then, drops, stalls
from acme_zoom import Zoom
from client_process import settings
from rushes import (
    AsyncClient,
    Client,
    ConfigurationError,
    DiskError,
    NotSentError,
    OutcomeUnknownError,
    RefusedError,
    SQLiteJournal,
    StillRunningError,
    Task,
    TaskEndedError,
    Timeouts,
)
from rushes.journal import LEASE

SCRIPT = Path(__file__).parents[1] / "client_process.py"


def run(server: Server, home: Path, *order: str, end: int = 0) -> list[str]:
    """Run a process of its own; return the lines it says."""
    what, *details = order
    process = subprocess.run(
        [sys.executable, "-X", "dev", str(SCRIPT), what, str(home), server.url, *details],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert process.returncode == end, process.stderr
    return sorted(process.stdout.splitlines())


def test_a_process_that_sleeps_before_its_post_does_not_send_it_when_it_wakes(
    make: Maker, server: Server, home: Path
) -> None:
    """The user gives the job up meanwhile, and orders anew elsewhere."""
    clock = StoppedClock()
    driver, other = make(clock=clock), make(clock=clock)

    def sleeps(task: Task) -> None:
        if task.state == "sending":
            clock.advance(LEASE + 1)
            journal = other.client._session.journal
            assert journal
            journal.claim(task.id, "the user's")
            journal.save(msgspec.structs.replace(task, state="lost"), "the user's")
            journal.release("the user's")

    with pytest.raises(StillRunningError, match="another process has taken over task"):
        driver.submit("acme/zoom", REQUEST, on_update=sleeps)
    assert server.posts() == 0
    assert other.generate("acme/zoom", REQUEST).file
    assert len(server.clips) == 1


def test_a_process_that_was_slow_to_connect_makes_sure_that_the_task_is_its_own(
    make: Maker, server: Server, home: Path
) -> None:
    driver = make(clock=StoppedClock())
    slow = [True]

    def sleeps(task: Task) -> None:
        if task.state == "sending" and slow:
            driver.clock.advance(slow.pop() * (LEASE + 1))

    assert driver.submit("acme/zoom", REQUEST, on_update=sleeps).state == "queued"
    assert server.posts() == 1
    assert [was.state for was in driver.history(driver.tasks()[0].id)] == [
        "recorded", "sending", "queued",
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["recorded", "sending", "queued", "completed"])
@pytest.mark.parametrize("kept", ["journal", "no journal"])
def test_a_fork_in_a_callback_sends_once(server: Server, home: Path, state: str, kept: str) -> None:
    told = run(server, home, "fork_in_a_callback", state, kept)
    assert server.posts() == len(server.clips) == 1
    assert "parent: done" in told
    assert len(told) == 2
    if kept == "journal":
        assert told[0] == "child: StillRunningError"


@pytest.mark.parametrize("when", ["recorded", "sending", "queued", "in_progress"])
def test_a_program_ends_with_a_loop_that_was_dropped(server: Server, home: Path, when: str) -> None:
    server.last = {"stage": "rendering"}
    if when == "sending":
        server.on("POST", stalls)
    assert run(server, home, "drop_the_loop", when) == ["ending"]
    server.last = None
    (task,) = _tasks(home)
    assert SQLiteJournal(home / "journal.db").claim(task.id, "anybody's") is not None


@pytest.mark.parametrize("when", ["sending", "in_progress"])
def test_a_forked_child_of_an_asynchronous_program_ends(
    server: Server, home: Path, when: str
) -> None:
    assert run(server, home, "fork_an_asynchronous_program", when) == ["child: 0"]
    with Client(**settings(str(home), server.url)) as client:
        (task,) = client.tasks()
        if task.state == "recorded" or task.receipt:
            assert client.resume(task.id).file
    assert server.posts() <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("end", ["at once", "by itself"])
@pytest.mark.parametrize("when", ["recorded", "sending", "queued", "in_progress", "completed"])
def test_a_fork_within_a_loop_is_told_what_it_is_and_harms_nobody(
    server: Server, home: Path, when: str, end: str
) -> None:
    server.stages = [{"stage": "rendering"}] * 3
    child, parent, status = run(server, home, "fork_in_a_callback_of_a_loop", when, end)
    assert (parent, status) == ("parent: done", "status: 0")
    (task,) = _tasks(home)
    assert child.startswith(f"child: StillRunningError: task {task.id} belongs to the parent")
    assert "os._exit(), or use a new client in a new loop" in child
    assert child.endswith(" ConfigurationError")
    assert Path(task.file or "").read_bytes() == server.video
    assert server.posts() == 1


def _tasks(home: Path) -> list[Task]:
    journal = SQLiteJournal(home / "journal.db")
    try:
        return journal.tasks()
    finally:
        journal.close()


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("what", ["generate", "full", "cancel", "tasks"])
def test_a_client_that_was_left_open_says_so_and_lets_go(
    server: Server, home: Path, kind: str, what: str
) -> None:
    """Whatever it was used for: a task that was never sent opens the journal and no connection."""
    order = [str(SCRIPT), "leave_open", str(home), server.url, kind, what]
    process = subprocess.run(
        [sys.executable, "-W", "always", *order],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == [*["open: True"] * 3, "left: []"]
    name = "async_client.AsyncClient" if kind == "async" else "client.Client"
    assert process.stderr.count(f"ResourceWarning: unclosed <rushes.{name}") == 3


def _is_open(journal: SQLiteJournal) -> bool:
    return journal.is_open


def test_a_journal_that_nobody_has_any_more_lets_go(server: Server, home: Path) -> None:
    journal = SQLiteJournal(home / "journal.db")
    with Client(**settings(str(home), server.url, journal=journal)) as client:
        task = client.submit("acme/zoom", REQUEST)
    assert not _is_open(journal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.tasks()
        del client
        gc.collect()
    assert _is_open(journal)  # it is not the client's
    assert journal.claim(task.id, "mine")
    del journal
    with closing(SQLiteJournal(home / "journal.db")) as other:
        while other.claim(task.id, "yours") is None:
            time.sleep(0.01)


def cancelled(
    drivers: Drivers, server: Server, home: Path, times: int, meanwhile: Callable[[], bool]
) -> list[Task]:
    """Cancel twenty submits over two connections, each so many times; return what is recorded."""
    driver = drivers(connections=2)
    client = driver.client
    assert isinstance(client, AsyncClient)

    async def run() -> None:
        jobs = [
            asyncio.create_task(client.submit("acme/zoom", REQUEST, task=f"job-{number}"))
            for number in range(20)
        ]
        while not meanwhile():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for _ in range(times):
            for job in jobs:
                job.cancel()
            await asyncio.sleep(0)
        done = await asyncio.gather(*jobs, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in done)

    drivers._runner.run(run())
    driver.close()
    return _tasks(home)


@pytest.mark.parametrize("times", [1, 5])
def test_what_is_cancelled_before_it_left_is_recorded(
    server: Server, home: Path, times: int
) -> None:
    server.on("POST", *[bills_then(stalls)] * 20)
    drivers = Drivers("async", server, home)
    tasks = cancelled(drivers, server, home, times, lambda: server.posts() == 2)
    states = [task.state for task in tasks]
    assert (len(states), set(states)) == (20, {"recorded", "unknown"})
    assert states.count("unknown") == len(server.clips) == 2
    for task in tasks:
        assert SQLiteJournal(home / "journal.db").claim(task.id, "anybody's") is not None
    drivers.close()


def test_a_request_that_is_repeated_takes_up_the_job_that_was_never_sent(
    make: Maker, server: Server, home: Path
) -> None:
    (home / "file").parent.mkdir(parents=True, exist_ok=True)
    (home / "file").touch()
    driver = make()
    for _ in range(2):
        with pytest.raises(DiskError, match="nothing was sent, the task is kept"):
            driver.submit("acme/zoom", REQUEST, output=home / "file" / "x.mp4")
    (left,) = driver.tasks()
    assert left.state == "recorded"
    done = driver.generate("acme/zoom", REQUEST, output=home / "x.mp4")
    assert (done.id, done.file) == (left.id, str(home / "x.mp4"))
    assert driver.generate("acme/zoom", REQUEST).id != done.id
    assert server.posts() == 2


def test_a_job_of_a_name_is_not_taken_up_by_another_name(
    make: Maker, server: Server, home: Path
) -> None:
    (home / "file").parent.mkdir(parents=True, exist_ok=True)
    (home / "file").touch()
    driver = make()
    with pytest.raises(DiskError):
        driver.submit("acme/zoom", REQUEST, output=home / "file" / "x.mp4")
    assert driver.submit("acme/zoom", REQUEST, task="mine").id == "mine"
    assert {task.state for task in driver.tasks()} == {"recorded", "queued"}


def test_what_was_never_sent_is_dropped(make: Maker, server: Server, home: Path) -> None:
    (home / "file").parent.mkdir(parents=True, exist_ok=True)
    (home / "file").touch()
    driver = make()
    with pytest.raises(DiskError):
        driver.submit("acme/zoom", REQUEST, output=home / "file" / "x.mp4")
    (left,) = driver.tasks(unfinished=True)
    assert driver.cancel(left.id).state == "cancelled"
    assert driver.tasks(unfinished=True) == []
    with pytest.raises(TaskEndedError, match="given up before it was sent"):
        driver.resume(left.id)
    assert driver.submit("acme/zoom", REQUEST).id != left.id
    assert server.posts() == 1


def test_only_the_key_that_a_submit_was_sent_with_finds_out_about_it(
    make: Maker, server: Server
) -> None:
    server.replays = True
    server.on("POST", bills_then(drops), *[answers(500)] * 9)
    server.on("GET /v1/jobs", *[answers(500)] * 9)
    first = make(plugins=[Both()])
    with pytest.raises(OutcomeUnknownError):
        first.submit("acme/zoom", REQUEST, task="mine")
    server.script.clear()
    seen = len(server.seen)
    other = make(plugins=[Both()], keys={"acme": "another-account's-key"})
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError, match=r"another key.*ACME_API_KEY") as caught:
            other.resume("mine")
        assert caught.value.task is not None
    with pytest.raises(OutcomeUnknownError):
        other.generate("acme/zoom", REQUEST, task="mine")
    assert len(server.seen) == seen
    assert first.resume("mine").file
    assert len(server.clips) == 1
    text = (first.home / "journal.db").read_bytes() + repr(first.tasks()).encode()
    assert b"another-account" not in text


def test_a_day_is_counted_from_the_call_that_is_replayed(make: Maker, server: Server) -> None:
    server.replays = True
    server.on("POST", answers(400, {"message": "busy today"}))
    driver = make(plugins=[Replaying()])
    with pytest.raises(RefusedError):
        driver.submit("acme/zoom", REQUEST, task="mine")
    driver.clock.advance(25 * 3600)
    server.on("POST", bills_then(drops))
    assert driver.submit("acme/zoom", REQUEST, task="mine").state == "queued"
    assert (len(server.clips), server.posts()) == (1, 3)


def test_a_timeout_bounds_the_waiting_for_another_owner(make: Maker, server: Server) -> None:
    clock = StoppedClock()
    driver, other = make(clock=clock), make(clock=clock)
    task = driver.submit("acme/zoom", REQUEST, task="mine")
    journal = other.client._session.journal
    assert journal
    assert journal.claim(task.id, "another's")
    with pytest.raises(StillRunningError, match="another process works on task mine"):
        driver.generate("acme/zoom", REQUEST, task="mine", timeout=2)
    assert sum(driver.slept) == pytest.approx(2)


def test_a_provider_that_says_to_come_back_is_not_waited_for_past_the_timeout(
    make: Maker, server: Server
) -> None:
    server.on("POST", answers(429, retry_after="30"))
    driver = make()
    with pytest.raises(RefusedError, match="come back in 30 seconds"):
        driver.generate("acme/zoom", REQUEST, timeout=20)
    assert driver.slept == []


def test_what_cannot_be_read_is_named(make: Maker, server: Server, home: Path) -> None:
    import sqlite3
    from contextlib import closing

    driver = make()
    kept = driver.submit("acme/zoom", REQUEST, task="kept")
    driver.submit("acme/zoom", REQUEST, task="damaged")
    with closing(sqlite3.connect(home / "journal.db")) as connection, connection:
        connection.execute("UPDATE tasks SET record = '[]' WHERE id = 'damaged'")
    assert driver.tasks() == [kept]
    (found,) = driver.unreadable(unfinished=True).items()
    assert found[0] == "damaged"
    assert "cannot read" in found[1]


def test_a_submit_that_nothing_answers_for_is_never_dropped(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(drops))
    driver = make(plugins=[Zoom()], timeouts=Timeouts())
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST, task="mine")
    with pytest.raises(ConfigurationError, match="unknown; there is nothing to cancel"):
        driver.cancel("mine")


def test_an_unreachable_provider_leaves_nothing_to_buy(make: Maker, home: Path) -> None:
    driver = make(base_urls={"acme": "http://127.0.0.1:9"})
    with pytest.raises(NotSentError):
        driver.submit("acme/zoom", REQUEST)
    assert driver.tasks(unfinished=True) == []
