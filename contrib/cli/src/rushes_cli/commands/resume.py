"""`rushes resume`: tasks taken up where they were left, side by side."""

import asyncio
from typing import TYPE_CHECKING

import click

from rushes_cli import clients
from rushes_cli.completing import tasks
from rushes_cli.endings import tell_error
from rushes_cli.exits import Stopped
from rushes_cli.interrupts import cancelling
from rushes_cli.options import json_option
from rushes_cli.params import positive
from rushes_cli.results import failures, print_failure, print_task
from rushes_cli.terminal import say
from rushes_cli.watching import Watch, watching, ways_on

if TYPE_CHECKING:
    from rushes import AsyncClient, Task

Outcomes = dict[str, "Task | Exception"]


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1, shell_complete=tasks)
@click.option(
    "--timeout", type=positive, metavar="SECONDS", help="How long to wait for each of them."
)
@json_option
@click.pass_context
def resume(
    ctx: click.Context, references: tuple[str, ...], timeout: float | None, as_json: bool
) -> None:
    """Take tasks up where they were left: all that are unfinished, or those named.

    Each video goes where the first command was told to put it. Exits with 0 when nothing is left,
    else with the highest code of theirs.
    """
    outcomes: Outcomes = {}
    latest: dict[str, Task] = {}
    stopped: Stopped | None = None
    with failures(as_json=as_json):
        try:
            with watching() as watch:
                latest = watch.latest
                asyncio.run(_resume(references, timeout, watch, outcomes))
        except (KeyboardInterrupt, asyncio.CancelledError):
            stopped = Stopped(ways_on(latest.values()))
    codes = [_tell(name, outcomes[name], latest, as_json=as_json) for name in outcomes]
    if stopped:
        if as_json:
            for task in latest.values():
                if task.id not in outcomes:
                    print_failure(stopped, task, None)
        raise stopped
    if not outcomes:
        say("Nothing is left to resume.")
    ctx.exit(max(codes, default=0))


async def _resume(
    references: tuple[str, ...],
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    watch: Watch,
    outcomes: Outcomes,
) -> None:
    with cancelling(asyncio.current_task()):
        async with clients.make_async_client() as client:
            found: dict[str, Task] = {}
            for reference in references:
                try:
                    task = await client.task(reference)
                    found.setdefault(task.id, task)
                except Exception as error:  # noqa: BLE001 - told at the end, the others go on
                    outcomes[reference] = error
            if not references:
                found = {task.id: task for task in reversed(await client.tasks(unfinished=True))}
            for task in found.values():
                watch(task)
            await asyncio.gather(
                *(_resume_one(client, task, timeout, watch, outcomes) for task in found.values())
            )


async def _resume_one(
    client: "AsyncClient",
    task: "Task",
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    watch: Watch,
    outcomes: Outcomes,
) -> None:
    try:
        task = await client.resume(task, timeout=timeout, on_update=watch)
        outcomes[task.id] = task
    except Exception as error:  # noqa: BLE001 - one task's end is not the others'
        outcomes[task.id] = error


def _tell(
    reference: str, outcome: "Task | Exception", latest: "dict[str, Task]", *, as_json: bool
) -> int:
    """Print what became of one task; return its exit code."""
    if not isinstance(outcome, Exception):
        print_task(outcome, as_json=as_json)
        return 0
    if as_json:
        print_failure(outcome, latest.get(reference), None, reference=reference)
    return tell_error(outcome, reference=reference)
