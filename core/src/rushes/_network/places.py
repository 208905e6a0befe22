"""Places among a client's connections: whoever comes first is served first, and nobody starves."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class Turn:
    """Somebody who waits for a place, or has one: then the future `come` is done."""

    def __init__(self, come: Any, *, long: bool) -> None:
        self.come, self.long = come, long


class Places:
    """So many calls may be under way at once.

    Those who wait stand in one of two lines: ordinary calls, and downloads, which take long and get
    at most half of the places. Where somebody waits in both, the lines take turns, so that a crowd
    in one never starves the other. Nobody ever holds a place while waiting for another.
    """

    def __init__(self, count: int, future: Callable[[], Any]) -> None:
        """Have `count` places; `future` makes what is waited for, in a thread or on a loop."""
        self._count, self._most_long, self._future = count, max(count // 2, 1), future
        self.renew()

    def renew(self) -> None:
        """Begin anew with every place free, as in a forked child: what was before is void."""
        self._lock = threading.Lock()
        self._lines: dict[bool, deque[Turn]] = {False: deque(), True: deque()}
        self._inside: set[Turn] = set()
        self._last_long = True

    def join(self, *, long: bool) -> Turn:
        """Stand at the end of a line. Call `leave` in any case, also while still waiting."""
        turn = Turn(self._future(), long=long)
        with self._lock:
            self._lines[long].append(turn)
            self._admit()
        return turn

    def leave(self, turn: Turn) -> None:
        """Give up a place, or one's turn in the line."""
        with self._lock:
            turn.come.cancel()
            self._inside.discard(turn)
            self._admit()

    def _admit(self) -> None:
        while len(self._inside) < self._count and (turn := self._next()):
            self._inside.add(turn)
            turn.come.set_result(None)

    def _next(self) -> Turn | None:
        full = sum(turn.long for turn in self._inside) >= self._most_long
        for long in (not self._last_long, self._last_long):
            line = self._lines[long]
            while line and line[0].come.cancelled():
                line.popleft()
            if line and not (long and full):
                self._last_long = long
                return line.popleft()
        return None
