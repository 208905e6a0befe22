"""Workers on one database: what is deferred is made, by whoever is there."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from postgres_cluster import Cluster
from rushes import AsyncClient, JournalError, Polling, PostgresJournal, Task
from rushes_batch import Holder, Job, Limit
from rushes_batch._health import look, serving
from rushes_batch.command import worker
from rushes_batch.engine import Engine
from rushes_sandbox import Sandbox

VARIANT = "toapis/kling-v3"
REQUEST = {"prompt": "A red kite over dunes", "duration": 5}


@pytest.fixture
def sandbox(rushes_sandbox_folder: Path) -> Iterator[Sandbox]:
    with Sandbox(
        queue_seconds=0.05, render_seconds=0.05, poll_after=None, folder=rushes_sandbox_folder
    ) as sandbox:
        yield sandbox


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.empty()


@pytest.fixture
def journal(url: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(url)) as journal:
        yield journal


def job(name: str, folder: Path) -> Job:
    output = str(folder / f"{name}.mp4")
    return Job(task=name, variant=VARIANT, request=dict(REQUEST), output=output)


def client(sandbox: Sandbox, journal: PostgresJournal, home: Path) -> AsyncClient:
    return AsyncClient(
        keys={"toapis": sandbox.key},
        base_urls=sandbox.base_urls,
        home=home,
        journal=journal,
        polling=Polling(first=0.02, every=0.02),
    )


async def all_finished(journal: PostgresJournal, count: int) -> None:
    """Wait until so many tasks are finished; nothing but asking shows it."""
    async with asyncio.timeout(120):
        while True:
            tasks = await asyncio.to_thread(journal.tasks)
            if len(tasks) == count and not any(task.unfinished for task in tasks):
                return
            await asyncio.sleep(0.05)


def test_jobs_are_made_by_two_workers_of_one_database(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path
) -> None:
    """One task is unfinished and has no job: the sweep finds it."""

    async def main() -> dict[str, Any]:
        with closing(PostgresJournal(url)) as second:
            async with (
                client(sandbox, journal, tmp_path) as one,
                client(sandbox, second, tmp_path) as two,
                Engine(url).opened() as engine,
                Engine(url).opened() as other,
            ):
                lost = str(tmp_path / "lost.mp4")
                await one.submit(VARIANT, REQUEST, task="lost", output=lost)
                await engine.defer(job(f"kite-{n}", tmp_path) for n in range(5))
                works = [
                    asyncio.create_task(engine.work(Holder(one, journal), journal, 10)),
                    asyncio.create_task(other.work(Holder(two, second), second, 10)),
                ]
                await all_finished(journal, 6)
                found = await engine.status()
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)
        return found

    found = asyncio.run(main())
    assert found["workers"] == 2
    assert len(sandbox.created) == 6
    assert len(list(tmp_path.glob("*.mp4"))) == 6


def test_what_is_at_a_provider_is_taken_up_whatever_the_room(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path
) -> None:
    """The worker's one place waits for the slot that a task has whose worker is gone."""
    limits = {"toapis": Limit(slots=1)}

    async def main() -> None:
        async with client(sandbox, journal, tmp_path) as one, Engine(url).opened() as engine:
            left = await one.submit(
                VARIANT, REQUEST, task="left", output=str(tmp_path / "left.mp4")
            )
            # What is left of its worker's job: a row that is in the queue behind the others.
            await engine.defer([job("kite-1", tmp_path), job("kite-2", tmp_path)])
            await engine.defer([Job(task=left.id)])
            work = asyncio.create_task(engine.work(Holder(one, journal, limits), journal, 1))
            await all_finished(journal, 3)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())
    assert len(sandbox.created) == 3


