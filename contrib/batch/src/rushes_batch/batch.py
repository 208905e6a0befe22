"""The commands `rushes batch …`: a file of requests, one a line, and what becomes of them."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
import rushes
from rushes.home import Environment, home_folder
from rushes_cli.exit_codes import NOT_BOUGHT, UNFINISHED, Interrupted, exit_code
from rushes_cli.options import complete_variants
from rushes_cli.terminal import can_prompt, one_line, stderr_line

from rushes_batch._holding import Holder
from rushes_batch._jobs import Job, Limit
from rushes_batch._lines import ID, Bad
from rushes_batch._plan import Planned, batch_name, planned, price, recorded, spent_on, was_sent
from rushes_batch._run import Progress, each, run
from rushes_batch._table import table, write
from rushes_batch.command import ENGINE_UNUSABLE, Unusable, worker_limits
from rushes_batch.engine import Engine

__all__ = ["batch"]

CANCELS_AT_ONCE = 10


class _NotBought(click.ClickException):
    exit_code = NOT_BOUGHT


class Batch:
    """A batch's file with every line checked, and the journal that has its tasks."""

    def __init__(
        self,
        client: rushes.AsyncClient,
        journal: rushes.SQLiteJournal | rushes.PostgresJournal,
        plan: list[Planned],
        bad: list[Bad],
    ) -> None:
        self.client, self.journal, self.plan, self.bad = client, journal, plan, bad
        self.tasks = recorded(journal, plan)
        self.numbers = {line.task: line.line.number for line in plan}

    def jobs(self, which: Callable[[rushes.Task | None], bool], folder: Path | None) -> list[Job]:
        """Return the jobs of the lines whose tasks, or whose lack of one, are chosen."""
        return [line.job(folder) for line in self.plan if which(self.tasks.get(line.task))]


def _usable_name(_ctx: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is not None and not ID.fullmatch(given):
        raise click.BadParameter(
            f"{given!r} is not 1 to 32 English letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit"
        )
    return given


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        click.option(
            "-m",
            "--model",
            metavar="VARIANT",
            shell_complete=complete_variants,
            help="Variant for the lines that name none, like toapis/kling-v3.",
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
    for option in reversed(options):
        command = option(command)
    return command


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
            help="What is sent to a provider: tasks at once, tasks in a second.  [repeatable]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def batch() -> None:
    """Make the videos that a file asks for, one a line: JSON Lines or CSV."""


@batch.command("run")
@_shared
@_running
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Buy nothing if the whole batch, with what was bought before, is estimated at more.",
)
@click.option("--yes", is_flag=True, help="Do not ask before anything is bought.")
@click.pass_context
def run_command(ctx: click.Context, /, max_cost: float | None, yes: bool, **given: Any) -> None:
    """Check every line of FILE, say what it costs, and make the videos.

    A line is a request as `rushes generate --request` takes it, with `variant` and, if you like, an
    `id` of your own. Ctrl-C stops the waiting, not the tasks; the same command goes on, and buys
    nothing twice. A line that was changed is a new job. The exit code is the highest of the tasks'.
    """
    ctx.exit(_work(_run(_anything, max_cost=max_cost, yes=yes, **given)))


@batch.command()
@_shared
@_running
@click.pass_context
def resume(ctx: click.Context, /, **given: Any) -> None:
    """Go on with the lines of FILE that were sent, and begin no other."""
    ctx.exit(_work(_run(was_sent, max_cost=None, yes=True, **given)))


@batch.command()
@_shared
def status(**given: Any) -> None:
    """Say how many lines of FILE are in which state, and what they cost, as JSON."""

    async def show() -> int:
        async with _opened(**given) as found:
            states = Counter(_state(found.tasks.get(line.task)) for line in found.plan)
            cost = price(found.plan, found.tasks)
            facts = {"lines": len(found.plan), "states": dict(sorted(states.items()))}
            click.echo(json.dumps({**facts, "spent_usd": cost.spent, "left_usd": cost.more}))
        return 0

    _work(show())


@batch.command()
@_shared
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The table's file.  [default: print it]"
)
def results(output: Path | None, **given: Any) -> None:
    """Write what became of each line of FILE, as a CSV table."""

    async def show() -> int:
        async with _opened(**given) as found:
            text = table(found.plan, found.tasks, {})
        if output is None:
            click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
        else:
            _write(output, text)
        return 0

    _work(show())


@batch.command()
@_shared
@click.pass_context
def cancel(ctx: click.Context, /, **given: Any) -> None:
    """Ask the providers to cancel what is under way of FILE, and begin no other line.

    A run of it on this machine has to be stopped before; workers are told here.
    """
    ctx.exit(_work(_cancel(**given)))


async def _run(
    which: Callable[[rushes.Task | None], bool],
    *,
    file: Path,
    name: str | None,
    database: str | None,
    output: Path | None,
    at_once: int,
    limits: dict[str, Limit],
    max_cost: float | None,
    yes: bool,
    model: str | None,
) -> int:
    folder = _absolute(output) if output else None
    async with _opened(file=file, model=model, name=name, database=database) as found:
        if which is _anything:
            _agree(found, max_cost, yes=yes, here=database is None)
        if database:
            return await _handed_over(database, found, which, folder)
        here = folder or _absolute(Path(name or batch_name(file)))
        return await _made_here(found, which, here, at_once, limits)


