"""Many jobs held by this process, a limited number at a time, and what becomes of them."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from rushes import RushesError, Task
from rushes_cli.exit_codes import NOT_BOUGHT, exit_code
from rushes_cli.terminal import one_line

from rushes_batch._holding import AGAIN, Holder, Outcome
from rushes_batch._jobs import Job, cost_of, was_sent
from rushes_batch._progress import NAMED, Display, Pace, Standing, reason

T = TypeVar("T")


async def for_each(items: Iterable[T], at_once: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do work for each item, for at most `at_once` of them at a time."""
    left = iter(items)

    async def one_after_another() -> None:
        for item in left:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_another())


class Run:
    """Counts and shows what becomes of some jobs; `errors` has each failed job's error.

    `code` is the highest exit code so far. `names` are what people call the jobs, `tasks` those
    that the journal has already, each by reference. `ended` is called with each job as it ends.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        names: Mapping[str, str],
        tasks: Mapping[str, Task],
        ended: Callable[[Job, Outcome], None],
    ) -> None:
        self.jobs, self.code, self.display = jobs, 0, Display()
        self.errors: dict[str, RushesError] = {}
        self._names, self._told = names, ended
        self._spent = {job.task: _spent(tasks.get(job.task), job) for job in jobs}
        spent = sum(self._spent.values())
        self._standing = Standing(videos=len(jobs), spent=spent)
        before = sum(1 for job in jobs if (known := tasks.get(job.task)) and known.ended)
        self._pace = Pace(before)

    def standing(self) -> Standing:
        """Return the counts at the moment."""
        self._standing.left = self._pace.left(self._standing)
        return self._standing

    def end(self, job: Job, outcome: Outcome) -> None:
        """Count a job that has ended, and tell why if it failed."""
        now = self._standing
        now.under_way -= 1
        if outcome.task is not None:
            more = _spent(outcome.task, job) - self._spent[job.task]
            now.spent += more
        if outcome.state == "capped":
            now.capped += 1
            self.code = max(self.code, NOT_BOUGHT)
        elif outcome.error is None:
            now.done += 1
        else:
            self._fail(job, outcome.task, outcome.error)
        self._told(job, outcome)

    def begin(self, _job: Job) -> None:
        """Count a job that begins."""
        self._standing.under_way += 1

    def _fail(self, job: Job, task: Task | None, error: RushesError) -> None:
        self.errors[job.task] = error
        self.code = max(self.code, exit_code(error))
        why = reason(task, str(error))
        self._standing.reasons[why] += 1
        count = self._standing.reasons[why]
        if count <= NAMED:
            bold = f"{self._names[job.task]}:"
            self.display.say(f" {one_line(str(error))}", bold=bold)
        if count == NAMED:
            self.display.say("Further lines with this reason are only counted here.")


def _spent(task: Task | None, job: Job) -> float:
    return (cost_of(task, job.estimate) or 0.0) if was_sent(task) else 0.0


async def hold_all(holder: Holder, run: Run, at_once: int) -> bool:
    """Hold every job of a run to its end; return False if Ctrl-C or SIGTERM came before.

    A job that another process works on is waited for, and taken over if that process ends.
    """

    async def hold(job: Job) -> None:
        run.begin(job)
        while (outcome := await holder.hold(job)).state == "elsewhere":  # noqa: ASYNC110 - only asking shows that it ended
            await asyncio.sleep(AGAIN)
        run.end(job, outcome)

    work = asyncio.ensure_future(for_each(run.jobs, at_once, hold))
    shown = asyncio.create_task(run.display.show(run.standing))
    try:
        with _stopping(work):
            await work
    except asyncio.CancelledError:
        return False
    finally:
        shown.cancel()
        with suppress(asyncio.CancelledError):
            await shown
        await holder.close()
    return True


@contextmanager
def _stopping(work: "asyncio.Future[None]") -> Iterator[None]:
    """Let Ctrl-C and SIGTERM cancel the work; a signal that is ignored stays ignored."""
    loop = asyncio.get_running_loop()
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    with suppress(NotImplementedError, RuntimeError):  # Windows; not the main thread
        for number in numbers:
            loop.add_signal_handler(number, work.cancel)
    yield
