"""Work that goes on while nobody waits for it: a client that loses patience ends no paid task."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from mcp.server.mcpserver import Context

HEARTBEAT = 5.0
"""Seconds after which progress is reported even if nothing has changed: a client may count them."""


class Shown(Protocol):
    """What changes while a job runs: a task, or a cell of a comparison."""

    @property
    def id(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def progress(self) -> float | None: ...


OnChange = Callable[[Any], None]
Work = Callable[[OnChange], Coroutine[Any, Any, Any]]


class Job:
    """One piece of work; `content` tells it from another under the same name."""

    def __init__(self, content: str, work: Work) -> None:
        self.content = content
        self.latest: Shown | None = None
        self._changed = asyncio.Event()
        self._sending: set[str] = set()
        self.running = asyncio.create_task(work(self._change))
        self.running.add_done_callback(_seen)

    @property
    def buying(self) -> bool:
        """Whether a paid call of it has left, and its answer has not come."""
        return bool(self._sending) and not self.running.done()

    def _change(self, shown: Shown) -> None:
        self.latest = shown
        (self._sending.add if shown.state == "sending" else self._sending.discard)(shown.id)
        self._changed.set()

    async def next_change(self, seconds: float | None = None) -> None:
        """Wait until it has ended or something has changed, for some seconds at most."""
        waiter = asyncio.create_task(self._changed.wait())
        try:
            together = {self.running, waiter}
            await asyncio.wait(together, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        self._changed.clear()

    async def follow(self, seconds: float, ctx: Context[Any]) -> None:
        """Wait for its end, and report its progress to the client; it goes on afterwards."""
        start = time.monotonic()
        while not self.running.done() and (passed := time.monotonic() - start) < seconds:
            await ctx.report_progress(passed, None, self._words())
            await self.next_change(min(seconds - passed, HEARTBEAT))

    def _words(self) -> str:
        if self.latest is None:
            return "preparing"
        share = "" if self.latest.progress is None else f", {self.latest.progress:.0f} %"
        return f"{self.latest.state.replace('_', ' ')} at {self.latest.variant}{share}"


class Jobs:
    """The work under way, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Job] = {}

    def get(self, name: str) -> Job | None:
        """Return the job under a name, if it is still running."""
        job = self._by_name.get(name)
        return None if job is None or job.running.done() else job

    def start(self, name: str, content: str, work: Work) -> Job:
        """Start a job under a name that no running job has."""
        job = self._by_name[name] = Job(content, work)
        job.running.add_done_callback(lambda _: self._forget(name, job))
        return job

    def _forget(self, name: str, job: Job) -> None:
        if self._by_name.get(name) is job:
            del self._by_name[name]

    async def close(self) -> None:
        """End all work, but none between a paid call and its answer: every task can be resumed."""
        jobs = [*self._by_name.values()]
        for job in jobs:
            while job.buying:
                await job.next_change()
            job.running.cancel()
        await asyncio.gather(*(job.running for job in jobs), return_exceptions=True)


def _seen(running: "asyncio.Task[Any]") -> None:
    """Retrieve how a job ended, so that asyncio does not warn about it."""
    if not running.cancelled():
        running.exception()
