"""The client for an event loop: the same flows, driven without blocking the loop."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rushes._client.configuration import Configured
from rushes._client.on_loop import SUBMITS_PER_CONNECTION, Door, Groups, Questions
from rushes._client.verbs import RequestLike
from rushes._flow import Ask, Chain, Do, Effect, Forked, Gather, Send, Sleep, T, drive_async
from rushes._network.alarms import Alarms
from rushes._network.loops import separate_in_children
from rushes._session.arguments import require
from rushes._session.ears import Key
from rushes._session.session import OnUpdate
from rushes.calls import Answer
from rushes.task import Task

if TYPE_CHECKING:
    from rushes._network.async_transport import AsyncTransport

__all__ = ["AsyncClient"]


class AsyncClient(Configured):
    """Generates videos, thousands at once: a waiting task holds no connection.

    async with rushes.AsyncClient() as client:
        task = await client.generate("toapis/kling-v3", rushes.Request("A red kite"))
    """

    _transport: "AsyncTransport | None" = None
    _loop: tuple[asyncio.AbstractEventLoop, int] | None = None
    """The loop that ran last, and its process."""
    _workers: ThreadPoolExecutor | None = None
    _journal_thread: ThreadPoolExecutor | None = None
    _questions: Questions
    _alarms: Alarms
    _groups: Groups
    _door: Door
    _shared: "dict[str | None, asyncio.Future[Any]]"
    """Work in threads that is under way, by the name under which flows share it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        # The threads of an executor end once nothing refers to it; to shut it down takes a lock.
        self._close_without_waiting(self._transport, self._workers, self._journal_thread)

    async def close(self) -> None:
        """Close connections, worker threads and the journal."""
        if self._loop is not None and self._loop[1] != os.getpid():
            self._transport = self._workers = self._journal_thread = None  # they are the parent's
        self._session.ears.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None
        for pool in (self._workers, self._journal_thread):
            if pool is not None:
                pool.shutdown()
        self._workers = self._journal_thread = None
        self._release()

    async def submit(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.submit does."""
        leave, _ = await self._let_in(variant, None)
        return await self._driven(
            self._jobs.submit(variant, request, task, output, overwrite, on_update), leave
        )

    async def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.wait does."""
        return await self._driven(self._jobs.wait(task, timeout, on_update))

    async def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        overwrite: bool | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.fetch does."""
        return await self._driven(self._jobs.fetch(task, output, overwrite, on_update))

    async def generate(
        self,
        variant: str | Sequence[str],
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
        watch: bool = True,
    ) -> Task:
        """Do what Client.generate does."""
        leave, left = await self._let_in(variant, timeout)
        return await self._driven(
            self._jobs.generate(variant, request, task, output, overwrite, left, on_update, watch),
            leave,
        )

    async def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
        watch: bool = True,
    ) -> Task:
        """Do what Client.resume does."""
        return await self._driven(
            self._jobs.resume(task, output, overwrite, timeout, on_update, watch)
        )

    async def refresh(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Do what Client.refresh does."""
        return await self._driven(self._jobs.refresh(task, on_update))

    async def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Do what Client.cancel does."""
        return await self._driven(self._jobs.cancel(task, on_update))

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Task | None:
        """Do what Client.receive does."""
        return await self._driven(self._jobs.receive(provider, headers, body))

    async def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        memo: Any = None,
        lost: bool = False,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.resolve does."""
        return await self._driven(self._jobs.resolve(task, remote_id, memo, lost, on_update))

    async def tasks(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        """Do what Client.tasks does."""
        flow = self._records.tasks(
            unfinished=unfinished, variant=variant, since=since, after=after, limit=limit
        )
        return await self._driven(flow)

    async def unreadable(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> dict[str, str]:
        """Do what Client.unreadable does."""
        flow = self._records.unreadable(
            unfinished=unfinished, variant=variant, since=since, after=after, limit=limit
        )
        return await self._driven(flow)

    async def task(self, reference: str) -> Task:
        """Do what Client.task does."""
        return await self._driven(self._records.find(reference))

    async def history(self, reference: str) -> list[Task]:
        """Do what Client.history does."""
        return await self._driven(self._records.history(reference))

    async def purge(self, older_than: float) -> int:
        """Do what Client.purge does."""
        return await self._driven(self._records.purge(older_than))

    async def raw_record(self, reference: str) -> dict[str, Any]:
        """Do what Client.raw_record does."""
        return await self._driven(self._records.raw_record(reference))

    async def discard(self, record: dict[str, Any]) -> None:
        """Do what Client.discard does."""
        await self._driven(self._records.discard(record))

    def _driven(
        self, flow: Chain[T], leave: Callable[[], None] | None = None
    ) -> Coroutine[Any, Any, T]:
        return drive_async(flow, self, AsyncClient._perform, AsyncClient._silence, leave)

    async def _let_in(
        self,
        variant: str | Sequence[str],
        timeout: float | None,  # noqa: ASYNC109
    ) -> tuple[Callable[[], None] | None, float | None]:
        """Wait for a place among those that submit to a provider, and return how to leave it.

        Return also what is left of the timeout.
        """
        require(variants=variant, timeout=timeout)
        if self._entered() is None:
            return None, timeout
        first = variant if isinstance(variant, str) else next(iter(variant), "")
        begun = self._session.time.elapsed()
        leave = await self._door.enter(str(first).partition("/")[0], timeout)
        spent = self._session.time.elapsed() - begun
        return leave, None if timeout is None else max(timeout - spent, 0.0)

    def _perform(self, effect: Effect) -> Awaitable[Any]:
        loop = self._entered()
        if loop is None:
            return _in_child(effect)
        if isinstance(effect, Sleep):
            end = self._alarms.pause(self._session.time.pause(effect.seconds))
            return end if effect.until is None else self._until_news(loop, end, effect.until)
        if isinstance(effect, Send):
            return (self._transport or self._opened()).send(effect, self._driven)
        if isinstance(effect, Ask):
            return self._answered(effect)
        if isinstance(effect, Do):
            return _to_its_end(self._begun(loop, effect))
        if isinstance(effect, Gather):
            return self._gathered(effect)
        return (self._transport or self._opened()).stream(effect)

    def _until_news(
        self, loop: asyncio.AbstractEventLoop, end: "asyncio.Future[Any]", key: Key
    ) -> "asyncio.Future[Any]":
        """Return the end of a pause, which comes early, with True, once there is news of a task."""
        ears = self._session.ears

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(_end_early, end)

        ears.expect(key, wake)
        end.add_done_callback(lambda _: ears.forget(key, wake))
        return end

    async def _gathered(self, gather: Gather) -> Answer:
        """Return a flow's part of what its group asks for, or the answer to its own call."""
        part = await self._groups.join(gather, self._driven)
        if part is not None:
            return part
        return await (self._transport or self._opened()).send(gather.alone)

    def _opened(self) -> "AsyncTransport":
        from rushes._network.async_transport import (
            AsyncTransport,  # imports httpx: a check can do without
        )

        self._transport = AsyncTransport(self._settings)
        return self._transport

    def _entered(self) -> asyncio.AbstractEventLoop | None:
        """Return the running loop; None in a child that was forked from the process that runs it.

        There it does not count as running, unless the child ends it itself.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        here = loop, os.getpid()
        if self._loop == here:
            return loop
        if self._loop is not None and self._loop[1] != os.getpid():
            if self._loop[0] is loop:
                return None
            self._workers = self._journal_thread = None  # their threads are the parent's
        self._loop = here
        self._questions = Questions(loop)
        self._alarms, self._shared = Alarms(loop), {}
        places = SUBMITS_PER_CONNECTION * self._settings.connections
        self._groups, self._door = Groups(), Door(places)
        separate_in_children(loop)
        return loop

    def _begun(self, loop: asyncio.AbstractEventLoop, do: Do) -> asyncio.Future[Any]:
        """Start work in a thread, or return what was started under the same name."""
        if do.shared in self._shared:
            return self._shared[do.shared]
        if self._workers is None:
            self._workers = ThreadPoolExecutor(4, thread_name_prefix="rushes")
        begun = loop.run_in_executor(self._workers, do.work)
        if do.shared is not None:
            self._shared[do.shared] = begun
            begun.add_done_callback(lambda _: self._shared.pop(do.shared, None))
        return begun

    def _asked(self, ask: Ask) -> "Future[Any]":
        """Start a call of the journal; calls are done in the order in which they were started."""
        journal: Any = self._session.journal
        if hasattr(journal, "begin"):
            begun: Future[Any] = journal.begin(ask.method, *ask.arguments)
            return begun
        if self._journal_thread is None:
            self._journal_thread = ThreadPoolExecutor(1, thread_name_prefix="rushes-journal")
        return self._journal_thread.submit(getattr(journal, ask.method), *ask.arguments)

    async def _answered(self, ask: Ask) -> Any:
        """Await a call of the journal, to its end even if this is cancelled.

        A second cancellation ends the waiting. A forked child does not wait: the call is its
        parent's.
        """
        process, asked = os.getpid(), self._questions.ask(partial(self._asked, ask))
        try:
            return await asked.end
        except asyncio.CancelledError:
            if os.getpid() == process and not asked.arrived:
                asked.end = asyncio.get_running_loop().create_future()
                asked.end.add_done_callback(_seen)
                await asyncio.wait([asked.end])
            raise


def _end_early(end: "asyncio.Future[Any]") -> None:
    """End a pause, unless it has ended."""
    if not end.done():
        end.set_result(True)


async def _in_child(effect: Effect) -> Any:
    """End a flow in a forked child: its loop and its claims are the parent's."""
    if isinstance(effect, Do):
        return effect.work()
    if isinstance(effect, Ask) and effect.method == "release":
        return None
    raise Forked(
        "this process was forked from the one that runs the event loop, and has none; "
        "end it with os._exit(), or use a new client in a new loop"
    )


async def _to_its_end(work: asyncio.Future[Any]) -> Any:
    """Await work that must be finished even if it is cancelled, like a write in progress.

    A second cancellation ends the waiting, but not the work. A forked child does not wait: the work
    is its parent's.
    """
    process = os.getpid()
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_seen)
        if os.getpid() == process:
            await asyncio.wait([work])
        raise


def _seen(work: asyncio.Future[Any]) -> None:
    """Retrieve the outcome of work, so that asyncio does not warn about it."""
    if not work.cancelled():
        work.exception()
