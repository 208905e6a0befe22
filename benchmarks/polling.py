"""Polls: how many the schedule needs, beside theory and beside a constant interval.

Simulated tasks take log-normal times (and others); a schedule's polls are compared with those of
the constant interval that finds the same tasks equally soon on average. No network, and the same
figures on every machine. Usage: python benchmarks/polling.py [--write] (into docs/performance.md)
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple

from performance_page import print_section
from rushes import Polling, Status, Task
from rushes._wait.schedule import (
    REMEMBERED,
    Learned,
    Schedule,
    estimated,
    fixed,
    floor,
    planned,
    with_progress,
)

MEDIAN = 90.0
SIGMAS = (0.25, 0.5, 0.8)
FREE = Polling(first=5, every=10, at_most=600, floor=5)
BOUND = Polling(first=5, every=10, at_most=600)
LONG = Polling(first=20, every=10, at_most=3600)
"""As where a page says only that a task may take an hour."""
TASKS = 8000
Draw = Callable[[random.Random], float]
Progress = Callable[[float], float]


class Outcome(NamedTuple):
    """What following many tasks took: polls of each, and the seconds until its end was noticed."""

    durations: list[float]
    polls: list[int]
    lags: list[float]

    def against_constant(self) -> float:
        """Return how many times as many polls the best constant interval needs for this lag."""
        return _constant(self.durations, fmean(self.lags)) / fmean(self.polls)

    def cells(self, limit: float | None) -> list[str]:
        """Return a table's cells; the share of the saving is left out without a limit."""
        times, lags = self.against_constant(), sorted(self.lags)
        share = "" if limit is None else f"{(1 - 1 / times) / (1 - 1 / limit):.0%}"
        p95 = lags[int(len(lags) * 0.95)]
        lag = f"{fmean(lags):.1f} / {p95:.0f} / {lags[-1]:.0f}"
        return [f"{fmean(self.polls):.1f}", lag, f"{times:.2f}", share]


def _constant(durations: Sequence[float], lag: float) -> float:
    """Return the polls of the constant interval with this mean lag."""
    low, high = 0.1, 1000.0
    for _ in range(30):
        middle = (low + high) / 2
        found = fmean(middle * math.ceil(each / middle) - each for each in durations)
        low, high = (middle, high) if found < lag else (low, middle)
    return fmean(math.ceil(each / low) for each in durations)


def lognormal(median: float, sigma: float) -> Draw:
    return lambda dice: median * math.exp(dice.gauss(0, sigma))


def two_humps(dice: random.Random) -> float:
    """Seven of ten tasks start at once, the others wait for their turn."""
    return lognormal(60 if dice.random() < 0.7 else 240, 0.15)(dice)


def follow(
    dice: random.Random,
    polling: Polling,
    schedule: Schedule,
    duration: float,
    progress: Progress | None = None,
) -> tuple[int, float, float | None]:
    """Follow one task as the client does; return its polls, its lag, and what is learned of it."""
    age, polls, before = 0.0, 0, None
    task: Task | None = None
    while True:
        pause = schedule.pause(age)
        if progress is not None and before is not None:
            status = Status(state="in_progress", progress=progress(age / duration))
            if task is not None:
                pause = with_progress(pause, task, status, age, polling.every)
            task = _seen(age, status.progress)
        pause *= dice.uniform(1, 1.1)
        age += pause if before is None else max(pause, floor(polling))
        polls += 1
        if age >= duration:
            return polls, age - duration, estimated(before, age, polling)
        before = age


def _seen(age: float, progress: float | None) -> Task:
    return Task(
        id="t", variant="v", base_url="", client_id="t", call=None, created_at=0, updated_at=0,
        looked_at=age, progress=progress,
    )  # fmt: skip


def _followed(
    polling: Polling,
    draw: Draw,
    schedules: Iterator[Schedule],
    progress: Progress | None = None,
) -> Outcome:
    dice, outcome = random.Random(7), Outcome([], [], [])
    for schedule, _ in zip(schedules, range(TASKS), strict=False):
        duration = draw(dice)
        polls, lag, _ = follow(dice, polling, schedule, duration, progress)
        for kept, value in zip(outcome, (duration, polls, lag), strict=True):
            kept.append(value)  # type: ignore[arg-type]
    return outcome


