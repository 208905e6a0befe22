"""When to look at a task next: late enough to save polls, early enough that nobody waits longer.

Polling at a constant interval asks many times while no task can have ended yet. In theory the best
gap is proportional to 1/sqrt(hazard), the hazard being the chance that a task ends now if it has
not ended before (Barlow, Hunter and Proschan, 1963; Keller, 1974). For the durations that occur,
this nearly amounts to leaving the task alone at first, and then looking at a constant interval. So
a schedule has two numbers. Of all pairs with which the known tasks would have been found as soon,
on average, as by polls at the declared interval, the one with the fewest polls is taken.

Until the first look, gaps have a limit; after it, each is at most the declared interval, or twice
that where progress shows that the end is far away. So wrong expectations cost at worst one long
gap. What was learned from a task whose end nobody saw coming pulls the first look forward again.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from statistics import NormalDist

from msgspec import Struct

from rushes.task import Status, Task
from rushes.variant import Polling

REMEMBERED = 100
"""Durations that a schedule is made from, the newest."""
SPREAD = 1.05
"""By how much a pause is lengthened on average, so that many clients do not poll in step."""
MAX_GAP = 12.0
"""The longest gap, in declared intervals."""
_PRIOR_WEIGHT = 3.0
"""How many durations the declaration counts for; the less, the more are known."""
_UNSEEN = 0.75
"""When a task has ended that the first poll finds completed, as a part of its age then."""
_QUANTILES = tuple(NormalDist().inv_cdf((i + 0.5) / 40) for i in range(40))


class Schedule(Struct, frozen=True):
    """Look first at the age `first`, then `every` so many seconds; no gap is over `longest`."""

    first: float
    every: float
    longest: float = math.inf

    def pause(self, age: float) -> float:
        """Return the seconds until the next look at a task of this age."""
        left = self.first - max(age, 0.0)
        if left <= 0 or not math.isfinite(self.longest):
            return self.every if left <= 0 else left
        return left / math.ceil(left / self.longest)


def floor(polling: Polling) -> float:
    """Return the least seconds between two polls."""
    return polling.every if polling.floor is None else polling.floor


@lru_cache(maxsize=64)
def fixed(polling: Polling) -> Schedule:
    """Return the schedule that looks at the declared interval, whatever is known."""
    return Schedule(polling.first, polling.every)


def planned(polling: Polling, durations: Sequence[float] = ()) -> Schedule:
    """Return the schedule with the fewest polls for tasks that take as long as these did.

    On average they are found as soon as at the declared interval. Until enough durations are known,
    the declaration counts, too, like a few between `first` and `at_most`. It may be wrong: the
    first look is at most one interval later than declared, unless a task is known to have taken
    longer.
    """
    if not 0 < polling.every < polling.at_most < math.inf:
        return fixed(polling)
    known = [(duration, 1.0) for duration in durations]
    weight = _PRIOR_WEIGHT * (1 - len(durations) / REMEMBERED)
    if weight > 0:
        known += [(duration, weight / len(_QUANTILES)) for duration in _prior(polling)]
    known.sort()
    total = len(durations) + max(weight, 0.0)
    allowed = polling.every * SPREAD / 2
    best = (math.inf, polling.first, polling.every)
    furthest = max([polling.first + polling.every, *durations])
    early, early_sum = 0.0, 0.0  # of what ends before the first look
    late_sum = sum(duration * weight for duration, weight in known)
    for duration, weight in ((polling.first, 0.0), *known):
        early, early_sum = early + weight, early_sum + duration * weight
        late_sum -= duration * weight
        first = max(duration, polling.first)
        waited = (first * early - early_sum) / total
        late = max(1 - early / total, 1e-9)
        if waited > allowed or first > furthest:
            break
        every = min(2 * (allowed - waited) / late, polling.every * SPREAD)
        polls = 1 + (late_sum / total - first * late) / max(every, 1e-9) + late / 2
        if every >= floor(polling) and polls < best[0]:
            best = (polls, first, every)
    _, first, every = best
    longest = MAX_GAP * polling.every
    return Schedule(max(first / SPREAD, polling.first), every / SPREAD, longest)


@lru_cache(maxsize=64)
def _prior(polling: Polling) -> tuple[float, ...]:
    """Return durations as they are expected before any is known.

    They are log-normal; 99 % of them lie between `first` and `at_most`.
    """
    first = max(polling.first, polling.every / 2)
    middle, sigma = math.sqrt(first * polling.at_most), math.log(polling.at_most / first) / 5
    return tuple(middle * math.exp(sigma * z) for z in _QUANTILES)


def rare(polling: Polling, durations: Sequence[float] = ()) -> Schedule:
    """Return the schedule for tasks of which the provider tells when they end: in case it does not.

    They are asked for once, when twice the longest of the known durations is over, or half the time
    that they may take, and not again before that.
    """
    half = polling.at_most / 2
    first = min(2 * max(durations), half) if durations else half
    return Schedule(max(first, polling.first), max(polling.at_most, polling.every))


class Learned:
    """What a client knows of how long one kind of task takes, and the schedule made from it."""

    def __init__(self, polling: Polling) -> None:
        self._polling = polling
        self._durations: deque[float] = deque(maxlen=REMEMBERED)
        self._new = 0
        self.schedule = planned(polling)
        self.rare = rare(polling)

    def add(self, durations: Iterable[float]) -> None:
        """Add what tasks took, the oldest first; a tenth more changes the schedule."""
        for duration in durations:
            self._durations.append(duration)
            self._new += 1
        if self._new * 10 >= len(self._durations) > 0:
            known, self._new = list(self._durations), 0
            self.schedule, self.rare = planned(self._polling, known), rare(self._polling, known)


def estimated(before: float | None, seen: float, polling: Polling) -> float | None:
    """Return about how long a task took that was completed at the age `seen`.

    `before` is its age at the poll before, None if there was none. It ended between the two: in the
    middle, or a quarter before the first poll, which is late rather than early. Returns None if
    nobody polled for so long that nothing can be said.
    """
    since = before or 0.0
    if not 0 <= since < seen or seen - since > (MAX_GAP + 1) * polling.every:
        return None
    return seen * _UNSEEN if before is None else (since + seen) / 2


def with_progress(
    pause: float, before: Task, status: Status, looked_at: float, every: float
) -> float:
    """Lengthen a pause if the progress since the poll before shows that the end is far away.

    Half of what seems to be left is waited for, but at most twice the declared interval: what
    providers call progress is seldom proportional to time.
    """
    if before.progress is None or status.progress is None or before.looked_at is None:
        return pause
    gained, since = status.progress - before.progress, looked_at - before.looked_at
    if gained <= 0 or since <= 0:
        return pause
    left = (100 - status.progress) * since / gained
    return max(pause, min(left / 2, 2 * every))
