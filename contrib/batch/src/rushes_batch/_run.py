"""Many jobs held here, so many at a time, with their progress on a terminal."""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import click
from rushes import RushesError
from rushes_cli.exit_codes import exit_code
from rushes_cli.terminal import one_line, stderr_line

from rushes_batch._holding import AGAIN, Holder, Outcome
from rushes_batch._jobs import Job
from rushes_batch._plan import spent_on

T = TypeVar("T")


async def each(items: Iterable[T], at_once: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do work for each item, for at most so many at once."""
    left = iter(items)

    async def one_after_another() -> None:
        for item in left:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_another())


class Progress:
    """What has become of the jobs of a run; `errors` has each job's error by its reference."""

    def __init__(self, jobs: int, numbers: dict[str, int], spent: float) -> None:
        self.jobs, self.done, self.code, self.spent = jobs, 0, 0, spent
        self.errors: dict[str, RushesError] = {}
        self._numbers, self._begun = numbers, time.monotonic()
        self._live = sys.stderr is not None and sys.stderr.isatty()

    def ended(self, job: Job, outcome: Outcome, before: float) -> None:
        """Take notice of how a job ended; `before` was spent on it before this run."""
        if outcome.task is not None:
            self.spent += spent_on(outcome.task) - before
        if outcome.error is None:
            self.done += 1
            return
        self.errors[job.task] = outcome.error
        self.code = max(self.code, exit_code(outcome.error))
        self._clear()
        text = f" {one_line(str(outcome.error))}"
        stderr_line(text, bold=f"Line {self._numbers[job.task]}:", colour="red")

    def text(self, under_way: int) -> str:
        """Say how it stands in one line."""
        over = self.done + len(self.errors)
        parts = [
            f"{self.done} of {self.jobs} done", f"{under_way} under way",
            f"{len(self.errors)} not made", f"{self.spent:.2f} USD so far",
        ]  # fmt: skip
        if 0 < over < self.jobs:
            left = (time.monotonic() - self._begun) / over * (self.jobs - over)
            parts.append(f"about {_duration(left)} left")
        return ", ".join(parts)

    async def shown(self, holder: Holder) -> None:
        """Show it on a terminal, over and over, until cancelled."""
        while self._live:
            self._clear()
            click.echo(self.text(holder.held), err=True, nl=False)
            try:
                await asyncio.sleep(1)
            finally:
                self._clear()

    def _clear(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


async def run(
    holder: Holder, jobs: Sequence[Job], at_once: int, progress: Progress, spent: dict[str, float]
) -> bool:
    """Hold all jobs to their ends; False if Ctrl-C or SIGTERM came before.

    What another process works on is waited for, and gone on with if that process ends.
    """

    async def hold(job: Job) -> None:
        while (outcome := await holder.hold(job)).state == "elsewhere":  # noqa: ASYNC110 - only asking shows that it ended
            await asyncio.sleep(AGAIN)
        progress.ended(job, outcome, spent.get(job.task, 0.0))

    work = asyncio.ensure_future(each(jobs, at_once, hold))
    show = asyncio.create_task(progress.shown(holder))
    try:
        with _stopping(work):
            await work
    except asyncio.CancelledError:
        return False
    finally:
        show.cancel()
        with suppress(asyncio.CancelledError):
            await show
        await holder.close()
    return True


@contextmanager
def _stopping(work: "asyncio.Future[None]") -> Iterator[None]:
    """Let Ctrl-C and SIGTERM cancel the work; one that was ignored is ignored still."""
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
