"""Work goes on while nobody waits for it, and is not ended between a purchase and its answer."""

import asyncio
from typing import Any

import pytest
from rushes_mcp._jobs import Jobs, OnChange


class Cell:
    """Something that changes while a job runs."""

    def __init__(self, name: str, state: str, progress: float | None = None) -> None:
        self.id, self.variant, self.state, self.progress = name, "acme/zoom", state, progress


class Client:
    """Stands for the client that called: keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        self.heard = asyncio.Event()

    async def report_progress(self, progress: float, total: float | None, message: str) -> None:
        self.told.append((progress, message))
        self.heard.set()


async def run_purchase(answer: asyncio.Event, on_change: OnChange) -> str:
    """Buy two videos at once; the answer to one comes at once."""
    for cell in (Cell("a", "sending"), Cell("b", "sending"), Cell("a", "queued")):
        on_change(cell)
    await answer.wait()
    on_change(Cell("b", "in_progress", 40.0))
    await asyncio.Event().wait()
    return "never"


def test_a_client_that_gives_up_ends_nothing() -> None:
    async def work() -> None:
        jobs, client, answer = Jobs(), Client(), asyncio.Event()
        job = jobs.start("kite", "", lambda on_change: run_purchase(answer, on_change))
        context: Any = client
        call = asyncio.create_task(job.follow(60, context))
        await client.heard.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert jobs.get("kite") is job
        answer.set()
        await job.next_change()
        await job.follow(0.01, context)
        assert client.told[-1][1] == "in progress at acme/zoom, 40 %"
        await jobs.close()

    asyncio.run(work())


def test_the_end_waits_for_the_answer_to_a_purchase() -> None:
    async def work() -> None:
        jobs, answer = Jobs(), asyncio.Event()
        job = jobs.start("kite", "", lambda on_change: run_purchase(answer, on_change))
        await job.next_change()
        end = asyncio.create_task(jobs.close())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not job.running.done()
        answer.set()
        await end
        assert job.running.cancelled()
        assert isinstance(job.latest, Cell)
        assert job.latest.state == "in_progress"

    asyncio.run(work())


def test_a_job_that_fails_is_forgotten_and_its_error_kept() -> None:
    async def broken(on_change: OnChange) -> None:
        raise OSError("the disk is full")

    async def work() -> None:
        jobs = Jobs()
        job = jobs.start("kite", "", broken)
        await job.next_change()
        with pytest.raises(OSError, match="full"):
            job.running.result()
        assert jobs.get("kite") is None
        await jobs.close()

    asyncio.run(work())