def test_a_provider_without_slots_keeps_no_other_out(
    url: str,
    sandbox: Sandbox,
    journal: PostgresJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of jobs that wait for a slot, a worker takes no more than it needs."""
    monkeypatch.setattr("rushes_batch._holding.ENOUGH", 2)
    monkeypatch.setattr("rushes_batch._holding.AGAIN", 0.05)
    limits = {"toapis": Limit(slots=1)}
    request = {"prompt": "A red kite over dunes", "duration": 3}
    other = Job(
        task="other", variant="apimart/kling-v3", request=request, output=str(tmp_path / "o.mp4")
    )

    async def main() -> int:
        keys = {"toapis": sandbox.key, "apimart": sandbox.key}
        order = sandbox.inject("status-stall", gateway="toapis")
        async with (
            AsyncClient(
                keys=keys,
                base_urls=sandbox.base_urls,
                home=tmp_path,
                journal=journal,
                polling=Polling(first=0.02, every=0.02),
            ) as one,
            Engine(url).opened() as engine,
        ):
            await engine.defer(job(f"kite-{n}", tmp_path) for n in range(8))
            await engine.defer([other])
            holder = Holder(one, journal, limits)
            work = asyncio.create_task(engine.work(holder, journal, 6))
            async with asyncio.timeout(120):
                while not holder.ended["done"]:  # noqa: ASYNC110 - only asking shows it
                    await asyncio.sleep(0.05)
            held = holder.held
            order.release()
            await all_finished(journal, 9)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        return held

    assert asyncio.run(main()) <= 4
    assert len(sandbox.created) == 9


def test_what_ended_while_the_sweep_looked_is_not_taken_up(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path, monkeypatch: Any
) -> None:
    """Its row is gone with it. Only what nothing carries is looked at again."""
    asked: list[str] = []

    async def main() -> dict[str, Any]:
        async with client(sandbox, journal, tmp_path) as one, Engine(url).opened() as engine:
            tasks = [await one.submit(VARIANT, REQUEST, task=name) for name in ("ends", "waits")]
            await engine.defer([Job(task="waits")], first=True)
            found = journal.find

            def ending(name: str) -> list[Task]:
                asked.append(name)
                journal.save(msgspec.structs.replace(tasks[0], state="failed"))
                return found(name)

            monkeypatch.setattr(journal, "find", ending)
            async with await engine._connected(autocommit=True) as connection:
                await engine._heal(connection, journal)
            return await engine.status()

    assert asyncio.run(main())["jobs"] == {"todo": 1}
    assert asked == ["ends"]


def test_what_another_program_works_on_is_offered_once_it_is_let_go(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path, monkeypatch: Any
) -> None:
    """It has no row: `rushes generate` with the same journal, for instance, makes none."""

    async def main() -> list[list[str]]:
        names, offered = ["plain", "new", "free"], []
        with closing(PostgresJournal(url)) as other:
            async with client(sandbox, journal, tmp_path) as one, Engine(url).opened() as engine:
                for name in names:
                    await one.submit(VARIANT, REQUEST, task=name)
                recorded = msgspec.structs.replace(journal.find("new")[0], state="recorded")
                other.claim("plain", "theirs")
                other.claim("new", "theirs")
                other.save(recorded, "theirs")
                async with await engine._connected(autocommit=True) as connection:
                    for _ in range(2):
                        await engine._heal(connection, journal)
                        offered.append(await engine.waiting(names))
                    other.release("theirs")
                    await engine._heal(connection, journal)
                    offered.append(await engine.waiting(names))
        return [sorted(each) for each in offered]

    assert asyncio.run(main()) == [["free"], ["free"], ["free", "new", "plain"]]


def test_one_process_at_a_time_sweeps_each_journal_of_a_database(postgres: Cluster) -> None:
    async def main() -> list[bool]:
        engines = [Engine(postgres.empty()), Engine(postgres.empty())]
        may = []
        async with AsyncExitStack() as stack:
            for engine in (engines[0], engines[0], engines[1]):
                connected = await engine._connected(autocommit=True)
                connection = await stack.enter_async_context(connected)
                may.append(await engine._may_sweep(connection))
        return may

    assert asyncio.run(main()) == [True, False, True]


def test_one_who_is_suspended_does_not_keep_the_sweep_to_itself(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path, monkeypatch: Any
) -> None:
    """Its connection lives, since its kernel answers; the server ends it."""
    monkeypatch.setattr("rushes_batch.engine.SWEEP", 0.3)

    async def main() -> None:
        async with (
            client(sandbox, journal, tmp_path) as one,
            Engine(url).opened() as engine,
            await engine._connected(autocommit=True) as asleep,
        ):
            await engine._may_sweep(asleep)
            await one.submit(VARIANT, REQUEST, task="left", output=str(tmp_path / "left.mp4"))
            work = asyncio.create_task(engine.work(Holder(one, journal), journal, 1))
            await all_finished(journal, 1)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())


def test_a_sweep_that_cannot_read_the_journal_ends_no_worker(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("rushes_batch.engine.SWEEP", 0.1)
    tasks, refused = journal.tasks, list[JournalError]()

    def once_unreadable(**given: Any) -> list[Task]:
        if given and not refused:  # asked for by the sweep
            refused.append(JournalError("a newer version has changed its tables"))
            raise refused[0]
        return tasks(**given)

    async def main() -> None:
        async with client(sandbox, journal, tmp_path) as one, Engine(url).opened() as engine:
            await one.submit(VARIANT, REQUEST, task="left", output=str(tmp_path / "left.mp4"))
            monkeypatch.setattr(journal, "tasks", once_unreadable)
            work = asyncio.create_task(engine.work(Holder(one, journal), journal, 1))
            await all_finished(journal, 1)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())
    assert refused


def test_a_worker_without_the_key_leaves_the_job_to_one_that_has_it(
    url: str,
    sandbox: Sandbox,
    journal: PostgresJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rushes_batch.engine.LATER", 0)

    async def main() -> None:
        async with (
            AsyncClient(home=tmp_path, journal=journal, base_urls=sandbox.base_urls) as poor,
            client(sandbox, journal, tmp_path) as rich,
            Engine(url).opened() as engine,
        ):
            await engine.defer([job("kite", tmp_path)])
            holder = Holder(poor, journal)
            first = asyncio.create_task(engine.work(holder, journal, 1))
            while holder.ended["failed"] < 2:  # noqa: ASYNC110 - delivered to it again and again
                await asyncio.sleep(0.05)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            assert await engine.waiting(["kite"]) == ["kite"]
            async with Engine(url).opened() as other:
                second = asyncio.create_task(other.work(Holder(rich, journal), journal, 1))
                await all_finished(journal, 1)
                second.cancel()
                await asyncio.gather(second, return_exceptions=True)

    asyncio.run(main())
    assert len(sandbox.created) == 1


# The command


@contextmanager
def running(url: str, sandbox: Sandbox, home: Path, *words: str) -> Iterator[Any]:
    """Run `rushes worker` in a process of its own."""
    command = [sys.executable, "-m", "rushes_batch", "--database", url, *words]
    environment = {**os.environ, **sandbox.environment, "RUSHES_HOME": str(home)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_with(process: subprocess.Popen[str], word: str) -> dict[str, Any]:
    """Read log lines until one says something."""
    assert process.stderr
    for line in process.stderr:
        if word in line:
            return json.loads(line)  # type: ignore[no-any-return]
    raise AssertionError(f"it ended without {word!r}")


def test_a_worker_that_is_told_to_stop_hands_on_what_it_holds(
    url: str, sandbox: Sandbox, journal: PostgresJournal, tmp_path: Path
) -> None:
    order = sandbox.inject("status-stall", gateway="toapis")

    async def defer() -> None:
        async with Engine(url).opened() as engine:
            await engine.defer([job("kite", tmp_path)])

    asyncio.run(defer())
    with running(url, sandbox, tmp_path / "one", "--health", "0") as first:
        port = line_with(first, "healthy")["port"]
        assert order.wait(120)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            found = json.load(answer)
        assert found.pop("swept") is None or found["sweep"] == "ok"
        well = {"journal": "ok", "engine": "ok", "sweep": "ok"}
        assert found == {**well, "held": 1, "ended": {}, "stopping": False}
        first.send_signal(signal.SIGTERM)
        _, told = first.communicate(timeout=120)
        assert first.returncode == 0, told
        logged = [json.loads(line) for line in told.splitlines()]
        assert {"time", "level", "logger", "event"} <= set.intersection(*map(set, logged))
        assert any(line["event"] == "task" and line["task"] == "kite" for line in logged)
        assert logged[-1]["event"] == "stopped"
    order.release()
    assert journal.tasks()[0].unfinished
    assert journal.claim("kite", "anybody's") is not None
    journal.release("anybody's")
    status = ["--database", url, "status"]
    shown = CliRunner().invoke(worker, [*status, "--json"])
    assert json.loads(shown.stdout)["jobs"] == {"todo": 1}
    elsewhere = {"RUSHES_JOURNAL": "postgresql://me@127.0.0.1:1/nowhere"}
    table = CliRunner(env=elsewhere).invoke(worker, status)
    rows = [line.rsplit(maxsplit=1) for line in table.stdout.splitlines()]
    said = json.loads(shown.stdout)["workers"]
    assert rows == [["workers alive", str(said)], ["jobs waiting", "1"], ["jobs held", "0"]]
    assert ("No worker is alive" in table.stderr) == (said == 0)
    with running(url, sandbox, tmp_path / "two"):
        asyncio.run(all_finished(journal, 1))
    assert len(sandbox.created) == 1
    assert (tmp_path / "kite.mp4").exists()


def test_the_health_says_which_part_is_away_while_the_database_is(
    url: str,
    postgres: Cluster,
    sandbox: Sandbox,
    journal: PostgresJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And that all is well again once the database is back."""

    async def main() -> None:
        async with client(sandbox, journal, tmp_path) as one, Engine(url).opened() as engine:
            holder = Holder(one, journal)
            work = asyncio.create_task(engine.work(holder, journal, 1))
            asked = partial(look, journal, engine, holder, stopping=False)
            async with serving("127.0.0.1", 0, asked) as port:

                async def ask() -> tuple[int, dict[str, Any]]:
                    return await asyncio.to_thread(answer_at, port)

                while (now := await ask())[1]["swept"] is None:  # noqa: ASYNC110 - only asking shows it
                    await asyncio.sleep(0.05)
                assert now[0] == 200
                with monkeypatch.context() as patch:
                    patch.setattr("rushes_batch._health.LATE", -1)
                    code, late = await ask()
                assert (code, late["journal"], late["engine"]) == (503, "ok", "ok")
                assert late["sweep"] == "late"
                await asyncio.to_thread(postgres.stop)
                try:
                    code, gone = await ask()
                finally:
                    postgres.start()  # not in a thread: the server would end with it
                assert (code, gone["journal"], gone["engine"]) == (503, "away", "away")
                assert gone["held"] == 0
                async with asyncio.timeout(120):
                    while (await ask())[0] != 200:  # noqa: ASYNC110 - only asking shows it
                        await asyncio.sleep(0.1)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())


def answer_at(port: int) -> tuple[int, dict[str, Any]]:
    """Ask for a worker's health."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("words", [(), ("status",)])
def test_a_database_that_is_not_there_is_a_matter_of_configuration(words: tuple[str, ...]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://me:s3cret@127.0.0.1:{nobody.getsockname()[1]}/films"
        shown = CliRunner().invoke(worker, ["--database", url, *words])
    assert shown.exit_code == 3
    assert "cannot be" in shown.output
    assert "s3cret" not in shown.output


@pytest.mark.parametrize(
    "words", [("--limit", "toapis"), ("--health", "here"), ("--health", "localhost:99999"), ()]
)
def test_wrong_usage_is_explained(words: tuple[str, ...]) -> None:
    given = ["--database", "postgresql://me@host/films", *words] if words else []
    assert CliRunner().invoke(worker, given).exit_code == 2
