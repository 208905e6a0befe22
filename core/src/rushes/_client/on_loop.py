"""What flows on an event loop wait for: other threads, their turn to submit, and each other."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from rushes._flow import Flow, Gather, Sleep
from rushes.calls import Answer

SUBMITS_PER_CONNECTION = 3
"""How many submits to one provider are under way at once, from the check to the receipt.

While some have a connection, others are recorded, before it and after it; more are not faster. If
the process is killed, the outcome of each that was recorded as being sent is unknown; and each
needs several times the memory of a task that waits, which is not given back in pieces.
"""


class Asked:
    """A call of the journal that a flow has asked for.

    `end` is what the flow awaits; if that is cancelled, the flow may await another until the
    outcome has `arrived`.
    """

    __slots__ = ("arrived", "begin", "end")

    def __init__(self, begin: "Callable[[], Future[Any]]", end: asyncio.Future[Any]) -> None:
        self.begin, self.end, self.arrived = begin, end, False


class Questions:
    """What the flows of an event loop ask the journal, and the outcomes on their way back.

    A commit and a wake-up cost the same for one as for many. So what is asked in one turn of the
    loop is handed over together, what is asked meanwhile once all of that has been answered, and
    the loop is woken up once for all outcomes that come before it looks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._process = loop, os.getpid()
        self._asked: list[Asked] = []
        self._ended: deque[tuple[Asked, Future[Any]]] = deque()
        self._under_way = 0
        """How many were handed over and not answered; 1 if that is about to begin."""
        self._woken = False

    def ask(self, begin: "Callable[[], Future[Any]]") -> Asked:
        """Let a call be begun, in the order in which they are asked for, and return it."""
        asked = Asked(begin, self._loop.create_future())
        self._asked.append(asked)
        if not self._under_way:
            self._under_way = 1
            self._loop.call_soon(self._hand_over)
        return asked

    def _hand_over(self) -> None:
        """Begin what was asked for; flows that were answered just now have asked again."""
        together, self._asked = self._asked, []
        self._under_way = len(together)
        if self._process != os.getpid():
            return  # they are the parent's
        for asked in together:
            try:
                begun = asked.begin()
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                begun = Future()
                begun.set_exception(error)
            begun.add_done_callback(partial(self._arrive, asked))

    def _arrive(self, asked: Asked, work: "Future[Any]") -> None:
        self._ended.append((asked, work))
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False  # first: what arrives from here on wakes the loop up again
        while self._ended:
            asked, work = self._ended.popleft()
            asked.arrived = True
            self._under_way -= 1
            _settle(asked.end, work)
        if not self._under_way:
            self._under_way = 1
            self._loop.call_soon(self._hand_over)


def _settle(end: asyncio.Future[Any], work: "Future[Any]") -> None:
    """End a future of a loop as work has ended."""
    if end.done():
        return  # nobody waits any more
    if work.cancelled():
        end.cancel()
    elif error := work.exception():
        end.set_exception(error)
    else:
        end.set_result(work.result())


class Door:
    """Lets a few in at a time, of those that go to one place; who came first goes first."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free: dict[str, asyncio.Semaphore] = {}

    async def enter(self, to: str, seconds: float | None) -> Callable[[], None] | None:
        """Wait for a place, and return what gives it back; None if there is none in time."""
        free = self._free.get(to)
        if free is None:
            free = self._free[to] = asyncio.Semaphore(self._places)
        if seconds is None:
            await free.acquire()
            return free.release
        try:
            async with asyncio.timeout(seconds):
                await free.acquire()
        except TimeoutError:
            return None
        return free.release


class Groups:
    """The flows of an event loop that ask for parts of one answer: one call for each group."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Group] = {}

    async def join(
        self, gather: Gather, drive: Callable[[Flow[Any]], Coroutine[Any, Any, Any]]
    ) -> Answer | None:
        """Return what a flow is given once its group's call is made; None if that is nothing.

        The call belongs to no flow: it is given up only once every flow has been cancelled.
        """
        group = self._open.get(gather.key)
        if group is None:
            group = self._open[gather.key] = _Group()
            group.given = asyncio.ensure_future(drive(self._given(group, gather)))
        group.items.append(gather.item)
        group.waiting += 1
        if len(group.items) >= gather.most:
            self._close(group, gather.key)
        try:
            return (await asyncio.shield(group.given)).get(gather.item)
        except asyncio.CancelledError:
            group.waiting -= 1
            if not group.waiting:
                self._close(group, gather.key)
                group.given.cancel()
                await asyncio.wait([group.given])
                group.given.cancelled() or group.given.exception()  # it concerns nobody any more
            raise

    def _given(self, group: "_Group", gather: Gather) -> Flow[Mapping[str, Answer]]:
        yield Sleep(gather.seconds)
        self._close(group, gather.key)
        return (yield from gather.flow(group.items))

    def _close(self, group: "_Group", key: Hashable) -> None:
        """Let nobody join any more."""
        if self._open.get(key) is group:
            del self._open[key]


class _Group:
    """Flows that make one call."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.waiting = 0
        self.given: asyncio.Future[Mapping[str, Answer]]
