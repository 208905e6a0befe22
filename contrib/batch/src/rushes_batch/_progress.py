"""The progress of a batch, over hours: live on a terminal, a line now and then elsewhere."""

import asyncio
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rushes import Task
from rushes_cli.terminal import console, escape_controls, one_line, stderr_line

from rushes_batch._jobs import was_sent

EVERY = 60.0
"""Seconds between two lines if there is no terminal."""
REASONS = 5
"""Reasons that are shown at once, the most frequent ones."""
NAMED = 3
"""Lines that are named, each as it happens, with the same reason."""


class Standing(msgspec.Struct):
    """How many videos of a batch are in which state; `reasons` count why some were not made.

    `capped` were not sent because of the spending cap, `under_way` were begun and have not ended.
    """

    videos: int
    done: int = 0
    under_way: int = 0
    capped: int = 0
    spent: float = 0.0
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    left: float | None = None
    """Seconds until the end, about."""

    @property
    def ended(self) -> int:
        """How many need nothing more."""
        return self.done + self.reasons.total() + self.capped

    def text(self) -> str:
        """Return the counts in one line of words."""
        parts = [f"{self.done:,} of {self.videos:,} done", f"{self.under_way:,} under way"]
        parts.append(f"{self.reasons.total():,} not made")
        if self.capped:
            parts.append(f"{self.capped:,} beyond the cap")
        parts.append(f"{self.spent:,.2f} USD so far")
        if self.left is not None:
            parts.append(f"about {duration(self.left)} left")
        return ", ".join(parts)

    def told_reasons(self) -> Iterator[str]:
        """Yield the most frequent reasons for which videos were not made, each with its number."""
        for reason, count in self.reasons.most_common(REASONS):
            yield f"{count:,} \N{MULTIPLICATION SIGN} {reason}"
        if (more := len(self.reasons) - REASONS) > 0:
            yield f"and {more:,} other reasons"


class Pace:
    """Estimates how long the rest takes, from how much has ended since this was made."""

    def __init__(self, ended: int) -> None:
        self._ended, self._begun = ended, time.monotonic()

    def left(self, standing: Standing) -> float | None:
        """Return the seconds until the end, about, once something has ended."""
        ended, rest = standing.ended - self._ended, standing.videos - standing.ended
        if ended <= 0 or rest <= 0:
            return None
        return (time.monotonic() - self._begun) / ended * rest


def standing_of(tasks: Iterable[Task | None], spent: float) -> Standing:
    """Count videos by the states of their tasks; None is for a video that has not begun."""
    found = Standing(videos=0, spent=spent)
    for task in tasks:
        found.videos += 1
        if task is None or task.state == "recorded":
            continue
        if task.state == "completed" and task.file:
            found.done += 1
        elif was_sent(task) and task.unfinished and task.state != "unknown":
            found.under_way += 1
        else:
            found.reasons[reason(task, task.error or task.state)] += 1
    return found


def reason(task: Task | None, error: str) -> str:
    """Return why a video was not made; videos with the same reason get the same words."""
    return one_line((task.error if task else None) or error)[:200]


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show on a terminal, on standard error, what is being waited for until the block ends."""
    screen = console(err=True)
    if not screen.is_terminal or screen.is_dumb_terminal:
        yield
        return
    with screen.status(Text(f"{text}\N{HORIZONTAL ELLIPSIS}")):
        yield


def duration(seconds: float) -> str:
    """Write a duration as one says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Display:
    """Shows progress on standard error.

    On a terminal, a few lines that are redrawn every second below other messages; elsewhere one
    line a minute, if anything has changed.
    """

    def __init__(self) -> None:
        self._live: Live | None = None

    async def show(self, standing: Callable[[], Standing]) -> None:
        """Show the progress until this is cancelled."""
        screen = console(err=True)
        if sys.stderr is not None and sys.stderr.isatty() and not screen.is_dumb_terminal:
            await self._show_live(screen, standing)
        said = ""
        while True:
            await asyncio.sleep(EVERY)
            if (text := standing().text()) != said:
                said = text
                stderr_line(f"{time.strftime('%H:%M')} {text}")

    def say(self, text: str, *, bold: str = "") -> None:
        """Print a message once; `bold` is its beginning."""
        if self._live is None:
            stderr_line(text, bold=bold, colour="red")
        else:
            line = Text(escape_controls(bold), style="bold red")
            self._live.console.print(line.append(escape_controls(text), style="not bold default"))

    async def _show_live(self, screen: Console, standing: Callable[[], Standing]) -> None:
        with Live(console=screen, auto_refresh=False, transient=True) as self._live:
            try:
                while True:
                    self._live.update(_drawn(standing()), refresh=True)
                    await asyncio.sleep(1)
            finally:
                self._live = None


def _drawn(now: Standing) -> Group:
    share = math.floor(100 * now.ended / now.videos) if now.videos else 100
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=max(now.videos, 1), completed=now.ended, width=40), f"{share} %")
    return Group(
        bar,
        Text(now.text()),
        *(Text(f"  {one}", overflow="ellipsis", no_wrap=True) for one in now.told_reasons()),
    )
