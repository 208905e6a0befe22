"""Places among a client's connections: first come, first served, and no call starves."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class Turn:
    """A call that has a place, or waits for one until the future `admitted` is True.

    `admitted` is None if it had its place at once. A call whose future has any other outcome, or
    was cancelled, no longer waits.
    """

    def __init__(self, admitted: Any, *, long: bool) -> None:
        self.admitted, self.long = admitted, long


class ConnectionQueue:
    """Limits how many calls are under way at once.

    Waiting calls stand in one of two lines: ordinary calls, and downloads, which take long and get
    at most half of the places. While both have waiting calls, the lines take turns, so that a crowd
    in one never starves the other. A call never holds a place while it waits for another.
    """

    def __init__(self, count: int, future: Callable[[], Any]) -> None:
        """Provide `count` places; `future` makes the future to wait for, threaded or async."""
        self._count, self._most_long, self._future = count, max(count // 2, 1), future
        self.renew()

    def renew(self) -> None:
        """Start afresh with every place free, as in a forked child: earlier turns are void."""
        # To admit a call may end others that an abandoned loop has left behind: these leave then.
        self._lock = threading.RLock()
        self._lines: dict[bool, deque[Turn]] = {False: deque(), True: deque()}
        self._inside: set[Turn] = set()
        self._last_long = True

    def join(self, *, long: bool) -> Turn:
        """Join the end of a line. Always call `leave` afterwards, even while still waiting."""
        with self._lock:
            if self._lines[False] or self._lines[True] or not self._has_room(long):
                turn = Turn(self._future(), long=long)
                self._lines[long].append(turn)
                self._admit()
            else:
                turn = Turn(None, long=long)
                self._inside.add(turn)
                self._last_long = long
        return turn

    def leave(self, turn: Turn) -> None:
        """Release a place, or leave the line."""
        with self._lock:
            if turn.admitted is not None:
                turn.admitted.cancel()
            self._inside.discard(turn)
            self._admit()

    def _admit(self) -> None:
        while len(self._inside) < self._count and (turn := self._next()):
            self._inside.add(turn)
            try:
                turn.admitted.set_result(True)
            except RuntimeError:
                continue  # its event loop is closed, and nothing waits any more

    def _next(self) -> Turn | None:
        for long in (not self._last_long, self._last_long):
            line = self._lines[long]
            while line and line[0].admitted.done():  # it waits no more
                line.popleft()
            if line and self._has_room(long):
                self._last_long = long
                return line.popleft()
        return None

    def _has_room(self, long: bool) -> bool:
        if len(self._inside) >= self._count:
            return False
        return not long or sum(turn.long for turn in self._inside) < self._most_long
