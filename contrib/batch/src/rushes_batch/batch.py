"""The commands `rushes batch …`: a file of requests, one a line, and what becomes of them."""

import asyncio
import json
import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import msgspec
import psycopg
import rushes
from rushes.home import Environment, home_folder
from rushes_cli.exit_codes import NOT_BOUGHT, UNFINISHED, Interrupted, exit_code
from rushes_cli.options import complete_variants
from rushes_cli.terminal import can_prompt, json_text, one_line, print_line, stderr_line

from rushes_batch._brake import Brake
from rushes_batch._follow import follow
from rushes_batch._holding import Holder, Outcome
from rushes_batch._jobs import Job, Limit, cost_of, was_sent
from rushes_batch._lines import ID, PLANS, Bad
from rushes_batch._plan import Choice, Planned, Price, batch_name, planned, price, recorded
from rushes_batch._progress import NAMED, standing_of, waiting
from rushes_batch._run import Run, each, run
from rushes_batch._table import BEYOND, FORMATS, csv_text, row, write, write_all
from rushes_batch.command import ENGINE_UNUSABLE, Unusable, worker_limits
from rushes_batch.engine import Engine

__all__ = ["batch"]

CANCELS_AT_ONCE = 10
RANGES = 20
"""Ranges of lines with the same problem that are named."""


class _NotBought(click.ClickException):
    exit_code = NOT_BOUGHT