def known(polling: Polling, draw: Draw, count: int, progress: Progress | None = None) -> Outcome:
    """Follow tasks whose schedule knows the durations of `count` others."""

    def schedules() -> Iterator[Schedule]:
        dice = random.Random(count)
        while True:  # 20 tasks with each: which durations happen to be known matters, too
            schedule = planned(polling, [draw(dice) for _ in range(count)])
            yield from [schedule] * 20

    return _followed(polling, draw, schedules(), progress)


def by_itself(polling: Polling, draws: Sequence[Draw], skip: int = 400) -> Outcome:
    """Follow tasks that learn only from what the polls before them showed."""
    dice, outcome = random.Random(7), Outcome([], [], [])
    learned = Learned(polling)
    for number, draw in enumerate(draws):
        duration = draw(dice)
        polls, lag, took = follow(dice, polling, learned.schedule, duration)
        if took is not None:
            learned.add([took])
        if number >= skip:
            for kept, value in zip(outcome, (duration, polls, lag), strict=True):
                kept.append(value)  # type: ignore[arg-type]
    return outcome


def limit(sigma: float) -> float:
    """Return how many times as many polls the best constant interval needs as the best schedule.

    With the gap sqrt(2c/hazard) a task needs I/sqrt(2c) polls and is noticed after I*sqrt(2c)/2, I
    being the integral of sqrt(density * survival); a constant gap d needs mean/d, and d/2.
    """
    normal, steps = NormalDist(), 4000
    width = 18 / steps
    places = (width * (number + 0.5) - 9 for number in range(steps))
    # In units of the median; the change of variable from time to z gives exp(sigma * z) * sigma.
    integral = width * sum(
        math.sqrt(normal.pdf(z) * normal.cdf(-z) * sigma * math.exp(sigma * z)) for z in places
    )
    return math.exp(sigma**2 / 2) / integral**2


def optimum(sigma: float, lag: float, closest: float) -> tuple[float, float]:
    """Return polls and mean lag of the best polls at whole seconds, found by dynamic programming.

    `lag` is the greatest allowed; no two polls are closer than `closest`.
    """
    normal, size = NormalDist(), int(MEDIAN * math.exp(3.8 * sigma))
    places = [math.log(max(age, 1e-9) / MEDIAN) / sigma for age in range(size + 1)]
    ended = [normal.cdf(z) for z in places]
    mean = MEDIAN * math.exp(sigma**2 / 2)
    lost = [mean * normal.cdf(z - sigma) for z in places]  # the part of the mean below an age
    low, high, best = 0.1, 30.0, (math.inf, 0.0)
    for _ in range(10):
        cost = math.sqrt(low * high)  # seconds of lag that one poll is worth
        found = _best_polls(ended, lost, cost, int(closest))
        low, high = (cost, high) if found[1] <= lag else (low, cost)
        best = min(best, found) if found[1] <= lag else best
    return best


def _best_polls(
    ended: Sequence[float], lost: Sequence[float], cost: float, closest: int
) -> tuple[float, float]:
    last = len(ended) - 1
    value, following = [0.0] * len(ended), [0] * len(ended)
    for age in range(last - 1, -1, -1):
        choices = range(min(age + closest, last), min(age + 150, last) + 1)
        done, before = ended[age], lost[age]
        value[age], following[age] = min(
            (at * (ended[at] - done) - (lost[at] - before) + value[at], at) for at in choices
        )
        value[age] += cost * (1 - done)
    age, polls, lag = 0, 0.0, 0.0
    while age < last:
        at = following[age]
        polls += 1 - ended[age]
        lag += at * (ended[at] - ended[age]) - (lost[at] - lost[age])
        age = at
    return polls, lag


def theory() -> list[list[str]]:
    """Return the rows about what is possible at all."""
    rows = []
    for sigma in SIGMAS:
        draw = lognormal(MEDIAN, sigma)
        today = _followed(BOUND, draw, iter([fixed(BOUND)] * TASKS))
        lag = fmean(today.lags)
        cells = [f"{limit(sigma):.2f}"]
        for closest in (1.0, BOUND.every):
            polls, found = optimum(sigma, lag, closest)
            cells.append(f"{_constant(today.durations, found) / polls:.2f}")
        rows.append([f"{sigma}", *cells, f"{today.against_constant():.2f}"])
    return rows


