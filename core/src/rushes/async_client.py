"""The client for an event loop: the same flows, driven without blocking it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rushes.configuration import Configured
from rushes.flow import Do, Effect, Send, Sleep, drive_async
from rushes.jobs import RequestLike
from rushes.session import OnUpdate
from rushes.task import Task

if TYPE_CHECKING:
    from rushes.async_transport import AsyncTransport


class AsyncClient(Configured):
    """Generates videos, thousands at once: a waiting task holds no connection.

    async with rushes.AsyncClient() as client:
        task = await client.generate("toapis/kling-v3", rushes.Request("A red kite"))
    """

    _transport: "AsyncTransport | None" = None
    _workers: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections, worker threads and the journal."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None
        if self._workers is not None:
            self._workers.shutdown()
            self._workers = None
        self._release()

    async def submit(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.submit does."""
        flow = self._jobs.submit(variant, request, task, output, on_update)
        return await drive_async(flow, self._perform)

    async def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.wait does."""
        return await drive_async(self._jobs.wait(task, timeout, on_update), self._perform)

    async def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.fetch does."""
        return await drive_async(self._jobs.fetch(task, output, on_update), self._perform)

    async def generate(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.generate does."""
        flow = self._jobs.generate(variant, request, task, output, timeout, on_update)
        return await drive_async(flow, self._perform)

    async def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.resume does."""
        return await drive_async(self._jobs.resume(task, output, timeout, on_update), self._perform)

    async def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Do what Client.cancel does."""
        return await drive_async(self._jobs.cancel(task, on_update), self._perform)

    async def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        lost: bool = False,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.resolve does."""
        flow = self._jobs.resolve(task, remote_id, lost, on_update)
        return await drive_async(flow, self._perform)

    async def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Do what Client.tasks does."""
        return await drive_async(self._records.tasks(unfinished), self._perform)

    async def task(self, reference: str) -> Task:
        """Do what Client.task does."""
        return await drive_async(self._records.find(reference), self._perform)

    async def history(self, reference: str) -> list[Task]:
        """Do what Client.history does."""
        return await drive_async(self._records.history(reference), self._perform)

    async def purge(self, older_than: float) -> int:
        """Do what Client.purge does."""
        return await drive_async(self._records.purge(older_than), self._perform)

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Do):
            if self._workers is None:
                self._workers = ThreadPoolExecutor(4, thread_name_prefix="rushes")
            loop = asyncio.get_running_loop()
            return await _to_its_end(loop.run_in_executor(self._workers, effect.work))
        if isinstance(effect, Sleep):
            await asyncio.sleep(effect.seconds)
            return None
        from rushes.async_transport import AsyncTransport  # imports httpx: a check can do without

        if self._transport is None:
            self._transport = AsyncTransport(self._settings)
        if isinstance(effect, Send):
            return await self._transport.send(effect)
        return await self._transport.stream(effect)


async def _to_its_end(work: asyncio.Future[Any]) -> Any:
    """Await work that a cancellation must not leave undone: what is being written is written."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
