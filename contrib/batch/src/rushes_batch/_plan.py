"""What a batch's file comes to: every line checked, named and priced before the first is paid."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from rushes import AsyncClient, ConfigurationError, Journal, Task

from rushes_batch._jobs import Job
from rushes_batch._lines import Bad, Line, read_lines


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A line that can be made: its task's reference, and its estimate in USD, if known."""

    line: Line
    task: str
    estimate: float | None

    def job(self, folder: Path | None) -> Job:
        """Return what is to be held; the video goes into the folder, if one is given."""
        output = None if folder is None else str(folder / f"{self.task}.mp4")
        return Job(
            task=self.task, variant=self.line.variant, request=self.line.request, output=output
        )


def batch_name(path: Path) -> str:
    """Return the name of a batch, from its file's: it begins the tasks' references."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("-._")[:32] or "batch"


def reference(name: str, line: Line) -> str:
    """Name a line's task by the batch and the line's content.

    Where the line stands does not matter: the same line is the same job, another one is not.
    """
    content = json.dumps([name, line.id, line.variant, line.request], sort_keys=True)
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{line.id or name}-{digest.hexdigest()}"


def planned(
    client: AsyncClient, path: Path, name: str, variant: str | None
) -> tuple[list[Planned], list[Bad]]:
    """Read and check every line of a file. Raises OSError."""
    good: dict[str, Planned] = {}
    bad = []
    for line in read_lines(path, variant):
        found = line if isinstance(line, Bad) else _checked(client, name, line)
        if isinstance(found, Planned) and (first := good.get(found.task)):
            problem = (
                f"is the same as line {first.line.number}; "
                "give each an id of its own to have both made"
            )
            found = Bad(number=found.line.number, problems=(problem,))
        if isinstance(found, Bad):
            bad.append(found)
        else:
            good[found.task] = found
    return [*good.values()], bad


def _checked(client: AsyncClient, name: str, line: Line) -> Planned | Bad:
    try:
        report = client.check(line.variant, line.request)
    except ConfigurationError as error:
        return Bad(number=line.number, problems=(str(error),))
    if report.problems:
        return Bad(number=line.number, problems=tuple(map(str, report.problems)))
    return Planned(line=line, task=reference(name, line), estimate=report.cost)


def recorded(journal: Journal, plan: Iterable[Planned]) -> dict[str, Task]:
    """Return the tasks that the journal has of a batch, by reference."""
    found = (task for each in plan for task in journal.find(each.task) if task.id == each.task)
    return {task.id: task for task in found}


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch comes to, in USD, by what is known.

    `spent` on what was sent before, `more` for what is still to be sent: `to_send` lines.
    `unpriced` are the numbers of the lines, sent or not, whose price is unknown.
    """

    spent: float
    more: float
    to_send: int
    unpriced: tuple[int, ...]


def price(plan: Sequence[Planned], tasks: dict[str, Task]) -> Price:
    """Add up what was spent, and what is still to be."""
    sent = [each for each in plan if was_sent(tasks.get(each.task))]
    left = [each for each in plan if not was_sent(tasks.get(each.task))]
    known = {each.task: each.estimate for each in left}
    known |= {each.task: _price_of(tasks[each.task]) for each in sent}
    return Price(
        spent=sum(known[each.task] or 0.0 for each in sent),
        more=sum(known[each.task] or 0.0 for each in left),
        to_send=len(left),
        unpriced=tuple(each.line.number for each in plan if known[each.task] is None),
    )


def spent_on(task: Task) -> float:
    """Return what a task cost, or may cost, in USD, as far as it is known."""
    return (_price_of(task) or 0.0) if was_sent(task) else 0.0


def was_sent(task: Task | None) -> bool:
    """Whether a task may have been bought: neither left unsent nor refused."""
    return task is not None and task.state not in ("recorded", "refused")


def _price_of(task: Task) -> float | None:
    return task.estimate if task.cost is None else task.cost
