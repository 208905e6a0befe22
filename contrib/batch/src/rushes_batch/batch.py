"""The commands `rushes batch …`: a file of requests, one a line, and what becomes of them."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import click
import psycopg
import rushes
from rushes_cli.exit_codes import UNFINISHED, exit_code
from rushes_cli.options import amount, complete_variants
from rushes_cli.terminal import json_text, one_line, print_line, stderr_line

from rushes_batch._batch import Batch, Given, disk, many, opened
from rushes_batch._buying import make, unpriced
from rushes_batch._follow import follow
from rushes_batch._lines import ID
from rushes_batch._plan import price, recorded
from rushes_batch._progress import standing_of
from rushes_batch._run import for_each
from rushes_batch._table import BEYOND, FORMATS, csv_text, write
from rushes_batch.command import ENGINE_UNUSABLE, Unusable, worker_limits
from rushes_batch.engine import Engine

__all__ = ["batch"]

CANCELS_AT_ONCE = 10


def _usable_name(_ctx: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is not None and not ID.fullmatch(given):
        raise click.BadParameter(
            f"{given!r} is not 1 to 32 English letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit"
        )
    return given


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every command has: the file, and how to read it."""
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
    """Add the options of the commands that make videos."""
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


def _takes(given: dict[str, Any]) -> Given:
    """Take, out of the options, those that every command has."""
    values = {name: given.pop(name) for name in Given.__struct_fields__}
    values["models"] = tuple(dict.fromkeys(values["models"]))
    return Given(**values)


@click.group()
def batch() -> None:
    """Make the videos that a file asks for, one a line: JSON Lines, CSV, or a plan file."""


@batch.command("run", short_help="Check every line, say what it costs, make the videos.")
@_shared
@_running
@click.option(
    "--max-cost",
    type=amount,
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
    ctx.exit(_work(make(_takes(given), begin=True, **given)))


@batch.command(short_help="Go on with the lines that were sent.")
@_shared
@_running
@click.option(
    "--max-cost",
    type=amount,
    metavar="USD",
    help="Begin the lines that are left, too, as long as the whole batch costs no more.",
)
@click.pass_context
def resume(ctx: click.Context, /, max_cost: float | None, **given: Any) -> None:
    """Go on with the lines of FILE that were sent, and begin no other without --max-cost."""
    begin = max_cost is not None
    ctx.exit(_work(make(_takes(given), begin=begin, max_cost=max_cost, yes=True, **given)))


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
        async with opened(_takes(given)) as found:
            table = found.table({})
        if output is not None:
            with disk(output):
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


async def _status(given: Given, *, as_json: bool, to_the_end: bool) -> int:
    async with opened(given) as found:
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
        print_line(f"{now.text()}; {cost.more:,.2f} USD for what is left{unpriced(cost)}")
        for state, count in sorted(states.items()):
            print_line(f"{count:8,} {state}")
        for reason in now.told_reasons():
            print_line(f"  {reason}")
        if now.capped:
            print_line("`rushes batch resume` with a higher --max-cost begins the lines beyond it.")
    return 0


async def _cancel(given: Given) -> int:
    code = 0
    async with opened(given) as found:
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

        await for_each(
            (task for task in found.tasks.values() if not task.ended), CANCELS_AT_ONCE, ask
        )
    return code


async def _withdrawn(database: str, found: Batch) -> int:
    """Take back the lines that no worker has begun; return the exit code."""
    async with Engine(database).opened() as engine:
        held = await engine.withdraw(video.task for video in found.plan)
    still_sent = [task for task in held if task not in found.tasks]
    if not still_sent:
        return 0
    lines = many(len(still_sent), "line is", "lines are")
    stderr_line(f"{lines} held by workers and may still be sent; cancel again.")
    return UNFINISHED


def _work(work: Coroutine[Any, Any, int]) -> int:
    try:
        return asyncio.run(work)
    except psycopg.Error:
        raise Unusable(ENGINE_UNUSABLE) from None
