"""What is written, when, and at what cost: statements and commits do not depend on the machine."""

import asyncio
import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST, StoppedClock
from acme_zoom import Zoom
from journal_batches import together
from journal_tasks import after, ended, make_task
from rushes import (
    AsyncClient,
    ClaimLost,
    Client,
    JournalError,
    Polling,
    Receipt,
    SQLiteJournal,
    Status,
    Task,
    hookimpl,
)
from rushes._client.on_loop import Questions
from rushes._journal.database import Batches, File
from rushes._journal.tables import MIGRATIONS
from rushes._journal.writer import Job
from rushes.testing import Network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SQLiteJournal]:
    with closing(SQLiteJournal(path)) as journal:
        yield journal


@pytest.fixture
def other(path: Path) -> Iterator[SQLiteJournal]:
    with closing(SQLiteJournal(path)) as journal:
        yield journal


def traced(journal: SQLiteJournal) -> list[str]:
    """List the statements that the journal executes from now on."""
    statements: list[str] = []
    journal._store.write(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()
    return statements


def counts(statements: list[str]) -> Counter[str]:
    """Count statements by what they do; a commit is `synced` if it waits for the disk."""
    found: Counter[str] = Counter()
    synced = True
    for statement in statements:
        if statement.startswith("PRAGMA synchronous="):
            synced = statement.endswith("FULL")
        elif statement == "COMMIT":
            found["synced" if synced else "unsynced"] += 1
        elif not statement.startswith(("BEGIN", "ROLLBACK")):
            found["statements"] += 1
    return found


# Progress


def moving(task: Task, percent: float) -> Task:
    """Return a task after one more poll."""
    times = {"looked_at": percent, "look_after": percent + 1, "updated_at": 1000 + percent}
    return after(task, progress=percent, **times)


def test_progress_is_written_with_the_next_write(
    journal: SQLiteJournal, other: SQLiteJournal
) -> None:
    tasks = [journal.add(make_task(name, state="queued"), "mine") for name in ("kite", "dune")]
    statements = traced(journal)
    for percent in (1.0, 2.0, 3.0):
        assert all(journal.note(moving(task, percent), "mine") for task in tasks)
    assert statements == []
    assert other.find("kite") == [tasks[0]]
    journal.add(make_task("gull"))
    assert [other.find(task.id) for task in tasks] == [[moving(task, 3.0)] for task in tasks]
    assert sum(statement.startswith("UPDATE tasks") for statement in statements) == 2
    assert [was.progress for was in other.history("kite")] == [3.0]


def test_progress_is_seen_at_once_in_the_same_process(journal: SQLiteJournal) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    for percent, see in (
        (1.0, lambda: journal.find("kite")),
        (2.0, journal.tasks),
        (3.0, lambda: journal.history("kite")),
        (4.0, lambda: [journal.with_client_id("acme", "kite")]),
        (5.0, lambda: [journal.claim("kite", "mine")]),
        (6.0, lambda: journal.begin("find", "kite").result()),
    ):
        assert journal.note(moving(task, percent), "mine")
        assert see() == [moving(task, percent)]


@pytest.mark.parametrize(
    "write",
    [
        lambda journal: journal.release("mine"),
        lambda journal: journal.close(),
        lambda journal: journal._store.enqueue(lambda _: None, durable=False).result(),
    ],
)
def test_progress_is_written_before_the_claim_ends(
    journal: SQLiteJournal, other: SQLiteJournal, write: Callable[[SQLiteJournal], Any]
) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    assert journal.note(moving(task, 7.0), "mine")
    write(journal)
    assert other.find("kite") == [moving(task, 7.0)]


def test_only_progress_of_a_held_task_is_noted(
    journal: SQLiteJournal, other: SQLiteJournal
) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    for more in (
        after(task, state="in_progress"),
        after(task, file="/x.mp4"),
        after(task, file_bytes=1),
        after(task, error="oh"),
        after(task, cost=0.5),
        after(task, output="/elsewhere/"),
    ):
        assert not journal.note(more, "mine")
    assert not journal.note(moving(task, 1.0), "yours")
    assert not other.note(moving(task, 1.0), "mine")
    assert not journal.note(moving(make_task("dune"), 1.0), "mine")
    journal.release("mine")
    assert not journal.note(moving(task, 1.0), "mine")
    assert journal.find("kite") == [task]


def test_a_saved_state_is_not_undone_by_earlier_progress(journal: SQLiteJournal) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    assert journal.note(moving(task, 1.0), "mine")
    later = after(task, state="in_progress", progress=2.0)
    journal.save(later, "mine")
    assert journal.find("kite") == [later]
    assert journal.note(moving(later, 3.0), "mine")
    journal.save(ended(later), "mine")
    assert journal.find("kite") == [ended(later)]
    assert not journal.note(moving(ended(later), 4.0), "mine")


def test_what_another_wrote_is_not_undone_by_progress(
    journal: SQLiteJournal, other: SQLiteJournal
) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    assert journal.note(moving(task, 1.0), "mine")
    other.save(after(task, state="lost"))
    assert journal.find("kite") == [after(task, state="lost")]
    journal.save(after(task, state="in_progress"), "mine")  # nobody took the claim
    assert [was.state for was in other.history("kite")] == ["queued", "lost", "in_progress"]


def test_a_claim_that_may_be_lost_is_looked_at_before_progress_is_noted(path: Path) -> None:
    """As after a process was suspended, or could not renew its lease."""
    now = [1000.0]
    with (
        closing(SQLiteJournal(path, clock=lambda: now[0])) as mine,
        closing(SQLiteJournal(path, clock=lambda: now[0])) as yours,
    ):
        task = mine.add(make_task(state="queued"), "mine")
        now[0] += 31
        dune = mine.add(make_task("dune", state="queued"), "mine")  # this renews the lease
        assert not mine.note(moving(task, 1.0), "mine")
        mine.save(moving(task, 1.0), "mine")
        assert mine.note(moving(task, 2.0), "mine")
        now[0] += 31
        assert not mine.note(moving(dune, 1.0), "mine")
        assert not mine.holds("kite", "mine")
        task = mine.find("kite")[0]
        assert yours.claim("kite", "yours") == task
        mine.save(dune, "mine")
        assert [mine.holds(name, "mine") for name in ("dune", "kite")] == [True, False]
        assert not mine.note(moving(task, 2.0), "mine")
        assert mine.find("kite") == [task]
        with pytest.raises(ClaimLost):
            mine.save(moving(task, 2.0), "mine")
        with pytest.raises(ClaimLost):
            mine.save(after(task, state="completed"), "mine")
        assert yours.find("kite") == [task]


def test_a_batch_that_failed_leaves_nothing_to_trust(
    journal: SQLiteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = journal.add(make_task(state="queued"), "mine")
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.01)
    journal.close()
    task = journal.claim("kite", "mine") or task
    with closing(sqlite3.connect(path, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="keeps it locked"):
            journal.save(after(task, state="in_progress"), "mine")
        lock.execute("ROLLBACK")
    assert not journal.note(moving(task, 1.0), "mine")
    journal.save(after(task, state="in_progress"), "mine")
    assert [was.state for was in journal.history("kite")] == ["queued", "in_progress"]


def test_a_claim_whose_release_failed_can_be_taken_again(
    journal: SQLiteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.01)
    tasks = [journal.add(make_task(name), name) for name in ("kite", "dune")]
    with closing(sqlite3.connect(path, isolation_level=None)) as lock:
        journal.close()
        held = [journal.claim(task.id, task.id) for task in tasks]
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="keeps it locked"):
            journal.release("kite")
        lock.execute("ROLLBACK")
    assert held == tasks
    assert journal.claim("kite", "again") == tasks[0]
    assert journal.claim("dune", "again") is None


@pytest.mark.parametrize("table", ["tasks", "calls", "history"])
def test_an_error_of_sqlite_concerns_its_write_alone(
    journal: SQLiteJournal, other: SQLiteJournal, path: Path, table: str
) -> None:
    """What was paid for is recorded, what was released is free, whatever is written beside it."""
    task, gull = journal.add(make_task(), "mine"), journal.add(make_task("gull"), "a gull's")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            f"CREATE TRIGGER full AFTER INSERT ON {table} "
            "WHEN EXISTS (SELECT 1 FROM tasks WHERE id = 'dune') "
            "BEGIN SELECT RAISE(ABORT, 'too large'); END"
        )
    sending = after(task, state="sending")
    queued = after(task, state="queued", receipt=Receipt("c-1"))
    before, released, failed, receipt, bird = together(
        journal,
        ("save", sending, "mine"),
        ("release", "a gull's"),
        ("add", make_task("dune"), "mine"),
        ("save", queued, "mine"),
        ("add", make_task("bird"), "mine"),
    )
    assert isinstance(failed, JournalError)
    assert "too large" in str(failed)
    assert "Correct or shorten the value" in str(failed)
    assert (before, receipt, released) == (None, None, None)
    assert other.history("kite") == [after(task, call=queued.call), sending, queued]
    assert (other.find("dune"), other.find("bird")) == ([], [bird])
    assert all(other.claim(name, "yours") is None for name in ("kite", "bird"))
    assert other.claim("gull", "yours") == gull


