"""From the order to the video, with a provider that calls: once, twice, late, forged or never."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import rushes
from rushes_sandbox import Sandbox
from rushes_webhooks.app import Endpoint
from webhook_world import VARIANTS, client, polls, served

REQUEST = rushes.Request("A red kite over dunes", duration=5)
SETTINGS: dict[str, Any] = {"lies": ["smaller", "smaller"], "poll_after": None}


async def made(sandbox: Sandbox, home: Path, **settings: Any) -> list[rushes.Task]:
    """Have each provider make a video, and wait for all of them."""
    async with (
        client(sandbox, home) as receiver,
        served(Endpoint(receiver)) as url,
        client(sandbox, home, webhook_url=url, **settings) as waiter,
    ):
        work = (waiter.generate(variant, REQUEST) for variant in VARIANTS.values())
        return await asyncio.gather(*work)


@pytest.mark.parametrize("webhooks", ["once", "twice", "late", "out-of-order"])
def test_a_delivered_task_is_asked_for_at_most_twice(
    webhooks: Any, rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    with Sandbox(
        queue_seconds=0.3,
        render_seconds=0.3,
        webhooks=webhooks,
        webhook_delay=0.3,
        folder=rushes_sandbox_folder,
        **SETTINGS,
    ) as sandbox:
        tasks = asyncio.run(made(sandbox, tmp_path))
        asked = polls(sandbox)
        answers = {each.status for each in sandbox.notifications}
    assert [task.state for task in tasks] == ["completed"] * len(VARIANTS)
    assert all(task.file and Path(task.file).is_file() for task in tasks)
    assert set(asked) == set(VARIANTS)
    assert max(asked.values()) <= 2
    assert answers == {200}