async def _handed_over(
    database: str,
    found: Batch,
    which: Callable[[rushes.Task | None], bool],
    folder: Path | None,
) -> int:
    def open_and_chosen(task: rushes.Task | None) -> bool:
        return which(task) and (task is None or task.unfinished or task.state == "refused")

    jobs = found.jobs(open_and_chosen, folder)
    async with Engine(database).opened() as engine:
        await engine.defer(jobs)
    stderr_line(f"{len(jobs)} of {len(found.plan)} lines are handed to the workers.")
    return 0


async def _made_here(
    found: Batch,
    which: Callable[[rushes.Task | None], bool],
    folder: Path,
    at_once: int,
    limits: dict[str, Limit],
) -> int:
    jobs = found.jobs(which, folder)
    spent = {name: spent_on(task) for name, task in found.tasks.items()}
    progress = Progress(len(jobs), found.numbers, sum(spent.values()))
    _make(folder)  # before anything is paid that could not be put there
    holder = Holder(found.client, found.journal, limits)
    try:
        finished = await run(holder, jobs, at_once, progress, spent)
    finally:
        errors = {task: one_line(str(error)) for task, error in progress.errors.items()}
        text = table(found.plan, recorded(found.journal, found.plan), errors)
        _write(folder / "results.csv", text)
    stderr_line(f"{progress.text(0)}. The table: {folder / 'results.csv'}")
    if not finished:
        stderr_line("Stopped. The same command goes on.")
        raise Interrupted
    return progress.code


def _agree(found: Batch, max_cost: float | None, *, yes: bool, here: bool) -> None:
    """Say what is to be bought, and let it be refused: by bad lines, by the cap, by the caller."""
    if found.bad:
        lines = len(found.plan) + len(found.bad)
        raise _NotBought(f"{len(found.bad)} of {lines} lines cannot be made; nothing was bought")
    cost = price(found.plan, found.tasks)
    if not cost.to_send:
        return
    if here:
        for variant in sorted({line.line.variant for line in found.plan}):
            found.client.ready(variant)
    unpriced = len(cost.unpriced)
    unknown = f"; the price of {unpriced} lines is unknown" if unpriced else ""
    text = (
        f"{cost.more:.2f} USD for {cost.to_send} of {len(found.plan)} lines; "
        f"{cost.spent:.2f} USD were spent on the batch before{unknown}"
    )
    stderr_line(text, bold="Estimated cost: ")
    if max_cost is not None and unpriced:
        raise _NotBought(
            f"--max-cost cannot be kept: the price of {unpriced} lines is unknown, the first is "
            f"line {cost.unpriced[0]}; nothing was bought"
        )
    if max_cost is not None and cost.spent + cost.more > max_cost:
        total = cost.spent + cost.more
        raise _NotBought(
            f"that is {total:.2f} USD in all, and --max-cost is {max_cost:.2f}; nothing was bought"
        )
    if yes:
        return
    if not can_prompt():
        raise click.UsageError("Nobody can be asked here; give --yes to buy it.")
    click.confirm("Make them?", abort=True, err=True)


async def _cancel(*, file: Path, model: str | None, name: str | None, database: str | None) -> int:
    code = 0
    async with _opened(file=file, model=model, name=name, database=database) as found:
        if database:
            code = await _withdrawn(database, found)
            found.tasks = recorded(found.journal, found.plan)

        async def ask(task: rushes.Task) -> None:
            nonlocal code
            try:
                await found.client.cancel(task.id)
            except rushes.RushesError as error:
                code = max(code, exit_code(error))
                bold = f"Line {found.numbers[task.id]}:"
                stderr_line(f" {one_line(str(error))}", bold=bold, colour="red")

        await each((task for task in found.tasks.values() if not task.ended), CANCELS_AT_ONCE, ask)
    return code


async def _withdrawn(database: str, found: Batch) -> int:
    """Take back the lines that no worker has begun; return the exit code."""
    async with Engine(database).opened() as engine:
        held = await engine.withdraw(line.task for line in found.plan)
    waiting = [task for task in held if task not in found.tasks]
    if not waiting:
        return 0
    stderr_line(f"{len(waiting)} lines are held by workers and may still be sent; cancel again.")
    return UNFINISHED


@asynccontextmanager
async def _opened(
    *, file: Path, model: str | None, name: str | None, database: str | None
) -> AsyncIterator[Batch]:
    """Read and check a batch's file, saying what is wrong with its lines, and find its tasks."""
    environ = Environment()
    url = database or environ.get("RUSHES_JOURNAL")
    journal = (
        rushes.PostgresJournal(url)
        if url
        else rushes.SQLiteJournal(home_folder(None, environ) / "journal.db")
    )
    with closing(journal):
        async with rushes.AsyncClient(journal=journal) as client:
            with _disk(file):
                plan, bad = planned(client, file, name or batch_name(file), model)
            for line in bad:
                for problem in line.problems:
                    stderr_line(f" {problem}", bold=f"Line {line.number}:", colour="red")
            yield Batch(client, journal, plan, bad)


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


def _write(path: Path, text: str) -> None:
    with _disk(path):
        write(path, text)


def _anything(_task: rushes.Task | None) -> bool:
    return True


def _state(task: rushes.Task | None) -> str:
    return "not begun" if task is None else task.state
