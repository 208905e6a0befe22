"""The command `rushes worker`: holds jobs until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import click
import psycopg
import rushes
from rich.table import Table
from rushes_cli.terminal import console, json_text, stderr_line

from rushes_batch._brake import Brake
from rushes_batch._health import Health, look, serving
from rushes_batch._holding import Holder
from rushes_batch._jobs import Limit, limits_of
from rushes_batch._logs import Lines, info
from rushes_batch.engine import Engine

__all__ = ["worker"]

ENGINE_UNUSABLE = "the database cannot be used as the engine of workers; is it there, and writable?"
JOB_STATES = {"todo": "waiting", "doing": "held"}
"""Our words for the engine's states of jobs; its other states keep their names."""
_DATABASE: dict[str, Any] = {
    "metavar": "URL",
    "help": "The database that has the journal: postgresql://user:password@host/name.  "
    "[default: that of RUSHES_JOURNAL]",
}


class Unusable(click.ClickException):
    """A database, a key or an address that cannot be used."""

    exit_code = 3


def worker_limits(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> Any:
    """Read the option `--limit`."""
    try:
        return limits_of(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _address(_ctx: click.Context, _option: click.Parameter, given: str | None) -> Any:
    if given is None:
        return None
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{given!r} is not a port, nor HOST:PORT")
    return host or "127.0.0.1", int(port)


@click.group(invoke_without_command=True)
@click.option("--database", envvar="RUSHES_JOURNAL", **_DATABASE)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    callback=worker_limits,
    metavar="PROVIDER=TASKS,NUMBER/s",
    help="What all workers together send to a provider: tasks at once, tasks in a second.",
)
@click.option(
    "--tasks",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many tasks this worker holds at once, waiting ones included.",
)
@click.option(
    "--health",
    callback=_address,
    metavar="[HOST:]PORT",
    help="Answer over HTTP how this worker is, with 503 if the database is away; 0 takes a free "
    "port.",
)
@click.pass_context
def worker(
    ctx: click.Context,
    database: str | None,
    limits: dict[str, Limit],
    tasks: int,
    health: tuple[str, int] | None,
) -> None:
    """Make the videos that others ask for, together with other workers of one database.

    Keys and base URLs come from the environment, or from `rushes keys set`. SIGTERM and Ctrl-C stop
    it: what it holds goes on at the provider, and other workers take it up.
    """
    ctx.obj = database
    if ctx.invoked_subcommand is None:
        handler = logging.StreamHandler()
        handler.setFormatter(Lines())
        logging.basicConfig(level=logging.WARNING, handlers=[handler])
        logging.getLogger("rushes").setLevel(logging.INFO)
        _run(_work(_named(database), limits, tasks, health))


@worker.command(short_help="Say how many workers live, and how many jobs there are.")
@click.option("--database", **_DATABASE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, database: str | None, as_json: bool) -> None:
    """Say how many workers are alive, and how many jobs wait or are held."""
    url = _named(database or ctx.obj)

    async def ask() -> None:
        async with Engine(url).opened() as engine:
            found = await engine.status()
        if as_json:
            click.echo(json_text(found))
        else:
            _print_status(found["workers"], found["jobs"])

    _run(ask())


def _named(database: str | None) -> str:
    if not database:
        raise click.UsageError("Missing option '--database'; or set RUSHES_JOURNAL.")
    return database


def _print_status(workers: int, jobs: dict[str, int]) -> None:
    counts = {"workers alive": workers} | dict.fromkeys(("jobs waiting", "jobs held"), 0)
    counts |= {f"jobs {JOB_STATES.get(state, state)}": jobs[state] for state in sorted(jobs)}
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    console().print(table)
    if not workers and jobs.keys() & JOB_STATES.keys():
        stderr_line("No worker is alive, so nothing is made; `rushes worker` starts one.")


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except rushes.RushesError as error:
        raise Unusable(str(error)) from error
    except psycopg.Error:
        # Its text may contain the password; the journal reports the same in words of its own.
        raise Unusable(ENGINE_UNUSABLE) from None


async def _work(
    database: str,
    limits: dict[str, Limit],
    concurrency: int,
    health: tuple[str, int] | None,
) -> None:
    journal = rushes.PostgresJournal(database)
    await asyncio.to_thread(journal.tasks, limit=1)  # an unusable one raises with clear words
    brake = Brake()
    async with (
        rushes.AsyncClient(journal=journal, wrappers=[brake]) as client,
        Engine(database).opened() as engine,
    ):
        holder = Holder(client, journal, limits, brake=brake)
        working = asyncio.current_task()
        assert working is not None  # noqa: S101 - this is a coroutine of asyncio.run
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        work = asyncio.create_task(engine.work(holder, journal, concurrency))
        stop = asyncio.create_task(stopped.wait())
        info("working", journal=journal.place)

        async def current_health() -> Health:
            return await look(journal, engine, holder, stopping=stopped.is_set())

        if health is None:
            await _until_either_ends(work, stop)
        else:
            async with serving(*health, current_health) as port:
                info("healthy", port=port)
                await _until_either_ends(work, stop)
        info("stopped")


async def _until_either_ends(work: asyncio.Task[None], stop: asyncio.Task[Any]) -> None:
    """Wait until the work fails or is told to stop; then hand on what is held."""
    await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
