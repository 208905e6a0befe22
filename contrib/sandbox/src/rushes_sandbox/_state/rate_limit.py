"""How many submits each gateway accepts within a window of time."""

import math
from collections import deque
from collections.abc import Callable


class RateLimiter:
    """Accepts `limit` submits per gateway within any `window` seconds; None accepts all."""

    def __init__(self, limit: int | None, window: float, clock: Callable[[], float]) -> None:
        self._limit, self._window, self._clock = limit, window, clock
        self._recent: dict[str, deque[float]] = {}

    def seconds_to_wait(self, gateway: str) -> int:
        """Count a submit and return 0, or return how many seconds too early it came."""
        if self._limit is None:
            return 0
        now = self._clock()
        recent = self._recent.setdefault(gateway, deque())
        while recent and recent[0] <= now - self._window:
            recent.popleft()
        if len(recent) < self._limit:
            recent.append(now)
            return 0
        oldest = recent[0] if recent else now
        return max(1, math.ceil(oldest + self._window - now))