def measured() -> list[list[str]]:
    """Return the rows about the schedule."""
    rows = []
    for sigma in SIGMAS:
        draw, best = lognormal(MEDIAN, sigma), limit(sigma)
        today = _followed(BOUND, draw, iter([fixed(BOUND)] * TASKS))
        rows.append([f"sigma {sigma}", "the constant interval of 10 s", *today.cells(best)])
        for count in (0, 5, 20, REMEMBERED):
            outcome = known(FREE, draw, count)
            rows.append([f"sigma {sigma}", f"{count} durations known", *outcome.cells(best)])
        itself = by_itself(FREE, [draw] * TASKS)
        rows.append([f"sigma {sigma}", "learned from its own polls", *itself.cells(best)])
        bound = by_itself(BOUND, [draw] * TASKS)
        rows.append([f"sigma {sigma}", "the same, 10 s between polls at least", *bound.cells(best)])
    return rows


def mistaken() -> list[list[str]]:
    """Return the rows about wrong expectations and other durations."""
    rows = []
    parts = {0.125: "an eighth of", 0.25: "a quarter of", 0.5: "half", 2.0: "twice", 4.0: "4 times"}
    for polling, which in ((FREE, ""), (LONG, "up to an hour declared, ")):
        middle = math.sqrt(polling.first * polling.at_most)
        for factor, words in parts.items():
            for sigma in SIGMAS:
                outcome = known(polling, lognormal(middle * factor, sigma), 0)
                case = f"{which}nothing known, tasks take {words} what is expected, sigma {sigma}"
                rows.append([case, *outcome.cells(None)[:-1]])
    for count in (0, 20, REMEMBERED):
        outcome = known(FREE, two_humps, count)
        rows.append([f"60 s or 240 s, {count} durations known", *outcome.cells(None)[:-1]])
    for words, sigma in (("narrow", 0.25), ("wide", 0.8)):
        outcome = known(FREE, lognormal(600, sigma), REMEMBERED)
        case = f"ten minutes, {words} (sigma {sigma}), {REMEMBERED} known"
        rows.append([case, *outcome.cells(None)[:-1]])
    slow, fast = lognormal(MEDIAN, 0.25), lognormal(MEDIAN / 3, 0.25)
    for skip, to, words in ((0, 20, "first 20"), (20, 100, "next 80"), (100, 300, "next 200")):
        outcome = by_itself(FREE, [slow] * 400 + [fast] * to, 400 + skip)
        case = f"three times as fast from one day to the next: the {words} tasks"
        rows.append([case, *outcome.cells(None)[:-1]])
    told: dict[str, Progress] = {
        "proportional to time": lambda part: 100 * part,
        "quick, then slow": lambda part: 100 * math.sqrt(part),
        "slow, then quick": lambda part: 100 * part**3,
        "in steps of 25": lambda part: 25.0 * int(4 * part),
    }
    for words, progress in told.items():
        outcome = known(FREE, lognormal(MEDIAN, 0.5), REMEMBERED, progress)
        rows.append([f"progress {words}, sigma 0.5, {REMEMBERED} known", *outcome.cells(None)[:-1]])
    return rows


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section() -> str:
    """Return the page's section."""
    heads = ["polls", "lag in s: mean / p95 / max", "constant / ours"]
    return f"""## Polls

Made by `python benchmarks/polling.py --write`; simulated, the same on every machine.

The *lag* is the time from a task's end to the poll that shows it. Durations are log-normal with a
median of {MEDIAN:g} s; *sigma* is the standard deviation of their logarithm. Every schedule is
compared with the best constant interval that has the same mean lag: a schedule that saves polls by
letting people wait gains nothing in this table.

What is possible: how many times as many polls the best constant interval makes. *Limit* is the
figure that theory gives for small intervals (gaps in proportion to 1/√hazard); *optimum* the best
schedule at whole seconds at the lag of a constant 10 s, found by dynamic programming, with any gaps
and with gaps of 10 s or more; *10 s* a declared interval of 10 s, with the first poll after 5.

{table(["sigma", "limit", "optimum", "optimum, gaps ≥ 10 s", "10 s"], theory())}

What the schedule reaches (`Polling(first=5, every=10, at_most=600, floor=5)`, or without `floor`
where 10 s are the least). *Saving* is the share of the saved polls that the limit allows. Learned
from its own polls: no duration is known better than between two polls.

{table(["durations", "schedule", *heads, "saving"], measured())}

Where expectations are wrong, or durations are not log-normal. 1.00 is a constant interval.

{table(["case", *heads], mistaken())}
"""


if __name__ == "__main__":
    print_section(__doc__, section)
