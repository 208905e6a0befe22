"""Who owns a task when processes sleep, fork, are cancelled or end; it is never paid for twice."""

import asyncio
import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Driver, Drivers, Maker, StoppedClock, journal_of
from acme_kinds import Both, Replaying
from acme_server import Server, answers, bills_then, drops, stalls
from acme_zoom import Zoom
from client_process import settings
from rushes import (
    AsyncClient,
    Client,
    DiskError,
    NotSentError,
    OutcomeUnknownError,
    OwnedElsewhereError,
    RefusedError,
    SQLiteJournal,
    StillRunningError,
    Task,
    TaskEndedError,
)
from rushes.journal import LEASE
from rushes.task import State

SCRIPT = Path(__file__).parents[1] / "client_process.py"


Run = Callable[..., tuple[list[str], str]]


@pytest.fixture(scope="module")
def forked() -> Iterator[Callable[..., int]]:
    """Return a function that runs an order in a process of its own; it returns the exit code."""
    with subprocess.Popen(
        [sys.executable, "-X", "dev", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stdout

        def run(**order: object) -> int:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        os.killpg(process.pid, signal.SIGKILL)  # also what a failed test left running


@pytest.fixture
def run(server: Server, home: Path, tmp_path: Path, forked: Callable[..., int]) -> Run:
    """Return a function that runs a separate process.

    It returns the lines that the process prints, sorted, and its standard error.
    """

    def run(what: str, *details: str) -> tuple[list[str], str]:
        out, err = tmp_path / "out", tmp_path / "err"
        code = forked(
            what=what, given=[str(home), server.url, *details], out=str(out), err=str(err)
        )
        assert code == 0, err.read_text()
        return sorted(out.read_text().splitlines()), err.read_text()

    return run


def test_a_process_that_sleeps_past_its_lease_does_not_send_when_it_wakes(
    make: Maker, server: Server, home: Path
) -> None:
    """Meanwhile the user gives the job up and starts a new one elsewhere."""
    clock = StoppedClock()
    driver, other = make(clock=clock), make(clock=clock)

    def sleeps(task: Task) -> None:
        if task.state == "sending":
            clock.advance(LEASE + 1)
            with closing(journal_of(other)) as journal:
                journal.claim(task.id, "the user's")
                journal.save(msgspec.structs.replace(task, state="lost"), "the user's")

    with pytest.raises(StillRunningError, match="another process has taken over task"):
        driver.submit("acme/zoom", REQUEST, on_update=sleeps)
    assert server.posts() == 0
    assert other.generate("acme/zoom", REQUEST).file
    assert len(server.clips) == 1


def test_a_process_that_was_slow_to_connect_confirms_its_claim_before_sending(
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


def test_a_process_that_slept_past_its_lease_polls_no_more(make: Maker, server: Server) -> None:
    """It learns before the next poll that another follows the task, not from its answer."""
    clock = StoppedClock()
    driver, other = make(clock=clock), make(clock=clock)
    server.last = {"stage": "rendering"}
    asked: list[int] = []

    def sleeps(task: Task) -> None:
        if task.state == "in_progress" and not asked:
            clock.advance(LEASE + 1)
            with closing(journal_of(other)) as journal:
                assert journal.claim(task.id, "another's") is not None
            asked.append(len(server.lines))

    with pytest.raises(OwnedElsewhereError, match="another process has taken over"):
        driver.generate("acme/zoom", REQUEST, on_update=sleeps)
    assert len(server.lines) == asked[0]


def test_a_journal_that_waits_to_confirm_a_claim_stops_nothing_else(
    server: Server, home: Path
) -> None:
    """Its answer is given by the event loop, which a call that blocks would stop for ever."""
    clock = StoppedClock()
    confirmed: list[str] = []

    class Waiting(SQLiteJournal):
        def begin(self, method: str, *arguments: Any) -> "Future[Any]":
            if method == "save" and arguments[0].state == "sending" and clock.since_boot() > 5000:
                later: Future[Any] = Future()
                confirmed.append("waits")
                loop.call_soon_threadsafe(loop.call_later, 0.01, answer, later, arguments)
                return later
            return super().begin(method, *arguments)

    def answer(later: "Future[Any]", arguments: Any) -> None:
        confirmed.append("the loop runs")
        SQLiteJournal.begin(journal, "save", *arguments).result()
        later.set_result(None)

    def sleeps(task: Task) -> None:
        if task.state == "sending":
            clock.advance(LEASE - 1)

    async def run() -> Task:
        async with AsyncClient(
            plugins=[Zoom()],
            base_urls={"acme": server.url},
            keys={"acme": KEY},
            home=home,
            journal=journal,
            clock=clock,
        ) as client:
            return await client.submit("acme/zoom", REQUEST, on_update=sleeps)

    loop = asyncio.new_event_loop()
    with closing(Waiting(home / "journal.db", clock=clock.since_boot)) as journal:
        assert loop.run_until_complete(run()).state == "queued"
    loop.close()
    assert confirmed == ["waits", "the loop runs"]
    assert server.posts() == 1


@pytest.mark.parametrize("state", ["recorded", "sending", "queued", "completed"])
@pytest.mark.parametrize("kept", ["journal", "no journal"])
def test_a_fork_in_a_callback_sends_once(server: Server, run: Run, state: str, kept: str) -> None:
    lines, _ = run("fork_in_a_callback", state, kept)
    assert server.posts() == len(server.clips) == 1
    assert "parent: done" in lines
    assert len(lines) == 2
    if kept == "journal":
        assert lines[0] == "child: OwnedElsewhereError"


@pytest.mark.parametrize("when", ["recorded", "sending", "queued", "in_progress"])
def test_a_program_with_an_abandoned_loop_ends(
    server: Server, home: Path, run: Run, when: str
) -> None:
    server.last = {"stage": "rendering"}
    if when == "sending":
        server.on("POST", stalls)
    assert run("drop_the_loop", when)[0] == ["ending"]
    server.last = None
    (task,) = _tasks(home)
    assert SQLiteJournal(home / "journal.db").claim(task.id, "anybody's") is not None


@pytest.mark.parametrize("when", ["sending", "in_progress"])
def test_a_forked_child_of_an_asynchronous_program_ends(
    server: Server, home: Path, run: Run, when: str
) -> None:
    assert run("fork_an_asynchronous_program", when)[0] == ["child: 0"]
    with Client(**settings(str(home), server.url)) as client:
        (task,) = client.tasks()
        if task.state == "recorded" or task.receipt:
            assert client.resume(task.id).file
    assert server.posts() <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("end", ["at once", "by itself"])
@pytest.mark.parametrize("when", ["recorded", "sending", "queued", "in_progress", "completed"])
def test_a_fork_within_a_loop_is_told_what_it_is_and_harms_nobody(
    server: Server, home: Path, run: Run, when: str, end: str
) -> None:
    server.stages = [{"stage": "rendering"}] * 3
    (child, parent, status), _ = run("fork_in_a_callback_of_a_loop", when, end)
    assert (parent, status) == ("parent: done", "status: 0")
    (task,) = _tasks(home)
    assert child.startswith(f"child: OwnedElsewhereError: task {task.id} belongs to the parent")
    assert "os._exit(), or use a new client in a new loop" in child
    assert child.endswith(" ConfigurationError")
    assert Path(task.file or "").read_bytes() == server.video
    assert server.posts() == 1


def _tasks(home: Path) -> list[Task]:
    with closing(SQLiteJournal(home / "journal.db")) as journal:
        return journal.tasks()


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("what", ["generate", "full", "cancel", "tasks"])
def test_an_unclosed_client_warns_and_releases_its_files(run: Run, kind: str, what: str) -> None:
    """Whatever it was used for: a task that was never sent opens the journal and no connection."""
    lines, err = run("leave_open", kind, what)
    assert lines == ["left: []", *["open: True"] * 3]
    name = "async_client.AsyncClient" if kind == "async" else "client.Client"
    assert err.count(f"ResourceWarning: unclosed <rushes.{name}") == 3


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


def cancel_submits(
    drivers: Drivers, server: Server, home: Path, times: int, reached: Callable[[], bool]
) -> list[Task]:
    """Cancel six submits over two connections, each this many times; return what is recorded."""
    driver = drivers(connections=2)
    client = driver.client
    assert isinstance(client, AsyncClient)

    async def run() -> None:
        jobs = [
            asyncio.create_task(client.submit("acme/zoom", REQUEST, task=f"job-{number}"))
            for number in range(6)
        ]
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for _ in range(times):
            for job in jobs:
                job.cancel()
            await asyncio.sleep(0)
        done = await asyncio.gather(*jobs, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in done)

    drivers.run(run())
    driver.close()
    return _tasks(home)


@pytest.mark.parametrize("times", [1, 5])
def test_a_submit_cancelled_before_it_left_stays_recorded(
    server: Server, home: Path, times: int
) -> None:
    server.on("POST", *[bills_then(stalls)] * 6)
    drivers = Drivers("async", server, home)
    tasks = cancel_submits(drivers, server, home, times, lambda: server.posts() == 2)
    states = [task.state for task in tasks]
    assert (len(states), set(states)) == (6, {"recorded", "unknown"})
    assert states.count("unknown") == len(server.clips) == 2
    for task in tasks:
        assert SQLiteJournal(home / "journal.db").claim(task.id, "anybody's") is not None
    drivers.close()


def leave_unsent(driver: Driver) -> Task:
    """Leave a job unsent: its output folder is a file."""
    (driver.home / "file").parent.mkdir(parents=True, exist_ok=True)
    (driver.home / "file").touch()
    with pytest.raises(DiskError, match="nothing was sent, the task is kept"):
        driver.submit("acme/zoom", REQUEST, output=driver.home / "file" / "x.mp4")
    (left,) = driver.tasks(unfinished=True)
    assert left.state == "recorded"
    return left


def test_a_repeated_request_takes_up_the_unsent_job(
    make: Maker, server: Server, home: Path
) -> None:
    driver = make()
    left = leave_unsent(driver)
    assert leave_unsent(driver).id == left.id
    done = driver.generate("acme/zoom", REQUEST, output=home / "x.mp4")
    assert (done.id, done.file) == (left.id, str(home / "x.mp4"))
    assert driver.generate("acme/zoom", REQUEST).id != done.id
    assert server.posts() == 2


def test_a_request_with_a_reference_does_not_take_up_another_unsent_job(
    make: Maker, server: Server
) -> None:
    driver = make()
    leave_unsent(driver)
    assert driver.submit("acme/zoom", REQUEST, task="mine").id == "mine"
    assert {task.state for task in driver.tasks()} == {"recorded", "queued"}


def test_an_unsent_job_can_be_cancelled(make: Maker, server: Server) -> None:
    driver = make()
    left = leave_unsent(driver)
    assert driver.cancel(left.id).state == "cancelled"
    assert driver.tasks(unfinished=True) == []
    with pytest.raises(TaskEndedError, match="was cancelled: given up before it was sent"):
        driver.resume(left.id)
    assert driver.submit("acme/zoom", REQUEST).id != left.id
    assert server.posts() == 1


def test_an_unknown_submit_is_investigated_only_with_the_key_that_sent_it(
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


def test_the_replay_window_starts_with_the_call_that_is_replayed(
    make: Maker, server: Server
) -> None:
    server.replays = True
    server.on("POST", answers(400, {"message": "busy today"}))
    driver = make(plugins=[Replaying()])
    with pytest.raises(RefusedError):
        driver.submit("acme/zoom", REQUEST, task="mine")
    driver.clock.advance(25 * 3600)
    server.on("POST", bills_then(drops))
    assert driver.submit("acme/zoom", REQUEST, task="mine").state == "queued"
    assert (len(server.clips), server.posts()) == (1, 3)


def test_waiting_for_another_owner_ends_at_the_timeout(make: Maker, server: Server) -> None:
    driver = make(clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST, task="mine")
    with closing(journal_of(driver)) as journal:
        assert journal.claim(task.id, "another's")
        with pytest.raises(StillRunningError, match="another process works on task mine"):
            driver.generate("acme/zoom", REQUEST, task="mine", timeout=2)
    assert sum(driver.slept) == pytest.approx(2)


def test_a_retry_after_beyond_the_timeout_is_not_waited_for(make: Maker, server: Server) -> None:
    server.on("POST", answers(429, retry_after="30"))
    driver = make()
    with pytest.raises(RefusedError, match="try again in 30 seconds"):
        driver.generate("acme/zoom", REQUEST, timeout=20)
    assert driver.slept == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [("1", "1 second,"), ("0", "1 second,"), ("2", "2 seconds,"), ("1234567", "1234567 seconds,")],
)
def test_when_to_come_back_is_said_in_words(
    make: Maker, server: Server, seconds: str, words: str
) -> None:
    server.on("POST", answers(429, retry_after=seconds))
    with pytest.raises(RefusedError, match=f"try again in {words} at"):
        make().generate("acme/zoom", REQUEST, timeout=0)


def test_unreadable_records_are_listed(make: Maker, server: Server, home: Path) -> None:
    driver = make()
    kept = driver.submit("acme/zoom", REQUEST, task="kept")
    driver.submit("acme/zoom", REQUEST, task="damaged")
    with closing(sqlite3.connect(home / "journal.db")) as connection, connection:
        connection.execute("UPDATE tasks SET record = '[]' WHERE id = 'damaged'")
    assert driver.tasks() == [kept]
    (found,) = driver.unreadable(unfinished=True).items()
    assert found[0] == "damaged"
    assert "cannot read" in found[1]


@pytest.mark.parametrize("state", ["unknown", "sending"])
@pytest.mark.parametrize("verb", ["cancel", "wait", "fetch"])
def test_a_submit_that_nothing_answers_for_is_never_dropped(
    make: Maker, server: Server, verb: str, state: State
) -> None:
    """It may be running and billed: nothing says that there is nothing to cancel."""
    server.on("POST", bills_then(drops))
    driver = make()
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST, task="mine")
    with closing(journal_of(driver)) as journal:
        journal.save(msgspec.structs.replace(driver.task("mine"), state=state))
    with pytest.raises(
        OutcomeUnknownError, match=r"unknown whether .* mine .*Resume it.*resolve it"
    ):
        getattr(driver, verb)("mine")
    assert driver.task("mine").state == state
    assert len(server.lines) == 1


@pytest.mark.parametrize("verb", ["wait", "fetch"])
def test_a_job_that_was_never_sent_is_not_unknown(make: Maker, server: Server, verb: str) -> None:
    def leave(task: Task) -> None:
        raise KeyboardInterrupt

    driver = make()
    with pytest.raises(KeyboardInterrupt):
        driver.submit("acme/zoom", REQUEST, task="mine", on_update=leave)
    assert driver.task("mine").state == "recorded"
    with pytest.raises(NotSentError, match="task mine was never sent; resume it"):
        getattr(driver, verb)("mine")
    assert server.lines == []


def test_an_unreachable_provider_leaves_no_unfinished_task(make: Maker, home: Path) -> None:
    driver = make(base_urls={"acme": "http://127.0.0.1:9"})
    with pytest.raises(NotSentError):
        driver.submit("acme/zoom", REQUEST)
    assert driver.tasks(unfinished=True) == []


def test_a_task_that_another_works_on_is_left_to_it_at_once(make: Maker, server: Server) -> None:
    clock = StoppedClock()
    driver, other = make(clock=clock), make(clock=clock)
    task = driver.submit("acme/zoom", REQUEST, task="kite")
    before = len(server.seen)
    with closing(journal_of(other)) as journal:
        assert journal.claim("kite", "another's")
        uses: tuple[Callable[[], Task], ...] = (
            lambda: driver.resume("kite", watch=False),
            lambda: driver.generate("acme/zoom", REQUEST, task="kite", watch=False),
        )
        for use in uses:
            with pytest.raises(OwnedElsewhereError, match="another process works on task kite"):
                use()
    assert (clock.pauses, len(server.seen)) == ([], before)
    done = driver.resume("kite", watch=False)  # its own deadline is not shortened by that
    assert done.file
    assert (done.id, bool(clock.pauses)) == (task.id, True)
    with closing(journal_of(other)) as journal:
        assert journal.claim("kite", "another's")
        assert driver.generate("acme/zoom", REQUEST, task="kite", watch=False) == done