def test_a_file_that_is_locked_is_not_waited_for_by_each_write(
    journal: SQLiteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.01)
    journal.add(make_task())
    undone: list[bool] = []
    batches = Batches(
        File(path, MIGRATIONS), begin=lambda _: None, undo=lambda: undone.append(True)
    )
    jobs: list[Job[sqlite3.Connection]] = [Job(lambda _: None) for _ in range(5)]
    with closing(sqlite3.connect(path, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        batches.commit(jobs)
        lock.execute("ROLLBACK")
    assert all("keeps it locked" in str(job.done.exception(0)) for job in jobs)
    assert undone == [True]


# The cost of a job


def network(polls: int = 4) -> Network:
    """Script a provider that is asked four times."""
    numbers = itertools.count(1)
    stages = [{"stage": "rendering", "done": f"{10 * n}%"} for n in range(1, polls - 1)]
    done = {"stage": "ready", "links": ["https://files.acme.example/kite.mp4"]}

    class Provider(Network):
        def _next(self, request: Any) -> Any:
            if request.method == "POST":
                name = f"c-{next(numbers)}"
                looks: Any = ({"stage": "waiting"}, *stages, done)
                answers = [{"clip": {"ref": name, **look}} for look in looks]
                self.on("GET", f"/v1/clips/{name}", *answers)
                return {"clip": {"ref": name}}
            return super()._next(request)

    return Provider()


def settings(journal: SQLiteJournal, home: Path) -> dict[str, Any]:
    return {
        "plugins": [Zoom()],
        "keys": {"acme": "k"},
        "base_urls": {"acme": "https://api.acme.example"},
        "transport": network(),
        "clock": StoppedClock(),
        "journal": journal,
        "home": home,
    }


def test_a_job_takes_few_statements_and_commits(journal: SQLiteJournal, tmp_path: Path) -> None:
    """One at a time: each write has a transaction of its own."""
    with Client(**settings(journal, tmp_path)) as client:
        client.tasks()
        statements = traced(journal)
        task = client.submit("acme/zoom", REQUEST)
        before = counts(statements)
        assert before == {"statements": 16, "synced": 3}
        done = client.wait(task)
        assert [was.state for was in client.history(task.id)] == [
            "recorded", "sending", "queued", "in_progress", "completed",
        ]  # fmt: skip
        assert done.looked_at
        assert counts(statements) - before == {"statements": 11, "synced": 2, "unsynced": 1}


def test_a_status_beside_the_receipt_is_recorded_before_the_claim_ends(
    journal: SQLiteJournal, other: SQLiteJournal, tmp_path: Path
) -> None:
    class Telling(Zoom):
        @hookimpl
        def parse_submit(self, answer: Any) -> Any:
            return Receipt("c-1", status=Status(state="in_progress", progress=5.0))

    given = {**settings(journal, tmp_path), "plugins": [Telling()]}
    with Client(**given) as client:
        task = client.submit("acme/zoom", REQUEST)
        assert [was.state for was in client.history(task.id)] == [
            "recorded", "sending", "queued", "in_progress",
        ]  # fmt: skip
        assert other.claim(task.id, "anybody's") == task


def test_many_jobs_cost_no_more_each(journal: SQLiteJournal, tmp_path: Path) -> None:
    """They share transactions and renewals; how many is a matter of luck."""

    async def run() -> None:
        given = {**settings(journal, tmp_path), "polling": Polling(every=1, at_most=1e6)}
        async with AsyncClient(**given) as client:
            statements = traced(journal)
            tasks = await asyncio.gather(
                *(client.submit("acme/zoom", REQUEST, task=f"t{n}") for n in range(50))
            )
            await asyncio.gather(*(client.wait(task) for task in tasks))
            found = counts(statements)
        assert found["statements"] <= 50 * (16 + 2 + 11)  # with two look-ups of a given reference
        assert found["synced"] <= 50 * 5

    asyncio.run(run())
    assert len(journal.tasks(unfinished=True)) == 50


def test_an_event_loop_is_woken_once_for_all_that_ended(journal: SQLiteJournal) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        questions = Questions(loop)
        wake, woken = loop.call_soon_threadsafe, []

        def counting(*arguments: Any) -> Any:
            woken.append(arguments)
            return wake(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "call_soon_threadsafe", counting)
            tasks = [make_task(f"t{number}") for number in range(20)]
            begun: list[Any] = []

            def begin(*call: Any) -> Any:
                begun.append(journal.begin(*call))
                return begun[-1]

            asked = [questions.ask(partial(begin, "add", task)) for task in tasks]
            asked.append(questions.ask(partial(begin, "claim", "nothing", "mine")))
            asked.append(questions.ask(partial(begin, "add", make_task(), object(), "too many")))
            asked[0].end.cancel()
            assert not begun
            await asyncio.sleep(0)  # the turn of the loop ends
            wait(begun)  # it stands still meanwhile
            assert len(woken) == 1
        outcomes = await asyncio.gather(*(one.end for one in asked), return_exceptions=True)
        assert isinstance(outcomes.pop(), TypeError)
        assert isinstance(outcomes[0], asyncio.CancelledError)
        assert outcomes[1:-1] == tasks[1:]
        assert isinstance(outcomes[-1], JournalError)

    asyncio.run(run())


def test_what_is_asked_meanwhile_is_handed_over_together(journal: SQLiteJournal) -> None:
    """So a commit is shared by all who asked while the one before was under way."""

    async def run() -> None:
        questions = Questions(asyncio.get_running_loop())
        begun: list[Future[Any]] = []

        def begin() -> Future[Any]:
            begun.append(Future())
            return begun[-1]

        asked = [questions.ask(begin) for _ in range(2)]
        await asyncio.sleep(0)
        asked += [questions.ask(begin) for _ in range(3)]
        await asyncio.sleep(0)
        begun[0].set_result("one")
        assert await asked[0].end == "one"
        asked.append(questions.ask(begin))
        assert len(begun) == 2
        begun[1].set_exception(JournalError("full"))
        with pytest.raises(JournalError, match="full"):
            await asked[1].end
        asked.append(questions.ask(begin))
        await asyncio.sleep(0)
        assert len(begun) == 7
        for number, future in enumerate(begun[2:]):
            future.set_result(number)
        assert [await one.end for one in asked[2:]] == [0, 1, 2, 3, 4]
        last = questions.ask(begin)
        await asyncio.sleep(0)
        begun[-1].set_result("last")
        assert await last.end == "last"

    asyncio.run(run())


@pytest.mark.parametrize("turns", range(4))
def test_a_call_of_the_journal_is_awaited_to_its_end_though_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """Whenever that is: before it is begun, meanwhile, or when its outcome is on its way."""
    asked: list[Any] = []
    ask, asking = Questions.ask, asyncio.Event()

    def listing(questions: Questions, begin: Any) -> Any:
        asking.set()
        assert all(one.arrived for one in asked)  # there is only one flow
        asked.append(ask(questions, begin))
        return asked[-1]

    class Quick(SQLiteJournal):
        def begin(self, method: str, *arguments: Any) -> "Future[Any]":
            begun = super().begin(method, *arguments)
            if turns == 3:
                wait([begun])
            return begun

    async def run(quick: Quick) -> None:
        async with AsyncClient(**settings(quick, tmp_path)) as client:
            job = asyncio.ensure_future(client.submit("acme/zoom", REQUEST))
            await asking.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
            assert all(one.arrived for one in asked)

    monkeypatch.setattr(Questions, "ask", listing)
    with closing(Quick(tmp_path / "journal.db")) as quick:
        asyncio.run(run(quick))
        (task,) = quick.tasks()
        assert quick.claim(task.id, "anybody's") == task


def test_who_stops_waiting_for_what_is_queued_does_not_stop_the_writer(tmp_path: Path) -> None:
    """A coroutine that is cancelled cancels the future that it awaits."""
    with closing(SQLiteJournal(tmp_path / "journal.db")) as journal:
        begun = [journal.begin("find", "kite") for _ in range(50)]
        for one in begun:
            one.cancel()
        assert journal.begin("find", "kite").result(60) == []
        assert not any(one.cancelled() for one in begun)
