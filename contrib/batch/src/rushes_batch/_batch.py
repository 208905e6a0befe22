"""A batch: its file with every line checked, and the journal that has its tasks."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import rushes
from rushes.home import Environment, home_folder
from rushes_cli.terminal import one_line, stderr_line

from rushes_batch._brake import Brake
from rushes_batch._jobs import cost_of, was_sent
from rushes_batch._lines import PLANS, Bad
from rushes_batch._plan import Choice, Planned, batch_name, planned, recorded
from rushes_batch._progress import NAMED, waiting
from rushes_batch._table import row

RANGES = 20
"""Ranges of lines with the same problem that are named."""


class Given(msgspec.Struct, frozen=True):
    """What every command is told: which file, and how to read it."""

    file: Path
    models: tuple[str, ...]
    choose: Choice
    name: str | None
    database: str | None

    @property
    def batch(self) -> str:
        """The batch's name."""
        return self.name or batch_name(self.file)


class Batch:
    """A batch's file with every line checked, and the journal that has its tasks."""

    def __init__(
        self,
        given: Given,
        client: rushes.AsyncClient,
        journal: rushes.SQLiteJournal | rushes.PostgresJournal,
        brake: Brake,
    ) -> None:
        self.client, self.journal, self.brake = client, journal, brake
        self.purse = f"batch {given.batch}"
        with disk(given.file):
            self.plan, self.bad = planned(
                client, given.file, given.batch, given.models, given.choose, self._known
            )
        self.word = "Prompt" if given.file.suffix.lower() in PLANS else "Line"
        self.names = {video.task: f"{self.word} {video.line.number}" for video in self.plan}
        self.tasks = recorded(journal, self.plan)

    def look(self) -> None:
        """Read again, from the journal, the tasks that have not ended."""
        left = [
            video
            for video in self.plan
            if (task := self.tasks.get(video.task)) is None or task.unfinished
        ]
        self.tasks |= recorded(self.journal, left)

    def chosen(self, which: Callable[[rushes.Task | None], bool]) -> list[Planned]:
        """Return the videos whose task `which` chooses; it gets None where there is none yet."""
        return [video for video in self.plan if which(self.tasks.get(video.task))]

    def spent(self) -> dict[str, float]:
        """Return, by reference, what each task that was sent cost or may cost, if that is known."""
        sent = {video.task: video for video in self.plan if was_sent(self.tasks.get(video.task))}
        known = {name: cost_of(self.tasks[name], video.estimate) for name, video in sent.items()}
        return {name: usd for name, usd in known.items() if usd is not None}

    def beyond_the_cap(self) -> set[str]:
        """Return the references of the videos not begun that the cap does not pay for.

        Videos are begun in the order of their lines, as long as their estimates fit under the cap.
        """
        videos = self.chosen(lambda task: task is None)
        left = self.journal.left(self.purse, [video.task for video in videos])
        beyond: set[str] = set()
        if left is None:
            return beyond
        for video in videos:
            rest = -1.0 if video.estimate is None else round(left - video.estimate, 6)
            if rest < 0:
                beyond.add(video.task)
            else:
                left = rest
        return beyond

    def table(self, errors: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return a row for each video; `errors`, by reference, are those not in the journal."""
        beyond = self.beyond_the_cap()
        return [
            row(each, self.tasks.get(each.task), errors.get(each.task), beyond=each.task in beyond)
            for each in self.plan
        ]

    def _known(self, reference: str) -> rushes.Task | None:
        return next((task for task in self.journal.find(reference) if task.id == reference), None)


@asynccontextmanager
async def opened(given: Given) -> AsyncIterator[Batch]:
    """Read a batch's file, print what is wrong with its lines, and find its tasks."""
    environ = Environment()
    url = given.database or environ.get("RUSHES_JOURNAL")
    journal = (
        rushes.PostgresJournal(url)
        if url
        else rushes.SQLiteJournal(home_folder(None, environ) / "journal.db")
    )
    brake = Brake()
    with closing(journal):
        async with rushes.AsyncClient(journal=journal, wrappers=[brake]) as client:
            with waiting(f"Checking each line of {one_line(given.batch)}"):
                found = Batch(given, client, journal, brake)
            _print_problems(found.bad, found.word)
            yield found


def _print_problems(bad: Iterable[Bad], word: str) -> None:
    """Print what is wrong with lines: in full for the first few with the same problem."""
    lines = defaultdict[str, list[int]](list)
    for line in bad:
        for problem in line.problems:
            if line.number is None:
                stderr_line(problem, colour="red")
                continue
            lines[problem].append(line.number)
            if len(lines[problem]) <= NAMED:
                stderr_line(f" {problem}", bold=f"{word} {line.number}:", colour="red")
    for problem, (first, *others) in lines.items():
        if more := others[NAMED - 1 :]:
            bold = f"{word}{'s' * (len(more) > 1)} {_ranges(more)}:"
            what = problem if len(problem) < 100 else f"{problem[:100]}\N{HORIZONTAL ELLIPSIS}"
            stderr_line(f" as {word.lower()} {first}: {what}", bold=bold, colour="red")


def _ranges(numbers: list[int]) -> str:
    """Write rising numbers as ranges: 4-7, 9."""
    parts: list[str] = []
    for _, block in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *rest = (number for _, number in block)
        parts.append(f"{first}-{rest[-1]}" if rest else str(first))
    if len(parts) > RANGES:
        parts[RANGES:] = [f"and {len(parts) - RANGES:,} more places"]
    return ", ".join(parts)


@contextmanager
def disk(path: Path, left: rushes.Task | None = None) -> Iterator[None]:
    """Raise DiskError, naming the path, if the block raises OSError; `left` is yet to be made."""
    try:
        yield
    except OSError as error:
        raise rushes.DiskError(f"{path}: {error.strerror or error}", task=left) from error


def many(count: int, one: str, more: str) -> str:
    """Return a number with its noun: 1 line, 2,000 lines."""
    return f"{count:,} {one if count == 1 else more}"
