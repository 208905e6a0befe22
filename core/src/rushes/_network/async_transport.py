"""Calls made on an event loop: many at once, and a cancellation leaves none half done."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, aclosing, nullcontext
from functools import partial
from typing import Any, TypeVar

import httpcore
import httpx

from rushes._flow import Flow, Send, Stream
from rushes._network.active_call import ActiveCall
from rushes._network.alarms import Alarms
from rushes._network.connections import AsyncBackend
from rushes._network.messages import (
    BEGINNING,
    FAILED,
    MAX_ANSWER,
    answer_of,
    bounded,
    check_deadline,
    failed,
    kept_of,
    unpacked_answer,
)
from rushes._network.requests import (
    Incoming,
    Request,
    for_httpx,
    received,
    request_of,
    without_frames,
)
from rushes._network.routes import ASYNC, Routes
from rushes._network.settings import NetworkSettings
from rushes._network.transport import (
    confirmation,
    no_connection_free,
    start_call,
    take_connection,
)
from rushes.calls import Answer

T = TypeVar("T")
Read = Callable[[Incoming, ActiveCall], Awaitable[Answer]]
"""Reads an answer whose head has arrived."""
_NOTHING: AbstractContextManager[None] = nullcontext()


class AsyncTransport:
    """Makes many calls at once over a bounded number of connections, on one event loop."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        self._backend = AsyncBackend(settings.resolve)
        self._routes = Routes(settings, ASYNC, self._backend, httpx.create_ssl_context, _future)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarms: Alarms
        self._writers: ThreadPoolExecutor | None = None

    def send(
        self, effect: Send, drive: Callable[[Flow[None]], Awaitable[None]] | None = None
    ) -> Coroutine[Any, Any, Answer]:
        """Make one call and return its whole answer; `drive` lets a paid one be confirmed."""
        return self._perform(effect, partial(self._whole, effect), drive)

    def stream(self, effect: Stream) -> Coroutine[Any, Any, Answer]:
        """Make one call and stream a good answer's body; of any other, return the beginning."""
        return self._perform(effect, partial(self._streamed, effect))

    async def close(self) -> None:
        """Close every connection; those of a closed loop are already gone."""
        closing = self._routes.drop()
        if self._loop is asyncio.get_running_loop():
            await _closed(closing)
        if self._writers is not None:
            self._writers.shutdown(wait=False)
            self._writers = None
        if self._settings.transport is not None:
            await self._settings.transport.aclose()

    async def _whole(self, effect: Send, incoming: Incoming, active: ActiveCall) -> Answer:
        body = await _read(incoming, active, MAX_ANSWER + 1, kept_of(effect))
        answer = unpacked_answer(incoming, body)
        if effect.dispatch:
            effect.dispatch.answer = answer
        return answer

    async def _streamed(self, effect: Stream, incoming: Incoming, active: ActiveCall) -> Answer:
        if incoming.status not in (200, 206):
            return answer_of(incoming, await _read(incoming, active, BEGINNING))
        await self._written(effect.sink.begin, answer_of(incoming))
        async for chunk in incoming.pieces:
            check_deadline(active)
            await self._written(effect.sink.write, chunk)
            effect.sink.report_progress()
        return answer_of(incoming)

    async def _perform(
        self,
        effect: Send | Stream,
        read: Read,
        drive: Callable[[Flow[None]], Awaitable[None]] | None = None,
    ) -> Answer:
        request = request_of(effect, self._settings)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # earlier connections belonged to another loop
            self._loop, self._writers = loop, None
            self._alarms = self._backend.alarms = Alarms(loop)
            self._routes.renew()
        turn = self._routes.queue.join(long=isinstance(effect, Stream))
        try:
            admitted, patience = turn.admitted, effect.patience
            if admitted is not None and not await self._alarms.within(admitted, patience):
                raise no_connection_free(effect)
            if drive is not None and (confirming := confirmation(effect)) is not None:
                await drive(confirming)
            active = start_call(effect)
            try:
                if self._settings.transport is not None:
                    with active:
                        return await self._custom_exchange(request, active, read)
                return await self._exchange(request, active, read)
            except FAILED as error:
                raise failed(error, active) from without_frames(error)
        finally:
            self._routes.queue.leave(turn)

    async def _exchange(self, request: Request, active: ActiveCall, read: Read) -> Answer:
        connection, closing = take_connection(self._routes, request, active)
        with active if connection.needs_current else _NOTHING:
            try:
                await _closed(closing)
                answer = await read(await connection.exchange(request, active), active)
            except GeneratorExit:
                raise  # the loop is gone; the socket goes with it
            except BaseException:
                if self._loop is not None and self._loop.is_closed():
                    # The same while connecting: asyncio closes what it has opened, which fails.
                    raise GeneratorExit from None
                await self._give_back(connection)
                raise
            await self._give_back(connection)
        return answer

    async def _give_back(self, connection: Any) -> None:
        """Keep a connection whose answer was read completely, close any other."""
        if connection.ends_later:
            await _finish(self._ended(connection))
        elif not self._routes.keep(connection):
            connection.abort()  # whoever waits for its end may be cancelled
            await connection.aclose()

    async def _ended(self, connection: Any) -> None:
        await connection.end()
        if not self._routes.keep(connection):
            await connection.aclose()

    async def _custom_exchange(self, request: Request, active: ActiveCall, read: Read) -> Answer:
        active.leave()  # it is unknown when its first byte leaves
        try:
            async with asyncio.timeout(active.seconds_left) as limit:
                response = await self._settings.transport.handle_async_request(for_httpx(request))
                async with aclosing(response.stream):
                    return await read(received(response), active)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise httpcore.ReadTimeout(active.timeout_message) from error

    async def _written(self, write: Callable[[Any], None], what: Any) -> None:
        """Write in a thread, and finish: a write in progress must not outlive the exchange.

        The threads are our own: those of the loop may all be waiting for this download.
        """
        if self._writers is None:
            self._writers = ThreadPoolExecutor(thread_name_prefix="rushes-download")
        loop = asyncio.get_running_loop()
        await _finish(loop.run_in_executor(self._writers, write, what))


def _future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


async def _read(
    incoming: Incoming, active: ActiveCall, most: int, kept: Callable[[bytes], bytes] = bytes
) -> bytes:
    body = bytearray()
    async for chunk in incoming.pieces:
        check_deadline(active)
        body += kept(chunk)
        if len(body) >= most:
            break
    return bounded(body, most)


async def _closed(connections: Collection[Any]) -> None:
    """Close connections that nobody else knows any more: all, however often it is cancelled."""
    ours = [connection for connection in connections if not connection.ends_later]
    for connection in ours:
        connection.abort()
    others = [connection.aclose() for connection in connections if connection.ends_later]
    if others:
        await _finish(asyncio.gather(*others, return_exceptions=True))
    for connection in ours:
        await connection.aclose()


async def _finish(work: Awaitable[T]) -> T:
    """Await work that must be finished, however often it is cancelled."""
    running = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.cancelled() or running.exception()  # retrieved, so that asyncio does not report it
        raise cancelled
    return running.result()
