"""What ends by itself on an event loop: pauses, and waits that take too long."""

import asyncio
import heapq
import itertools


class Alarms:
    """The alarms of an event loop: one heap, and one timer of the loop for the next that rings.

    Each call has one, and each task that waits; a timer for each would cost more than the rest of
    the wait. They ring in the order in which they are due; of two that are due at once, the older
    rings first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[tuple[float, int, asyncio.Future[bool]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._most = 0

    def pause(self, seconds: float) -> asyncio.Future[bool]:
        """Return a future that ends when so many seconds have passed, unless it is cancelled."""
        end = self._loop.create_future()
        self._set(end, seconds)
        return end

    def within(self, future: asyncio.Future[bool], seconds: float | None) -> asyncio.Future[bool]:
        """Return the future; if it has no result after so many seconds, that becomes False."""
        if seconds is not None and not future.done():
            self._set(future, seconds)
        return future

    def _set(self, future: asyncio.Future[bool], seconds: float) -> None:
        due = self._loop.time() + seconds
        if len(self._waiting) >= self._most:
            self._forget_ended()
        heapq.heappush(self._waiting, (due, next(self._numbers), future))
        if self._timer is None or due < self._next:
            self._set_timer()

    def _forget_ended(self) -> None:
        """Drop what nobody waits for; called again once there are twice as many alarms."""
        self._waiting = [one for one in self._waiting if not one[2].done()]
        heapq.heapify(self._waiting)
        self._most = 2 * len(self._waiting) + 100

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = self._waiting[0][0]
        self._timer = self._loop.call_at(self._next, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][2].done()):
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(False)
        if self._waiting:
            self._set_timer()
