"""From the order to the video, with a provider that calls: once, twice, late, forged or never."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import rushes
from rushes.testing import Clock
from rushes_sandbox import Sandbox
from rushes_webhooks.app import Endpoint
from webhook_world import REQUEST, SETTINGS, VARIANTS, client, polls, served

AT_ONCE = {**SETTINGS, "queue_seconds": 0, "render_seconds": 0}


async def made(sandbox: Sandbox, home: Path) -> list[rushes.Task]:
    """Have each provider make a video, and wait for all of them."""
    async with (
        client(sandbox, home) as receiver,
        served(Endpoint(receiver)) as url,
        client(sandbox, home, webhook_url=url) as waiter,
    ):
        work = (waiter.generate(variant, REQUEST) for variant in VARIANTS.values())
        return await asyncio.gather(*work)


def render(sandbox: Sandbox, home: Path) -> None:
    """Have the films of all variants rendered, so that further tasks are completed at once."""

    async def submitted() -> None:
        async with client(sandbox, home) as first:
            for variant in VARIANTS.values():
                await first.submit(variant, REQUEST)

    asyncio.run(submitted())
    assert all(task.video.finished.wait(120) for task in sandbox.created)


@pytest.mark.parametrize("webhooks", ["once", "twice", "late", "out-of-order"])
def test_a_delivered_task_is_asked_for_at_most_twice(
    webhooks: Any, rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    with Sandbox(**SETTINGS, webhooks=webhooks, folder=rushes_sandbox_folder) as sandbox:
        tasks = asyncio.run(made(sandbox, tmp_path))
        asked = polls(sandbox)
        answers = {each.status for each in sandbox.notifications}
    assert [task.state for task in tasks] == ["completed"] * len(VARIANTS)
    assert all(task.file and Path(task.file).is_file() for task in tasks)
    assert set(asked) == set(VARIANTS)
    assert max(asked.values()) <= 2
    assert answers == {200}


def test_a_forgery_wakes_nobody_and_is_never_believed(
    rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    """Where nothing is signed, the provider is asked, and says that the video is there."""

    async def work(sandbox: Sandbox) -> dict[str, rushes.Task]:
        async with (
            client(sandbox, tmp_path) as receiver,
            served(Endpoint(receiver)) as url,
            client(sandbox, tmp_path, webhook_url=url) as waiter,
            httpx.AsyncClient() as provider,
        ):
            waiting = {
                name: asyncio.create_task(waiter.generate(variant, REQUEST))
                for name, variant in VARIANTS.items()
            }
            assert await asyncio.to_thread(sandbox.wait_for_notifications, 5, 120)
            ended = {"byteplus": await waiting.pop("byteplus")}
            for name, task in waiting.items():
                assert not task.done()
                assert polls(sandbox)[name] == 0
                (made,) = (each for each in sandbox.created[3:] if each.gateway == name)
                headers, body = sandbox.notification(made)
                answer = await provider.post(f"{url}/{name}", content=body, headers=headers)
                assert answer.status_code == 200
                ended[name] = await task
            return ended

    with Sandbox(**AT_ONCE, webhooks="forged", folder=rushes_sandbox_folder) as sandbox:
        render(sandbox, tmp_path / "first")
        ended = asyncio.run(work(sandbox))
        answers = {each.task.gateway: each.status for each in sandbox.notifications}
        asked = polls(sandbox)
    assert answers == {"toapis": 401, "fal": 401, "byteplus": 200}
    assert all(task.file for task in ended.values())
    assert asked == {"toapis": 1, "fal": 1, "byteplus": 1}


def test_what_is_lost_costs_time_only(rushes_sandbox_folder: Path, tmp_path: Path) -> None:
    async def work(sandbox: Sandbox) -> list[rushes.Task]:
        settings = {"webhook_url": "http://127.0.0.1:9", "clock": Clock()}
        async with client(sandbox, tmp_path, **settings) as waiter:
            made = (waiter.generate(variant, REQUEST) for variant in VARIANTS.values())
            return await asyncio.gather(*made)

    with Sandbox(**AT_ONCE, webhooks="lost", folder=rushes_sandbox_folder) as sandbox:
        render(sandbox, tmp_path / "first")
        tasks = asyncio.run(work(sandbox))
        assert sandbox.notifications == []
        assert polls(sandbox) == dict.fromkeys(VARIANTS, 1)
    assert [task.state for task in tasks] == ["completed"] * len(VARIANTS)