class _Given(msgspec.Struct, frozen=True):
    """What every command is given: which file, and how it is read."""

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
        given: _Given,
        client: rushes.AsyncClient,
        journal: rushes.SQLiteJournal | rushes.PostgresJournal,
        brake: Brake,
    ) -> None:
        self.client, self.journal, self.brake = client, journal, brake
        self.purse = f"batch {given.batch}"
        with _disk(given.file):
            self.plan, self.bad = planned(
                client, given.file, given.batch, given.models, given.choose, self._known
            )
        self.word = "Prompt" if given.file.suffix.lower() in PLANS else "Line"
        self.names = {video.task: f"{self.word} {video.line.number}" for video in self.plan}
        self.tasks = recorded(journal, self.plan)

    def look(self) -> None:
        """Read the tasks that have not ended again."""
        left = [
            video
            for video in self.plan
            if (task := self.tasks.get(video.task)) is None or task.unfinished
        ]
        self.tasks |= recorded(self.journal, left)

    def chosen(self, which: Callable[[rushes.Task | None], bool]) -> list[Planned]:
        """Return the videos whose tasks, or whose lack of one, are chosen."""
        return [video for video in self.plan if which(self.tasks.get(video.task))]

    def spent(self) -> dict[str, float]:
        """Return what each task that was sent did cost, or may cost, as far as it is known."""
        sent = {video.task: video for video in self.plan if was_sent(self.tasks.get(video.task))}
        known = {name: cost_of(self.tasks[name], video.estimate) for name, video in sent.items()}
        return {name: usd for name, usd in known.items() if usd is not None}

    def beyond_the_cap(self) -> set[str]:
        """Return the references of the lines not begun that the cap does not pay for.

        They are begun in their order as far as the money goes, by their estimates.
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
        """Return a row for each video; `errors` has what is not in the journal, by reference."""
        beyond = self.beyond_the_cap()
        return [
            row(each, self.tasks.get(each.task), errors.get(each.task), beyond=each.task in beyond)
            for each in self.plan
        ]

    def _known(self, reference: str) -> rushes.Task | None:
        return next((task for task in self.journal.find(reference) if task.id == reference), None)


def _usable_name(_ctx: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is not None and not ID.fullmatch(given):
        raise click.BadParameter(
            f"{given!r} is not 1 to 32 English letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit"
        )
    return given


def _usable_cap(_ctx: click.Context, _option: click.Parameter, given: float | None) -> float | None:
    if given is not None and not math.isfinite(given):
        raise click.BadParameter(f"{given} is no amount; leave the option out for no cap")
    return given


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        click.option(
            "-m",
            "--model",
            "models",
            multiple=True,
            metavar="VARIANT",
            shell_complete=complete_variants,
            help="Variant for the lines that name none, like toapis/kling-v3; in a plan, instead "
            "of those that it names.  [repeatable]",
        ),
        click.option(
            "--choose",
            type=click.Choice(["every", "first", "cheapest"]),
            default="every",
            show_default=True,
            help="Of several variants, which make a line: every one, the first that can, or the "
            "one that can for least.",
        ),
        click.option(
            "--name",
            metavar="NAME",
            callback=_usable_name,
            help="The batch's name; the same line of the same batch is never paid twice.  "
            "[default: the file's name]",
        ),
        click.option(
            "--database",
            metavar="URL",
            help="Leave the work to the workers of this database: "
            "postgresql://user:password@host/name.",
        ),
    )
    return _with(options, command)


def _running(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Where videos and the table results.csv go.  [default: a folder with the "
            "batch's name; with --database, each worker's own folder]",
        ),
        click.option(
            "--at-once",
            type=click.IntRange(min=1),
            default=20,
            show_default=True,
            help="How many lines are under way at once; of workers, --tasks says so.",
        ),
        click.option(
            "--limit",
            "limits",
            multiple=True,
            callback=worker_limits,
            metavar="PROVIDER=TASKS,NUMBER/s",
            help="What is sent to a provider: tasks at once, tasks in a second; of workers, their "
            "own --limit says so.  [repeatable]",
        ),
        _json("Print each line as JSON as it ends; with --database, as it is handed over."),
    )
    return _with(options, command)


def _json(help_: str) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help=help_)


def _with(options: Iterable[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed([*options]):
        command = option(command)
    return command


def _takes(given: dict[str, Any]) -> _Given:
    """Take from options what every command is given."""
    values = {name: given.pop(name) for name in _Given.__struct_fields__}
    values["models"] = tuple(dict.fromkeys(values["models"]))
    return _Given(**values)


@click.group()
def batch() -> None:
    """Make the videos that a file asks for, one a line: JSON Lines, CSV, or a plan file."""


@batch.command("run", short_help="Check every line, say what it costs, make the videos.")
@_shared
@_running
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    callback=_usable_cap,
    metavar="USD",
    help="Buy nothing if the whole batch, with what was bought before, is estimated at more; and "
    "begin no line that would make it cost more.",
)
@click.option("--yes", is_flag=True, help="Do not ask before anything is bought.")
@click.pass_context
def run_command(ctx: click.Context, /, **given: Any) -> None:
    """Check every line of FILE, say what it costs, and make the videos.

    A line is a request as `rushes generate --request` takes it, with `variant` and, if you like, an
    `id` of your own; a file that ends with .yaml, .yml or .json is a plan, as `rushes compare -f`
    takes it. Ctrl-C stops the waiting, not the tasks; the same command goes on, and buys nothing
    twice. A line that was changed is a new job. The exit code is the highest of the tasks'.
    """
    ctx.exit(_work(_run(_takes(given), _anything, **given)))


@batch.command(short_help="Go on with the lines that were sent.")
@_shared
@_running
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    callback=_usable_cap,
    metavar="USD",
    help="Begin the lines that are left, too, as long as the whole batch costs no more.",
)
@click.pass_context
def resume(ctx: click.Context, /, max_cost: float | None, **given: Any) -> None:
    """Go on with the lines of FILE that were sent, and begin no other without --max-cost."""
    which = was_sent if max_cost is None else _anything
    ctx.exit(_work(_run(_takes(given), which, max_cost=max_cost, yes=True, **given)))


@batch.command(short_help="Say how it stands, and why some were not made.")
@_shared
@click.option("-f", "--follow", is_flag=True, help="Show it until nothing is under way.")
@_json("Print JSON.")
@click.pass_context
def status(ctx: click.Context, /, follow: bool, as_json: bool, **given: Any) -> None:
    """Say how many lines of FILE are in which state, why some were not made, and what they cost."""
    ctx.exit(_work(_status(_takes(given), as_json=as_json, to_the_end=follow)))


@batch.command(short_help="Write the table of what became of each line.")
@_shared
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The table's file: .csv, .parquet or .jsonl.  [default: print it as CSV]",
)
@_json("Print JSON Lines.")
def results(output: Path | None, as_json: bool, **given: Any) -> None:
    """Write what became of each line of FILE, as a table."""
    if output is not None and output.suffix.lower() not in FORMATS:
        raise click.UsageError(f"{output}: the name must end with {', '.join(FORMATS)}")

    async def show() -> int:
        async with _opened(_takes(given)) as found:
            table = found.table({})
        if output is not None:
            with _disk(output):
                write(output, table)
        elif as_json:
            for each in table:
                click.echo(json_text(each))
        else:
            click.echo(csv_text(table).encode("utf-8", "surrogateescape"), nl=False)
        return 0

    _work(show())


@batch.command(short_help="Cancel what is under way, and begin nothing more.")
@_shared
@click.pass_context
def cancel(ctx: click.Context, /, **given: Any) -> None:
    """Ask the providers to cancel what is under way of FILE, and begin no other line.

    A run of it on this machine has to be stopped before; workers are told here.
    """
    ctx.exit(_work(_cancel(_takes(given))))


async def _run(
    given: _Given,
    which: Callable[[rushes.Task | None], bool],
    *,
    output: Path | None,
    at_once: int,
    limits: dict[str, Limit],
    max_cost: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    if given.database and limits:
        raise click.UsageError("--limit is for a run here; give it to each `rushes worker` instead")
    folder = _absolute(output) if output else None
    async with _opened(given) as found:
        if which is _anything:
            _refuse_if_bought_before(found)
            _agree(found, max_cost, yes=yes, here=given.database is None)
            _fill(found, max_cost)
        if given.database:
            return await _handed_over(given.database, found, which, folder, as_json)
        here = folder or _absolute(Path(given.batch))
        jobs = [video.job(here, found.purse) for video in found.chosen(which)]
        return await _made_here(found, jobs, here, at_once, limits, max_cost, as_json)


def _refuse_if_bought_before(found: Batch) -> None:
    """Let nothing be bought in a database that the journal of this machine has already."""
    path = home_folder(None, Environment()) / "journal.db"
    if isinstance(found.journal, rushes.SQLiteJournal) or not path.exists():
        return
    with closing(rushes.SQLiteJournal(path)) as here:
        before = recorded(here, found.chosen(lambda task: not was_sent(task)))
    again = [found.names[name] for name, task in before.items() if was_sent(task)]
    if again:
        raise _NotBought(
            f"{_many(len(again), 'line was', 'lines were')} bought without the database, the first "
            f"is {again[0].lower()}: {path} has what became of that. Take such lines out of the "
            "file, or give another --name to buy them again; nothing was bought"
        )


def _fill(found: Batch, max_cost: float | None) -> None:
    """Put the cap, or that there is none, where every process that sends a line sees it.

    So it holds for what was handed over before it, too.
    """
    journal = found.journal
    begun = [journal.begin("settle", task, found.purse, usd) for task, usd in found.spent().items()]
    for each_ in begun:
        each_.result()
    journal.fill(found.purse, max_cost)


async def _handed_over(
    database: str,
    found: Batch,
    which: Callable[[rushes.Task | None], bool],
    folder: Path | None,
    as_json: bool,
) -> int:
    def open_and_chosen(task: rushes.Task | None) -> bool:
        return which(task) and (task is None or task.unfinished or task.state == "refused")

    videos = found.chosen(open_and_chosen)
    with waiting(f"Handing {_many(len(videos), 'line', 'lines')} to the workers"):
        new = await _deferred(database, found, videos, folder)
    if as_json:
        _print(found, videos)
    also = f", who have {len(videos) - new:,} already" if new < len(videos) else ""
    stderr_line(
        f"{new:,} of {_many(len(found.plan), 'line is', 'lines are')} handed to the workers"
        f"{also}; `rushes batch status --follow` shows what becomes of them."
    )
    return 0


async def _deferred(database: str, found: Batch, videos: list[Planned], folder: Path | None) -> int:
    """Hand over what no worker holds; return how many videos these are."""
    others = {other: video.task for video in videos for other in video.others}
    async with Engine(database).opened() as engine:
        if held := await engine.withdraw(others):
            first = found.names[others[held[0]]]
            raise _NotBought(
                f"workers hold {_many(len(held), 'line', 'lines')} for another variant than is "
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
    videos = {video.task: video for video in found.plan}

    def told(job: Job, outcome: Outcome) -> None:
        if as_json:
            error = one_line(str(outcome.error)) if outcome.error else None
            capped = outcome.state == "capped"
            click.echo(json_text(row(videos[job.task], outcome.task, error, beyond=capped)))

    ours = Run(jobs, found.names, found.tasks, told)
    _make(folder)  # before anything is paid that could not be put there
    holder = Holder(found.client, found.journal, limits, brake=found.brake)
    try:
        finished = await run(holder, ours, at_once)
    finally:
        errors = {task: one_line(str(error)) for task, error in ours.errors.items()}
        found.tasks = recorded(found.journal, found.plan)
        with _disk(folder):
            path = write_all(folder, found.table(errors))
    now = ours.standing()
    now.left = None
    stderr_line(f"{now.text()}. The table: {path}")
    for reason in now.told_reasons():
        stderr_line(f"  {reason}")
    if now.capped:
        cap = "the cap of another run" if max_cost is None else f"{max_cost:,.2f} USD"
        stderr_line(
            f"{_many(now.capped, 'line was', 'lines were')} not begun: the batch may then cost "
            f"more than {cap}; {found.journal.spent(found.purse):.2f} USD are spent. "
            "`rushes batch resume` with a higher --max-cost goes on."
        )
    if not finished:
        stderr_line("Stopped. The same command goes on.")
        raise Interrupted
    return ours.code


def _agree(found: Batch, max_cost: float | None, *, yes: bool, here: bool) -> None:
    """Say what is to be bought, and let it be refused: by bad lines, by the cap, by the caller."""
    if not found.plan and not found.bad:
        raise _NotBought(f"the file has no {found.word.lower()}s; nothing was bought")
    if found.bad:
        lines = len({video.line.number for video in found.plan}) + len(found.bad)
        said = (
            "the file cannot be read"
            if any(line.number is None for line in found.bad)
            else f"{len(found.bad):,} of {lines:,} {found.word.lower()}s cannot be made"
        )
        raise _NotBought(f"{said}; nothing was bought")
    cost = price(found.plan, found.tasks)
    if not cost.to_send:
        return
    if here:
        for variant in sorted({video.variant for video in found.plan}):
            found.client.ready(variant)
    text = (
        f"{cost.more:,.2f} USD for {cost.to_send:,} of {_many(len(found.plan), 'line', 'lines')}; "
        f"{cost.spent:,.2f} USD were spent on the batch before"
        f"{_unpriced(cost)}"
    )
    stderr_line(text, bold="Estimated cost: ")
    if max_cost is not None and cost.unpriced:
        raise _NotBought(
            f"--max-cost cannot be kept{_unpriced(cost)}, the first is {found.word.lower()} "
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


async def _status(given: _Given, *, as_json: bool, to_the_end: bool) -> int:
    async with _opened(given) as found:
        if to_the_end:
            engine = Engine(given.database) if given.database else None
            await follow(found.plan, found.look, lambda: found.tasks, engine)
        states = Counter(str(each["state"]) for each in found.table({}))
        cost = price(found.plan, found.tasks)
        if as_json:
            facts = {"lines": len(found.plan), "states": dict(sorted(states.items()))}
            usd = {"spent_usd": cost.spent, "left_usd": cost.more}
            click.echo(json.dumps({**facts, **usd, "unpriced": len(cost.unpriced)}))
            return 0
        now = standing_of(map(found.tasks.get, (video.task for video in found.plan)), cost.spent)
        now.capped = states[BEYOND]
        print_line(f"{now.text()}; {cost.more:,.2f} USD for what is left{_unpriced(cost)}")
        for state, count in sorted(states.items()):
            print_line(f"{count:8,} {state}")
        for reason in now.told_reasons():
            print_line(f"  {reason}")
        if now.capped:
            print_line("`rushes batch resume` with a higher --max-cost begins the lines beyond it.")
    return 0


async def _cancel(given: _Given) -> int:
    code = 0
    async with _opened(given) as found:
        if given.database:
            code = await _withdrawn(given.database, found)
            found.tasks = recorded(found.journal, found.plan)

        async def ask(task: rushes.Task) -> None:
            nonlocal code
            try:
                await found.client.cancel(task.id)
            except rushes.RushesError as error:
                code = max(code, exit_code(error))
                bold = f"{found.names[task.id]}:"
                stderr_line(f" {one_line(str(error))}", bold=bold, colour="red")

        await each((task for task in found.tasks.values() if not task.ended), CANCELS_AT_ONCE, ask)
    return code


async def _withdrawn(database: str, found: Batch) -> int:
    """Take back the lines that no worker has begun; return the exit code."""
    async with Engine(database).opened() as engine:
        held = await engine.withdraw(video.task for video in found.plan)
    waiting = [task for task in held if task not in found.tasks]
    if not waiting:
        return 0
    lines = _many(len(waiting), "line is", "lines are")
    stderr_line(f"{lines} held by workers and may still be sent; cancel again.")
    return UNFINISHED


@asynccontextmanager
async def _opened(given: _Given) -> AsyncIterator[Batch]:
    """Read and check a batch's file, saying what is wrong with its lines, and find its tasks."""
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
            _tell(found.bad, found.word)
            yield found


