"""The budget: a wrapper that refuses what exceeds a limit, and an observer that learns the cost."""

import datetime
import logging
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rushes import ConfigurationError, Problem, Task, Variant, hookimpl
from rushes.home import Environment, home_folder

from rushes_budget.ledger import Entry, Ledger, Limit, micros, usd
from rushes_budget.limits import VARIABLES, Limits, limits

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Budget"]

_log = logging.getLogger("rushes.budget")


class Budget:
    """Limits what is spent; pass it to a client both as a wrapper and as an observer.

        budget = Budget(day=20, providers={"toapis": 5}, unknown_price=0.5)
        client = rushes.Client(wrappers=[budget], observers=[budget])

    `run` is the limit for this object's life, `day` that of a day in local time, `providers` those
    of a day at each provider, all in USD; `unknown_price` is what a job without a known price
    counts, which is refused by default. What is left out is read from the environment, or from
    `budget.json` in `folder`, by default the home folder of rushes, each time a job is to be sent.

    A job counts with its estimate from right before it is sent, and with its cost once that is
    known. It is given back if it was provably not bought. Raises nothing itself: a client raises
    RequestError for what is refused, and ConfigurationError if a setting, or the file in which
    spending is counted, cannot be read. Then nothing is sent.
    """

    def __init__(
        self,
        *,
        run: float | None = None,
        day: float | None = None,
        providers: Mapping[str, float] | None = None,
        unknown_price: float | None = None,
        folder: str | Path | None = None,
    ) -> None:
        self._given = Limits(
            run=run, day=day, providers=dict(providers or {}), unknown_price=unknown_price
        )
        for usd_ in (run, day, unknown_price, *self._given.providers.values()):
            if usd_ is not None and not (math.isfinite(usd_) and usd_ >= 0):
                raise ConfigurationError(f"{usd_} is not an amount in USD; give 0 or more")
        self._folder = folder
        self._run = secrets.token_hex(8)
        self._writing: tuple[int, ThreadPoolExecutor] | None = None
        self._last: tuple[int, Future[None]] | None = None

    @hookimpl
    def approve(self, variant: Variant, task: Task, now: float) -> list[Problem]:
        """Reserve what a job may cost, or say which limits it would exceed."""
        limits = self.limits()
        if not limits.any:
            return []
        estimate = task.estimate
        if estimate is None or not (math.isfinite(estimate) and estimate >= 0):
            estimate = limits.unknown_price
        if estimate is None:
            return [_unknown_price(variant)]
        entry = Entry(
            task=task.id,
            provider=variant.provider,
            run=self._run,
            at=now,
            micros=micros(estimate),
        )
        holding = self._holding(limits, now, variant.provider)
        exceeded = self.ledger.reserve(entry, holding)
        return [_exceeded(limit, spent, entry) for limit, spent in exceeded]

    def __call__(self, task: Task) -> None:
        """Learn what became of a job: observers must not wait, so it is written in a thread."""
        if (_not_bought(task) or task.cost is not None) and self.ledger.path.exists():
            self._last = os.getpid(), self._writer().submit(self._settle_quietly, task)

    def settle(self, task: Task) -> None:
        """Write down what became of a job; raises ConfigurationError."""
        if _not_bought(task):
            self.ledger.release(task.id, task.updated_at)
        elif task.cost is not None and math.isfinite(task.cost) and task.cost >= 0:
            self.ledger.bill(task.id, micros(task.cost))

    def flush(self) -> None:
        """Wait until everything is written that this object was told as an observer."""
        if self._last is not None and self._last[0] == os.getpid():
            self._last[1].result()

    def limits(self) -> Limits:
        """Return the limits that hold now; raises ConfigurationError if one is malformed."""
        return limits(self._given, Environment(), self.folder)

    def spent(self, now: float) -> list[tuple[Limit, int]]:
        """Return each limit, with what is spent or reserved of it, in millionths of a USD."""
        self.flush()
        return [(limit, self.ledger.spent(limit)) for limit in self._holding(self.limits(), now)]

    def unsettled(self, now: float) -> list[str]:
        """Return the references of today's jobs whose cost is not known yet."""
        return self.ledger.unbilled(_day(now)[0])

    @property
    def folder(self) -> Path:
        """The folder of the file with the limits, and of that with what is spent."""
        return home_folder(self._folder, Environment())

    @property
    def ledger(self) -> Ledger:
        """What was spent."""
        return Ledger(self.folder / "budget.db")

    def _holding(self, limits: Limits, now: float, at: str | None = None) -> list[Limit]:
        """Return the limits as they are counted; `at` one provider, or at all."""
        begin, end = _day(now)
        found = []
        if limits.run is not None:
            found.append(
                Limit(name="per run", setting="run", micros=micros(limits.run), run=self._run)
            )
        if limits.day is not None:
            found.append(
                Limit(
                    name="per day",
                    setting="day",
                    micros=micros(limits.day),
                    since=begin,
                    resets_at=end,
                )
            )
        for provider, most in limits.providers.items():
            if at in (None, provider):
                found.append(
                    Limit(
                        name=f"per day at {provider}",
                        setting="providers",
                        micros=micros(most),
                        since=begin,
                        provider=provider,
                        resets_at=end,
                    )
                )
        return found

    def _settle_quietly(self, task: Task) -> None:
        try:
            self.settle(task)
        except ConfigurationError as error:
            _log.warning("it still counts as spent: %s", error)

    def _writer(self) -> "ThreadPoolExecutor":
        """Return the thread that writes; a forked process needs one of its own."""
        from concurrent.futures import ThreadPoolExecutor  # needed only where spending is limited

        if self._writing is None or self._writing[0] != os.getpid():
            self._writing = (os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="rushes-budget"))
        return self._writing[1]


def _not_bought(task: Task) -> bool:
    """Whether it is sure that nothing was bought; of what is unknown, nobody is."""
    return task.state in ("recorded", "refused") or (
        task.state == "cancelled" and task.receipt is None
    )


def _day(now: float) -> tuple[float, float]:
    """Return when the local day began and ends; a day may have 23 hours."""
    today = datetime.datetime.fromtimestamp(now).date()
    days = (today, today + datetime.timedelta(days=1))
    begin, end = (datetime.datetime.combine(day, datetime.time()).timestamp() for day in days)
    return begin, end


def _exceeded(limit: Limit, spent: int, asked: Entry) -> Problem:
    when = "each run begins at 0"
    if limit.resets_at is not None:
        then = datetime.datetime.fromtimestamp(limit.resets_at).astimezone()
        when = f"it resets at {then:%Y-%m-%d %H:%M %Z}"
    message = (
        f"the budget of {usd(limit.micros)} {limit.name} would be exceeded: {usd(spent)} are spent "
        f"or reserved, and this job may cost {usd(asked.micros)}; {when}. `rushes budget` or "
        f"{VARIABLES[limit.setting]} changes the limit"
    )
    return Problem(path="", code="budget", message=message)


def _unknown_price(variant: Variant) -> Problem:
    message = (
        f"spending is limited, and {variant.id} states no price for this job; say what such a job "
        f"counts, in USD, with `rushes budget --unknown-price` or {VARIABLES['unknown_price']}"
    )
    return Problem(path="", code="price_unknown", message=message)
