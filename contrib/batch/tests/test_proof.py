"""Workers that are killed, suspended, and lose their database: every job is paid once and ends.

`nox -s whole` tries it with a few jobs, `nox -s workers` with 500.
"""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from postgres_cluster import Cluster
from rushes import PostgresJournal, Task
from rushes.journal import LEASE
from rushes_batch import Job
from rushes_batch.engine import Engine
from rushes_sandbox import Sandbox

JOBS = int(os.environ.get("RUSHES_WORKERS", "24"))
PROMPTS = ("A red kite over dunes", "A lantern sways over a wet street")
VARIANTS = {"toapis/kling-v3": 5, "apimart/kling-v3": 3}
AT_MOST = 600 + JOBS
FAULTS = ("503-after-create", "drop-after-create", "status-500", "status-429", "status-drop")


class Worker:
    """A process that runs `rushes worker`; started again whenever it is killed."""

    def __init__(self, url: str, sandbox: Sandbox, home: Path) -> None:
        self._command = [sys.executable, "-m", "rushes_batch", "--database", url]
        self._command += ["--limit", "toapis=10,20/s", "--limit", "apimart=10,20/s"]
        self._environment = {**os.environ, **sandbox.environment, "RUSHES_HOME": str(home)}
        self._log = home.with_suffix(".log")
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def kill_and_restart(self) -> None:
        self.kill()
        self.process = self._started()


@contextmanager
def workers(url: str, sandbox: Sandbox, folder: Path) -> Iterator[list[Worker]]:
    """Run three workers, each with a home of its own."""
    started = []
    try:
        for name in ("one", "two", "three"):
            started.append(Worker(url, sandbox, folder / name))  # noqa: PERF401 - each is killed
        yield started
    finally:
        for each in started:
            each.process.send_signal(signal.SIGCONT)
            each.kill()


def unfinished(journal: PostgresJournal) -> list[Task]:
    return [task for task in journal.tasks(unfinished=True) if task.state != "unknown"]


def test_every_job_is_paid_once_and_ends(
    postgres: Cluster, rushes_sandbox_folder: Path, tmp_path: Path, whole: bool
) -> None:
    if not whole:
        pytest.skip("it takes minutes; `nox -s whole` includes it")
    url = postgres.empty()
    with (
        Sandbox(
            queue_seconds=1, render_seconds=2, poll_after=None, folder=rushes_sandbox_folder
        ) as sandbox,
        closing(PostgresJournal(url)) as journal,
    ):
        jobs = [_job(number, tmp_path) for number in range(JOBS)]

        async def hand_over() -> None:
            async with Engine(url).opened() as engine:
                await engine.defer(jobs)

        asyncio.run(hand_over())
        for fault in FAULTS:
            sandbox.inject(fault, times=max(1, JOBS // 12))
        with workers(url, sandbox, tmp_path) as three:
            _disturb(three, journal, postgres)
            end = time.monotonic() + AT_MOST
            while len(journal.tasks()) < JOBS or unfinished(journal):
                assert time.monotonic() < end, Counter(task.state for task in journal.tasks())
                time.sleep(1)
        tasks = {task.id: task for task in journal.tasks()}
        bills = Counter(made.client_id for made in sandbox.created)
    assert set(tasks) == {job.task for job in jobs}
    assert max(bills.values()) == 1
    assert {task.state for task in tasks.values()} <= {"completed", "unknown"}
    for task in tasks.values():
        assert (task.state == "unknown") or (task.file and Path(task.file).exists())


def _disturb(three: list[Worker], journal: PostgresJournal, postgres: Cluster) -> None:
    """Kill one now and then, suspend one past its lease, restart the database in the middle."""
    first, second, asleep = three
    while not journal.tasks():
        time.sleep(0.5)
    asleep.process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    for turn in itertools.count():
        time.sleep(4)
        (first, second)[turn % 2].kill_and_restart()
        if turn == 1:
            postgres.stop()
            postgres.start()
        if time.monotonic() - begun > LEASE + 20:
            break
    asleep.process.send_signal(signal.SIGCONT)


def _job(number: int, folder: Path) -> Job:
    variant, seconds = list(VARIANTS.items())[number % len(VARIANTS)]
    return Job(
        task=f"job-{number}",
        variant=variant,
        request={"prompt": PROMPTS[number % len(PROMPTS)], "duration": seconds},
        output=str(folder / f"job-{number}.mp4"),
    )
