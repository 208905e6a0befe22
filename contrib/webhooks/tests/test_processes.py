"""Who takes a delivery and who waits for it are in processes of their own, with one journal."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import rushes
from postgres_cluster import Cluster
from rushes_batch import Job
from rushes_batch.engine import Engine
from rushes_sandbox import Sandbox
from rushes_webhooks.app import Endpoint
from webhook_world import REQUEST, SETTINGS, client, polls, served

VARIANT = "toapis/kling-v3"


@contextmanager
def running(*command: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    env = {**os.environ, **environment}
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=env) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_a_waiter_is_woken_by_another_process(rushes_sandbox_folder: Path, tmp_path: Path) -> None:
    async def made(sandbox: Sandbox, url: str) -> rushes.Task:
        async with client(sandbox, tmp_path, webhook_url=url) as waiter:
            return await waiter.generate(VARIANT, REQUEST)

    command = "from rushes_webhooks.command import webhooks; webhooks()"
    with (
        Sandbox(**SETTINGS, folder=rushes_sandbox_folder) as sandbox,
        running(
            *(sys.executable, "-c", command, "--port", "0", "--json"),
            RUSHES_HOME=str(tmp_path),
            **sandbox.environment,
        ) as receiver,
    ):
        assert receiver.stdout is not None
        url = json.loads(receiver.stdout.readline())["url"]
        task = asyncio.run(made(sandbox, url))
        assert task.file
        assert polls(sandbox)["toapis"] <= 2
        assert [each.status for each in sandbox.notifications] == [200]


def test_a_worker_on_a_database_is_woken(
    postgres: Cluster, rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    database = postgres.empty()
    request = {"prompt": REQUEST.prompt, "duration": REQUEST.duration}
    jobs = [
        Job(
            task=f"kite-{number}",
            variant=VARIANT,
            request=request,
            output=str(tmp_path / f"{number}.mp4"),
        )
        for number in range(3)
    ]

    async def made(sandbox: Sandbox, journal: rushes.PostgresJournal) -> list[rushes.Task]:
        async with (
            client(sandbox, tmp_path / "a", journal=journal) as receiver,
            served(Endpoint(receiver)) as url,
            Engine(database).opened() as engine,
        ):
            await engine.defer(jobs)
            variables = {"RUSHES_HOME": str(tmp_path / "b"), "RUSHES_WEBHOOK_URL": url}
            worker = (sys.executable, "-m", "rushes_batch", "--database", database)
            async with asyncio.timeout(120):
                with running(*worker, **sandbox.environment, **variables):
                    while True:
                        tasks = await receiver.tasks()
                        if len(tasks) == len(jobs) and not any(one.unfinished for one in tasks):
                            return tasks
                        await asyncio.sleep(0.1)

    with (
        Sandbox(**SETTINGS, folder=rushes_sandbox_folder) as sandbox,
        closing(rushes.PostgresJournal(database)) as journal,
    ):
        tasks = asyncio.run(made(sandbox, journal))
        asked = polls(sandbox)["toapis"]
    assert all(task.file for task in tasks)
    assert len(jobs) <= asked <= 2 * len(jobs)