def _tell(bad: Iterable[Bad], word: str) -> None:
    """Say what is wrong with lines; of a problem that many have, name the first and count on."""
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
    """Write rising numbers shortly: 4-7, 9."""
    parts: list[str] = []
    for _, block in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *rest = (number for _, number in block)
        parts.append(f"{first}-{rest[-1]}" if rest else str(first))
    if len(parts) > RANGES:
        parts[RANGES:] = [f"and {len(parts) - RANGES:,} more places"]
    return ", ".join(parts)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise rushes.DiskError(f"{path}: {error.strerror or error}") from error


def _work(work: Coroutine[Any, Any, int]) -> int:
    try:
        return asyncio.run(work)
    except psycopg.Error:
        raise Unusable(ENGINE_UNUSABLE) from None


def _absolute(folder: Path) -> Path:
    return folder.absolute()


def _make(folder: Path) -> None:
    with _disk(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _print(found: Batch, videos: Iterable[Planned]) -> None:
    for video in videos:
        click.echo(json_text(row(video, found.tasks.get(video.task))))


def _unpriced(cost: Price) -> str:
    """Say how many lines an amount leaves out, as the end of a sentence."""
    lines = _many(len(cost.unpriced), "line", "lines")
    return f"; the price of {lines} is unknown" if cost.unpriced else ""


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _anything(_task: rushes.Task | None) -> bool:
    return True
