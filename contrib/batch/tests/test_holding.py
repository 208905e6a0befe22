"""Jobs held on a local journal, without an engine."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import psycopg
import pytest
from procrastinate.exceptions import JobAborted
from rushes import AsyncClient, ConfigurationError, Polling, Refusal, SQLiteJournal
from rushes.testing import Clock
from rushes_batch import Brake, Holder, Job, Limit
from rushes_batch._jobs import limits_of
from rushes_batch._logs import Lines
from rushes_batch.engine import LATER, Engine, _Later
from rushes_sandbox import Sandbox

VARIANT = "toapis/kling-v3"


@pytest.fixture
def sandbox(rushes_sandbox_folder: Path) -> Iterator[Sandbox]:
    with Sandbox(
        queue_seconds=0.05, render_seconds=0.05, poll_after=None, folder=rushes_sandbox_folder
    ) as sandbox:
        yield sandbox


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SQLiteJournal]:
    with closing(SQLiteJournal(tmp_path / "home" / "journal.db")) as journal:
        yield journal


def client(sandbox: Sandbox, journal: SQLiteJournal, home: Path, **more: Any) -> AsyncClient:
    return AsyncClient(
        keys=dict.fromkeys(("apimart", "toapis"), sandbox.key),
        base_urls=sandbox.base_urls,
        home=home,
        journal=journal,
        polling=Polling(first=0.02, every=0.02),
        **more,
    )


def job(name: str, folder: Path) -> Job:
    request = {"prompt": "A red kite over dunes", "duration": 5}
    return Job(task=name, variant=VARIANT, request=request, output=str(folder / f"{name}.mp4"))


def test_a_job_delivered_twice_is_paid_once(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    async def main() -> list[str]:
        async with (
            client(sandbox, journal, tmp_path) as one,
            client(sandbox, journal, tmp_path) as two,
        ):
            holders = [Holder(one, journal), Holder(two, journal)]
            given = [job(f"kite-{n}", tmp_path) for n in range(3)]
            outcomes = await asyncio.gather(
                *(holder.hold(each) for each in given for holder in (*holders, holders[0]))
            )
        return [outcome.state for outcome in outcomes]

    states = asyncio.run(main())
    assert set(states) <= {"done", "elsewhere"}
    assert len(sandbox.created) == 3
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == [
        "kite-0.mp4", "kite-1.mp4", "kite-2.mp4",
    ]  # fmt: skip


def test_a_reference_may_be_the_beginning_of_others(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    async def main() -> list[str]:
        async with client(sandbox, journal, tmp_path) as one:
            holder = Holder(one, journal)
            names = ("kite-10", "kite-11", "kite-1")
            return [(await holder.hold(job(name, tmp_path))).state for name in names]

    assert asyncio.run(main()) == ["done"] * 3
    assert len(sandbox.created) == 3


def test_what_is_at_a_provider_is_gone_on_with_whatever_the_room(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    async def main() -> Any:
        async with client(sandbox, journal, tmp_path) as one:
            given = job("kite", tmp_path)
            assert given.request
            await one.submit(VARIANT, given.request, task="kite", output=given.output)
            journal.slow("toapis", 1000.0)
            holder = Holder(one, journal, {"toapis": Limit(slots=1)})
            return await holder.hold(Job(task="kite"))

    outcome = asyncio.run(main())
    assert (outcome.state, outcome.task.file) == ("done", str(tmp_path / "kite.mp4"))


def test_no_more_are_at_the_provider_than_there_are_slots(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes_batch._holding.AGAIN", 0.02)
    most = [0]

    def notice(_task: object) -> None:
        states = [task.state for task in journal.tasks(unfinished=True)]
        active = sum(state in ("sending", "queued", "in_progress") for state in states)
        most[0] = max(most[0], active)

    async def main() -> None:
        async with client(sandbox, journal, tmp_path, observers=[notice]) as one:
            holder = Holder(one, journal, {"toapis": Limit(slots=2)})
            outcomes = await asyncio.gather(
                *(holder.hold(job(f"kite-{n}", tmp_path)) for n in range(6))
            )
            assert [outcome.state for outcome in outcomes] == ["done"] * 6
            assert holder.held == 0

    asyncio.run(main())
    assert most == [2]


def test_what_is_let_go_is_taken_up_by_another(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    async def main() -> None:
        order = sandbox.inject("status-stall", gateway="toapis")
        async with client(sandbox, journal, tmp_path) as one:
            holder = Holder(one, journal)
            held = asyncio.create_task(holder.hold(job("kite", tmp_path)))
            await asyncio.to_thread(order.wait, 60)
            await holder.close()
            with pytest.raises(asyncio.CancelledError):
                await held
            order.release()
        async with client(sandbox, journal, tmp_path) as two:
            outcome = await Holder(two, journal).hold(Job(task="kite"))
            assert (outcome.state, len(sandbox.created)) == ("done", 1)

    asyncio.run(main())


def test_a_job_that_cannot_be_made_says_why(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    async def main() -> list[Any]:
        async with client(sandbox, journal, tmp_path) as one:
            holder = Holder(one, journal)
            wrong = Job(task="wrong", variant=VARIANT, request={"prompt": "x", "duration": 99})
            return [await holder.hold(each) for each in (wrong, Job(task="gone"))]

    wrong, gone = asyncio.run(main())
    assert (wrong.state, gone.state) == ("failed", "failed")
    assert "duration" in str(wrong.error)
    assert "no task 'gone' is in the journal" in str(gone.error)
    assert sandbox.created == []


def priced(name: str, folder: Path) -> Job:
    request = {"prompt": "A red kite over dunes", "duration": 3}
    return Job(
        task=name,
        variant="apimart/kling-v3",
        request=request,
        output=str(folder / f"{name}.mp4"),
        purse="kites",
        estimate=0.3,
    )


def test_no_more_is_sent_than_the_purse_can_pay_for(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    """What is refused costs nothing; what was sent is counted with what it did cost."""

    async def hold(names: range) -> list[str]:
        async with client(sandbox, journal, tmp_path) as one:
            holder = Holder(one, journal)
            jobs = [priced(f"kite-{number}", tmp_path) for number in names]
            outcomes = await asyncio.gather(*map(holder.hold, jobs))
        return sorted(outcome.state for outcome in outcomes)

    journal.fill("kites", 0.7)
    assert asyncio.run(hold(range(4))) == ["capped", "capped", "done", "done"]
    assert len(sandbox.created) == len(journal.tasks()) == 2
    cost = sum(task.cost or task.estimate or 0.0 for task in journal.tasks())
    assert journal.spent("kites") == pytest.approx(cost)

    journal.fill("kites", cost + 0.6)
    order = sandbox.inject("refuse-402", gateway="apimart", times=None)
    assert asyncio.run(hold(range(4))) == ["done", "done", "failed", "failed"]
    assert journal.spent("kites") == pytest.approx(cost)
    order.cancel()
    journal.fill("kites", cost + 0.3)
    assert asyncio.run(hold(range(4))) == ["capped", "done", "done", "done"]
    assert len(sandbox.created) == 3


def test_what_was_sent_counts_for_one_who_cannot_follow_it(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    """A worker without the plugin cannot read the task, and must not give its money away."""
    given = priced("kite", tmp_path)

    async def main() -> str:
        urls: Any = {"base_urls": sandbox.base_urls, "home": tmp_path, "journal": journal}
        async with AsyncClient(keys={"apimart": sandbox.key}, **urls) as one:
            await one.submit(given.variant or "", given.request or {}, task="kite")
        journal.reserve("kite", "kites", given.estimate)
        async with AsyncClient(load_plugins=["toapis"], **urls) as other:
            outcome = await Holder(other, journal).hold(given)
        return outcome.state

    journal.fill("kites", 0.5)
    assert asyncio.run(main()) == "failed"
    (task,) = journal.tasks()
    assert journal.spent("kites") == task.estimate
    assert not journal.reserve("another", "kites", 0.5)


def test_a_wait_without_end_is_asked_about_again() -> None:
    told: list[tuple[str, float]] = []
    brake = Brake()
    brake.pressed = lambda provider, seconds: told.append((provider, seconds))
    variant: Any = SimpleNamespace(provider="toapis")
    for seconds in (30.0, 1e9):
        brake._noticed(variant, Refusal(kind="wait", message="later", retry_after=seconds))
    assert told == [("toapis", 30.0), ("toapis", 3600.0)]


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (asyncio.CancelledError(), 0),
        (JobAborted(), 0),
        (ConfigurationError("no key"), LATER),
        (TypeError("cannot be read"), LATER),
    ],
)
def test_what_fails_is_not_delivered_as_fast_as_it_fails(
    failure: BaseException, seconds: int
) -> None:
    job: Any = None
    decision = _Later().get_retry_decision(exception=failure, job=job)
    at = decision.retry_at
    assert at is not None
    assert (at > datetime.now(UTC)) == (seconds > 0)


def test_a_provider_that_says_to_wait_slows_all_who_share_the_journal(
    sandbox: Sandbox, journal: SQLiteJournal, tmp_path: Path
) -> None:
    """Not only the one who was told so, and not only when it gives up waiting."""
    asked: list[tuple[str, float]] = []

    class Told(SQLiteJournal):
        def begin(self, method: str, *arguments: Any) -> Any:
            if method == "slow":
                asked.append((arguments[0].partition("/")[0], arguments[1]))
            return super().begin(method, *arguments)

    async def main(journal: SQLiteJournal) -> str:
        brake = Brake()
        sandbox.inject("rate-limit-seconds", gateway="toapis")
        async with client(sandbox, journal, tmp_path, wrappers=[brake], clock=Clock()) as one:
            outcome = await Holder(one, journal, brake=brake).hold(job("kite", tmp_path))
        return outcome.state

    with closing(Told(tmp_path / "told.db")) as told:
        assert asyncio.run(main(told)) == "done"
        assert asked == [("toapis", 1.0)]


def test_a_job_that_cannot_be_read_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine("postgresql:///nowhere")
    holder: Any = SimpleNamespace(hold=None)
    engine._holder = holder
    with pytest.raises(msgspec.ValidationError):
        asyncio.run(engine._delivered(task="kite", estimate="much"))
    assert "a job failed" in caplog.text
    assert "'kite'" in caplog.text


def test_a_job_that_fails_shows_where_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    """The line has the frames of an error and of its causes; messages and locals are not shown."""
    password = "s3cret-password"

    async def connect(_job: Job) -> None:
        try:
            raise psycopg.OperationalError(f"no way in with {password}")
        except psycopg.Error as error:
            raise ExceptionGroup(f"{password} failed", [LookupError(password)]) from error

    engine = Engine("postgresql:///nowhere")
    holder: Any = SimpleNamespace(hold=connect)
    engine._holder = holder
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(engine._delivered(task="kite", variant="toapis/kling-v3"))
    [ours] = caplog.records
    theirs = logging.LogRecord("asyncio", 40, "", 1, "never retrieved", (), None)
    theirs.exc_info = (caught.type, caught.value, caught.tb)
    for record in (ours, theirs):
        line = Lines().format(record)
        assert password not in line
        assert "\n" not in line
        shown = json.loads(line)["traceback"]
        kinds = ["psycopg.OperationalError", "builtins.LookupError", "builtins.ExceptionGroup"]
        assert [one for one in shown.splitlines() if one in kinds] == kinds
        assert f'{Path(__file__).name}", line' in shown
        assert ", in connect\n" in shown
    assert password not in caplog.text


def test_limits_are_read() -> None:
    assert limits_of(("toapis=20", "fal=2/s", "kling=5,0.5/s")) == {
        "toapis": Limit(slots=20),
        "fal": Limit(per_second=2.0),
        "kling": Limit(slots=5, per_second=0.5),
    }


@pytest.mark.parametrize("text", ["", "toapis", "toapis=", "toapis=0", "toapis=0/s", "=3", "a=x"])
def test_a_limit_that_cannot_be_read_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="is not a limit; give PROVIDER=TASKS"):
        limits_of((text,))
