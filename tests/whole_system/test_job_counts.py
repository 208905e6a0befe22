"""What a crowd of jobs costs, counted: requests, connections, function calls.

The counts are the same on any machine.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import rushes
from rushes import AsyncClient, Client, Polling, Request, Task

SERVER = Path(__file__).parents[2] / "benchmarks" / "job" / "server.py"
VARIANT, REQUEST = "toapis/kling-v3", Request("A red kite over dunes")
MOST = 20
"""Connections that a server may see: the client's ten, and as many that are just being closed."""
JOBS, POLLS = 200, 4
MOST_CALLS = 1150
"""Calls of our functions for one job without a journal, each time a generator goes on counted."""


@contextmanager
def provider(seen: dict[str, int]) -> Iterator[str]:
    """Run the benchmarks' provider in a process of its own; at the end say what it saw."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, SERVER], stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            out, _ = process.communicate()
    seen.update(json.loads(out))


def settings(url: str, home: Path) -> dict[str, Any]:
    at_once = Polling(first=0.01, every=0.01)
    return {"keys": {"toapis": "k"}, "base_urls": {"toapis": url}, "home": home, "polling": at_once}


def crowd_on_a_loop(url: str, home: Path, **options: Any) -> list[Task]:
    async def run() -> list[Task]:
        async with AsyncClient(**settings(url, home), **options) as client:

            async def one() -> Task:
                return await client.wait(await client.submit(VARIANT, REQUEST))

            return await asyncio.gather(*(one() for _ in range(JOBS)))

    return asyncio.run(run())


def crowd_in_threads(url: str, home: Path, **options: Any) -> list[Task]:
    with Client(**settings(url, home), **options) as client, ThreadPoolExecutor(50) as pool:

        def one(_: int) -> Task:
            return client.wait(client.submit(VARIANT, REQUEST))

        return [*pool.map(one, range(JOBS))]


@pytest.mark.parametrize("crowd", [crowd_on_a_loop, crowd_in_threads])
@pytest.mark.parametrize("options", [{}, {"journal": None}], ids=["recorded", "unrecorded"])
def test_a_job_is_one_submit_and_its_polls(
    crowd: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    seen: dict[str, int] = {}
    with provider(seen) as url:
        tasks = crowd(url, tmp_path, **options)
    assert [task.state for task in tasks] == ["completed"] * JOBS
    assert (seen["submits"], seen["polls"]) == (JOBS, JOBS * POLLS)
    assert seen["at once"] <= MOST
    # A paid call has a new connection, which is kept for polls.
    assert seen["opened"] <= JOBS + MOST


def test_a_job_takes_so_many_calls_of_our_functions(tmp_path: Path) -> None:
    ours, calls = str(Path(rushes.__file__).parent), 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(ours)

    async def run(url: str) -> None:
        async with AsyncClient(**settings(url, tmp_path), journal=None) as client:

            async def one() -> None:
                await client.wait(await client.submit(VARIANT, REQUEST))

            await one()  # what is imported and found once
            sys.setprofile(count)
            try:
                await asyncio.gather(*(one() for _ in range(JOBS)))
            finally:
                sys.setprofile(None)

    with provider({}) as url:
        asyncio.run(run(url))
    assert calls / JOBS < MOST_CALLS
