"""A waiting task holds no connection: many at once finish over a handful of them."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rushes import AsyncClient, Polling, Request

RUSHES = str(Path(sys.executable).with_name("rushes"))
SAMPLE, ALL = 80, 1000


@pytest.fixture
def sandbox_process() -> Iterator[dict[str, Any]]:
    """Run the sandbox as users do, in a separate process; yield what it prints."""
    command = [RUSHES, "sandbox", "--json"]
    quick = ["--queue-seconds", "0", "--render-seconds", "0", *["--lie", "smaller"] * 2]
    with subprocess.Popen([*command, *quick], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.communicate(timeout=120)


def test_many_tasks_at_once(sandbox_process: dict[str, Any], tmp_path: Path, whole: bool) -> None:
    tasks = ALL if whole else SAMPLE
    base_urls = sandbox_process["base_urls"]

    async def shoot() -> list[Any]:
        # Default settings, except the providers' advice to poll every ten seconds.
        async with AsyncClient(
            keys=dict.fromkeys(base_urls, sandbox_process["key"]),
            base_urls=base_urls,
            home=tmp_path,
            polling=Polling(first=0.5, every=0.5),
        ) as client:
            request = Request("The same kite, a thousand times", duration=5)
            jobs = (client.generate("toapis/kling-v3", request) for _ in range(tasks))
            return await asyncio.gather(*jobs, return_exceptions=True)

    outcomes = asyncio.run(shoot())
    assert Counter(map(type, outcomes)).keys() == {type(outcomes[0])}, outcomes[0]
    assert all(task.state == "completed" for task in outcomes)
    assert len({task.remote_id for task in outcomes}) == tasks
    assert len({Path(task.file).read_bytes() for task in outcomes}) == 1
