"""Making a batch's videos: agreed to first, then made by this process or handed to workers."""

from contextlib import closing
from pathlib import Path

import click
import rushes
from rushes.home import Environment, home_folder
from rushes_cli.exit_codes import NOT_BOUGHT, Interrupted
from rushes_cli.terminal import can_prompt, json_text, one_line, stderr_line

from rushes_batch._batch import Batch, Given, disk, many, opened
from rushes_batch._holding import Holder, Outcome
from rushes_batch._jobs import Job, Limit, was_sent
from rushes_batch._plan import Planned, Price, price, recorded
from rushes_batch._progress import waiting
from rushes_batch._run import Run, hold_all
from rushes_batch._table import row, write_all
from rushes_batch.engine import Engine


class _NotBought(click.ClickException):
    """Nothing was bought, for the reason in the message."""

    exit_code = NOT_BOUGHT


async def make(
    given: Given,
    *,
    begin: bool,
    output: Path | None,
    at_once: int,
    limits: dict[str, Limit],
    max_cost: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Make a batch's videos, here or by workers; return the exit code.

    Without `begin`, only the tasks that were sent before are gone on with.
    """
    if given.database and limits:
        raise click.UsageError("--limit is for a run here; give it to each `rushes worker` instead")
    folder = _absolute(output) if output else None
    async with opened(given) as found:
        if begin:
            _refuse_if_bought_before(found)
            _agree(found, max_cost, yes=yes, here=given.database is None)
            _fill(found, max_cost)
        videos = found.chosen(lambda task: begin or was_sent(task))
        if given.database:
            return await _handed_over(given.database, found, videos, folder, as_json)
        here = folder or _absolute(Path(given.batch))
        jobs = [video.job(here, found.purse) for video in videos]
        return await _made_here(found, jobs, here, at_once, limits, max_cost, as_json)


def _refuse_if_bought_before(found: Batch) -> None:
    """Refuse to buy through a database what the journal on this machine says was bought before."""
    path = home_folder(None, Environment()) / "journal.db"
    if isinstance(found.journal, rushes.SQLiteJournal) or not path.exists():
        return
    with closing(rushes.SQLiteJournal(path)) as here:
        before = recorded(here, found.chosen(lambda task: not was_sent(task)))
    again = [found.names[name] for name, task in before.items() if was_sent(task)]
    if again:
        raise _NotBought(
            f"{many(len(again), 'line was', 'lines were')} bought without the database, the first "
            f"is {again[0].lower()}: {path} has what became of that. Take such lines out of the "
            "file, or give another --name to buy them again; nothing was bought"
        )


def _fill(found: Batch, max_cost: float | None) -> None:
    """Write the cap, or that there is none, into the journal, where every process sees it.

    So the cap also holds for lines that were handed to workers before.
    """
    journal = found.journal
    settling = [
        journal.begin("settle", task, found.purse, usd) for task, usd in found.spent().items()
    ]
    for each in settling:
        each.result()
    journal.fill(found.purse, max_cost)


def _agree(found: Batch, max_cost: float | None, *, yes: bool, here: bool) -> None:
    """Print the estimate; raise if lines are bad, the cap is too low, or the caller says no."""
    _refuse_bad_lines(found)
    cost = price(found.plan, found.tasks)
    if not cost.to_send:
        return
    if here:
        for variant in sorted({video.variant for video in found.plan}):
            found.client.ready(variant)
    text = (
        f"{cost.more:,.2f} USD for {cost.to_send:,} of {many(len(found.plan), 'line', 'lines')}; "
        f"{cost.spent:,.2f} USD were spent on the batch before"
        f"{unpriced(cost)}"
    )
    stderr_line(text, bold="Estimated cost: ")
    if max_cost is not None and cost.unpriced:
        raise _NotBought(
            f"--max-cost cannot be kept{unpriced(cost)}, the first is {found.word.lower()} "
            f"{cost.unpriced[0]}; nothing was bought"
        )
    if max_cost is not None and cost.spent + cost.more > max_cost:
        total = cost.spent + cost.more
        raise _NotBought(
            f"that is {total:,.2f} USD in all, and --max-cost is {max_cost:,.2f}; "
            "nothing was bought"
        )
    if yes:
        return
    if not can_prompt():
        raise click.UsageError("Nobody can be asked here; give --yes to buy it.")
    click.confirm("Make them?", abort=True, err=True)


def _refuse_bad_lines(found: Batch) -> None:
    """Refuse a file with a line that cannot be made, or with none at all."""
    word = found.word.lower()
    if not found.plan and not found.bad:
        raise _NotBought(f"the file has no {word}s; nothing was bought")
    if any(line.number is None for line in found.bad):
        raise _NotBought("the file cannot be read; nothing was bought")
    if found.bad:
        lines = len({video.line.number for video in found.plan}) + len(found.bad)
        raise _NotBought(
            f"{len(found.bad):,} of {lines:,} {word}s cannot be made; nothing was bought"
        )


async def _handed_over(
    database: str,
    found: Batch,
    videos: list[Planned],
    folder: Path | None,
    as_json: bool,
) -> int:
    """Hand to the workers those of the videos that are not finished; return the exit code."""

    def is_open(video: Planned) -> bool:
        task = found.tasks.get(video.task)
        return task is None or task.unfinished or task.state == "refused"

    videos = [video for video in videos if is_open(video)]
    with waiting(f"Handing {many(len(videos), 'line', 'lines')} to the workers"):
        new = await _deferred(database, found, videos, folder)
    if as_json:
        for video in videos:
            click.echo(json_text(row(video, found.tasks.get(video.task))))
    also = f", who have {len(videos) - new:,} already" if new < len(videos) else ""
    stderr_line(
        f"{new:,} of {many(len(found.plan), 'line is', 'lines are')} handed to the workers"
        f"{also}; `rushes batch status --follow` shows what becomes of them."
    )
    return 0


async def _deferred(database: str, found: Batch, videos: list[Planned], folder: Path | None) -> int:
    """Hand over the videos that no worker holds yet; return how many they are."""
    others = {other: video.task for video in videos for other in video.others}
    async with Engine(database).opened() as engine:
        if held := await engine.withdraw(others):
            first = found.names[others[held[0]]]
            raise _NotBought(
                f"workers hold {many(len(held), 'line', 'lines')} for another variant than is "
                f"chosen now, the first is {first.lower()}; nothing more was handed over. Cancel "
                "the batch, or give the same variants as before"
            )
        # What was handed over before, and is not begun, is made as it is asked for now.
        held_already = {*await engine.withdraw(video.task for video in videos)}
        new = [video for video in videos if video.task not in held_already]
        await engine.defer(video.job(folder, found.purse) for video in new)
    return len(new)


async def _made_here(
    found: Batch,
    jobs: list[Job],
    folder: Path,
    at_once: int,
    limits: dict[str, Limit],
    max_cost: float | None,
    as_json: bool,
) -> int:
    """Make videos in this process, write the table of the batch; return the exit code."""
    videos = {video.task: video for video in found.plan}

    def told(job: Job, outcome: Outcome) -> None:
        if as_json:
            error = one_line(str(outcome.error)) if outcome.error else None
            capped = outcome.state == "capped"
            click.echo(json_text(row(videos[job.task], outcome.task, error, beyond=capped)))

    ours = Run(jobs, found.names, found.tasks, told)
    _make_folder(folder)  # before anything is paid that could not be put there
    holder = Holder(found.client, found.journal, limits, brake=found.brake)
    try:
        finished = await hold_all(holder, ours, at_once)
    finally:
        errors = {task: one_line(str(error)) for task, error in ours.errors.items()}
        found.tasks = recorded(found.journal, found.plan)
        left = next((task for task in found.tasks.values() if task.unfinished), None)
        with disk(folder, left):
            path = write_all(folder, found.table(errors))
    _print_outcome(found, ours, path, max_cost)
    if not finished:
        stderr_line("Stopped. The same command goes on.")
        raise Interrupted
    return ours.code


def _print_outcome(found: Batch, ours: Run, table: Path, max_cost: float | None) -> None:
    """Print what became of a run, why some videos were not made, and where the table is."""
    now = ours.standing()
    now.left = None
    stderr_line(f"{now.text()}. The table: {table}")
    for reason in now.told_reasons():
        stderr_line(f"  {reason}")
    if now.capped:
        cap = "the cap of another run" if max_cost is None else f"{max_cost:,.2f} USD"
        stderr_line(
            f"{many(now.capped, 'line was', 'lines were')} not begun: the batch may then cost "
            f"more than {cap}; {found.journal.spent(found.purse):.2f} USD are spent. "
            "`rushes batch resume` with a higher --max-cost goes on."
        )


def unpriced(cost: Price) -> str:
    """Say how many lines an amount leaves out, as the end of a sentence."""
    lines = many(len(cost.unpriced), "line", "lines")
    return f"; the price of {lines} is unknown" if cost.unpriced else ""


def _make_folder(folder: Path) -> None:
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _absolute(folder: Path) -> Path:
    return folder.absolute()
