"""The videos that a batch's file asks for: each checked, named and priced before any is paid."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from rushes import AsyncClient, ConfigurationError, Journal, Task

from rushes_batch._jobs import Job, cost_of, was_sent
from rushes_batch._lines import PLANS, Bad, Line, read_lines

Choice = Literal["every", "first", "cheapest"]
"""Which of a line's variants make it: every one, the first that can, or the cheapest that can."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A video to be made: its line, variant and task's reference; its estimate in USD, if known.

    `take` numbers the videos of a line by one variant. `others` are the references that it would
    have with the variants that were not chosen.
    """

    line: Line
    variant: str
    take: int
    task: str
    estimate: float | None
    others: tuple[str, ...] = ()

    def job(self, folder: Path | None, purse: str | None = None) -> Job:
        """Return what is to be held; the video goes into the folder, if one is given."""
        return Job(
            task=self.task,
            variant=self.variant,
            request=self.line.request,
            output=None if folder is None else str(folder / f"{self.task}.mp4"),
            purse=purse,
            estimate=self.estimate,
        )


def batch_name(path: Path) -> str:
    """Return the name of a batch, from its file's name; the tasks' references begin with it."""
    return _slug(path.stem) or "batch"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("-._")[:32]


def reference(name: str, line: Line, variant: str, take: int = 1) -> str:
    """Name a video's task by the batch, the line's content, and the variant.

    The line's place in the file does not matter: a line that is moved is the same job, a line that
    is changed is a new one.
    """
    content = [name, line.label or line.id, variant, line.request, *([take] if take > 1 else [])]
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{line.id or _slug(line.label or '') or name}-{digest}"


def planned(
    client: AsyncClient,
    path: Path,
    name: str,
    variants: tuple[str, ...],
    choice: Choice,
    known: Callable[[str], Task | None],
) -> tuple[list[Planned], list[Bad]]:
    """Read and check every line of a file; `known` finds the task of a reference.

    Raises OSError.
    """
    good: dict[str, Planned] = {}
    bad = []
    is_plan = path.suffix.lower() in PLANS
    for line in read_lines(path, variants, client.registry.ids()):
        found = line if isinstance(line, Bad) else _videos(client, name, line, choice, known)
        if not isinstance(found, Bad):
            same = next((good[each.task] for each in found if each.task in good), None)
            if same is not None:
                where, word = ("prompt", "a name") if is_plan else ("line", "an id")
                problem = (
                    f"is the same as {where} {same.line.number}; "
                    f"give each {word} of its own to have both made"
                )
                found = Bad(number=found[0].line.number, problems=(problem,))
        if isinstance(found, Bad):
            bad.append(found)
        else:
            good |= {each.task: each for each in found}
    return [*good.values()], bad


class _Option(msgspec.Struct, frozen=True):
    """The check of a line with one variant: its problems, or its estimate in USD if known."""

    variant: str
    problems: tuple[str, ...]
    estimate: float | None = None


def _videos(
    client: AsyncClient,
    name: str,
    line: Line,
    choice: Choice,
    known: Callable[[str], Task | None],
) -> list[Planned] | Bad:
    """Check a line with each of its variants, and return the videos to be made of it."""
    options = [_checked(client, line, variant) for variant in line.variants]
    each_makes_it = choice == "every" or len(options) == 1
    wrong = [option for option in options if option.problems]
    if wrong and (each_makes_it or len(wrong) == len(options)):
        return Bad(number=line.number, problems=tuple(_told(options)))
    videos = []
    for take in range(1, line.takes + 1):
        names = {each.variant: reference(name, line, each.variant, take) for each in options}
        if each_makes_it:
            videos += [_video(line, each, take, names, ()) for each in options]
            continue
        option = _chosen(options, names, choice, known)
        if option.problems:  # it was sent to this one, which cannot make it any more
            return Bad(number=line.number, problems=tuple(_told([option])))
        others = tuple(names[each.variant] for each in options if each is not option)
        videos.append(_video(line, option, take, names, others))
    return videos


def _video(
    line: Line, option: _Option, take: int, names: dict[str, str], others: tuple[str, ...]
) -> Planned:
    return Planned(
        line=line,
        variant=option.variant,
        take=take,
        task=names[option.variant],
        estimate=option.estimate,
        others=others,
    )


def _checked(client: AsyncClient, line: Line, variant: str) -> _Option:
    """Check a line with a variant, and estimate it."""
    try:
        report = client.check(variant, line.request)
    except ConfigurationError as error:
        return _Option(variant, (str(error),))
    cost, price = report.cost, line.prices.get(variant)
    if cost is None and price is not None:
        from rushes_compare.plans import estimate

        cost = estimate(client, variant, line.request, report, price)
    return _Option(variant, tuple(map(str, report.problems)), cost)


def _told(options: Sequence[_Option]) -> Iterator[str]:
    """Yield the problems of several variants, each with its variant."""
    for option in options:
        for problem in option.problems:
            yield problem if len(options) == 1 else f"{option.variant}: {problem}"


def _chosen(
    options: Sequence[_Option],
    names: dict[str, str],
    choice: Choice,
    known: Callable[[str], Task | None],
) -> _Option:
    """Choose one of several variants: the one that the line was sent to, else one that can make it.

    So a changed price, or a variant that can do more, never makes anything be bought twice.
    """
    for option in options:
        if was_sent(known(names[option.variant])):
            return option
    able = [option for option in options if not option.problems]
    return min(able, key=_usd) if choice == "cheapest" else able[0]


def _usd(option: _Option) -> float:
    return math.inf if option.estimate is None else option.estimate


def recorded(journal: Journal, plan: Iterable[Planned]) -> dict[str, Task]:
    """Return the tasks that the journal has of a batch, by reference."""
    found = (task for each in plan for task in journal.find(each.task) if task.id == each.task)
    return {task.id: task for task in found}


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch costs in USD, as far as prices are known.

    `spent` is for what was sent before, `more` for the `to_send` videos that are still to be sent.
    `unpriced` are the numbers of the lines, sent or not, whose price is unknown.
    """

    spent: float
    more: float
    to_send: int
    unpriced: tuple[int, ...]


def price(plan: Sequence[Planned], tasks: Mapping[str, Task]) -> Price:
    """Add up what was spent, and what is still to be spent."""
    sent = [each for each in plan if was_sent(tasks.get(each.task))]
    left = [each for each in plan if not was_sent(tasks.get(each.task))]
    known = {each.task: cost_of(tasks.get(each.task), each.estimate) for each in plan}
    return Price(
        spent=sum(known[each.task] or 0.0 for each in sent),
        more=sum(known[each.task] or 0.0 for each in left),
        to_send=len(left),
        unpriced=tuple(each.line.number for each in plan if known[each.task] is None),
    )
