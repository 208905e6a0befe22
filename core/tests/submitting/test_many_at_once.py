"""Of thousands of submits that begin together, a few are under way at a time."""

import asyncio
import itertools
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from acme_driver import REQUEST
from acme_zoom import Zoom
from rushes import AsyncClient, Polling, Request, StillRunningError, Task
from rushes._client.on_loop import SUBMITS_PER_CONNECTION, Door

CONNECTIONS = 10
PLACES = CONNECTIONS * SUBMITS_PER_CONNECTION
LATE = b"A late kite"
LATER = Polling(first=3600, every=3600, at_most=1e6)


class Provider(httpx.AsyncBaseTransport):
    """Answers nothing but a late job until it is opened; a task is never done."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.status = 200
        self._numbers = itertools.count(1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if LATE not in request.content:
            await self.opened.wait()
        if self.status != 200:
            return httpx.Response(self.status, headers={"retry-after": "3000"}, json={})
        clip = {"ref": f"c-{next(self._numbers)}", "stage": "rendering"}
        return httpx.Response(200, json={"clip": clip})


def client_for(provider: Provider, home: Path, connections: int = CONNECTIONS) -> AsyncClient:
    return AsyncClient(
        connections=connections,
        plugins=[Zoom()],
        keys={"acme": "a-key-of-no-value"},
        base_urls={"acme": "https://api.acme.example"},
        transport=provider,
        polling=LATER,
        home=home,
    )


async def recorded(client: AsyncClient) -> int:
    return len(await client.tasks())


async def begun(client: AsyncClient, number: int) -> None:
    """Wait until so many tasks are recorded, and let any further one show itself."""
    for _ in range(4000):
        if await recorded(client) >= number:
            break
        await asyncio.sleep(0.005)
    for _ in range(20):
        await asyncio.sleep(0)
    assert await recorded(client) == number


def start(job: Coroutine[Any, Any, Task]) -> "asyncio.Task[Task]":
    return asyncio.ensure_future(job)


async def stop(*jobs: "asyncio.Task[Task]") -> None:
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


def test_a_crowd_is_let_in_by_and_by(tmp_path: Path) -> None:
    async def crowd() -> None:
        provider = Provider()
        async with client_for(provider, tmp_path) as client:
            jobs = [start(client.submit("acme/zoom", REQUEST)) for _ in range(PLACES + 9)]
            await begun(client, PLACES)
            provider.opened.set()
            assert len({task.remote_id for task in await asyncio.gather(*jobs)}) == PLACES + 9

    asyncio.run(crowd())


def test_a_task_that_waits_for_its_video_keeps_nobody_out(tmp_path: Path) -> None:
    async def crowd() -> None:
        provider = Provider()
        provider.opened.set()
        async with client_for(provider, tmp_path) as client:
            jobs = [start(client.generate("acme/zoom", REQUEST)) for _ in range(PLACES + 9)]
            await begun(client, PLACES + 9)
            await stop(*jobs)

    asyncio.run(crowd())


def test_one_that_is_told_to_come_back_later_keeps_nobody_out(tmp_path: Path) -> None:
    async def crowd() -> None:
        provider = Provider()
        provider.opened.set()
        provider.status = 429
        async with client_for(provider, tmp_path) as client:
            jobs = [start(client.submit("acme/zoom", REQUEST)) for _ in range(PLACES + 9)]
            await begun(client, PLACES + 9)
            await stop(*jobs)

    asyncio.run(crowd())


def test_waiting_for_a_place_counts_as_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A connection is free.
    monkeypatch.setattr("rushes.async_client.Door", lambda _: Door(PLACES))

    async def crowd() -> None:
        provider = Provider()
        async with client_for(provider, tmp_path, PLACES + 1) as client:
            jobs = [start(client.submit("acme/zoom", REQUEST)) for _ in range(PLACES)]
            await begun(client, PLACES)
            with pytest.raises(StillRunningError) as caught:
                await client.generate("acme/zoom", Request(LATE.decode()), timeout=0.01)
            assert caught.value.task is not None
            assert caught.value.task.state == "queued"
            provider.opened.set()
            await asyncio.gather(*jobs)

    asyncio.run(crowd())


def test_one_that_is_cancelled_at_the_door_leaves_it_as_it_was(tmp_path: Path) -> None:
    async def crowd() -> None:
        provider = Provider()
        async with client_for(provider, tmp_path) as client:
            jobs = [start(client.submit("acme/zoom", REQUEST)) for _ in range(PLACES)]
            await begun(client, PLACES)
            await stop(*(start(client.submit("acme/zoom", REQUEST)) for _ in range(9)))
            await stop(*jobs[:5])
            others = [Request(f"Kite {number}") for number in range(9)]
            last = [start(client.submit("acme/zoom", other)) for other in others]
            await begun(client, PLACES + 5)
            provider.opened.set()
            await asyncio.gather(*jobs[5:], *last)
            assert await recorded(client) == PLACES + 9

    asyncio.run(crowd())


def test_each_place_has_a_door_of_its_own() -> None:
    async def two() -> None:
        door = Door(1)
        assert await door.enter("acme", None) is not None
        assert await door.enter("acme", 0) is None
        leave = await door.enter("other", 0)
        assert leave is not None
        leave()
        assert await door.enter("other", 0) is not None

    asyncio.run(two())
