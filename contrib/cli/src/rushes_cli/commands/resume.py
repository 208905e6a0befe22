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
from rushes_cli.params import seconds
from rushes_cli.place import command_line
from rushes_cli.report_view import money
from rushes_cli.results import failures, print_failure, print_task
from rushes_cli.terminal import is_there_somebody, say
from rushes_cli.watching import Watch, watching, ways_on

if TYPE_CHECKING:
    from rushes import AsyncClient, Task

Outcomes = dict[str, "Task | Exception"]


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1, shell_complete=tasks)
@click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="How long to wait for each of them; 0 is one look.",
)
@click.option("--yes", is_flag=True, help="Do not ask before buying what was never sent.")
@json_option
@click.pass_context
def resume(
    ctx: click.Context,
    references: tuple[str, ...],
    timeout: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Take tasks up where they were left: all that are unfinished, or those named.

    Each video goes where the first command was told to put it. Jobs that were never sent are named
    before they are bought. Exits with 0 when nothing is left, else with the highest code of theirs.
    """
    outcomes: Outcomes = {}
    latest: dict[str, Task] = {}
    stopped: Stopped | None = None
    with failures(as_json=as_json):
        found = _found(references, outcomes)
        if not references:
            found = _wanted(found, yes=yes)
        try:
            with watching() as watch:
                latest = watch.latest
                asyncio.run(_resume(found, timeout, watch, outcomes))
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


def _found(references: tuple[str, ...], outcomes: Outcomes) -> "list[Task]":
    """Return the tasks that are asked for; what is wrong with the others is told at the end."""
    from rushes import JournalError

    found: dict[str, Task] = {}
    with clients.make_client() as client:
        for reference in references:
            try:
                task = client.task(reference)
                found.setdefault(task.id, task)
            except Exception as error:  # noqa: BLE001 - the others go on
                outcomes[reference] = error
        if not references:
            found = {task.id: task for task in reversed(client.tasks(unfinished=True))}
            unreadable = client.unreadable(unfinished=True)
            outcomes.update({name: JournalError(why) for name, why in unreadable.items()})
    return list(found.values())


def _wanted(found: "list[Task]", *, yes: bool) -> "list[Task]":
    """Name what would be bought, and leave it out where a person does not want it."""
    unsent = [task for task in found if task.state == "recorded"]
    if not unsent:
        return found
    say("Never sent, and bought now:")
    for task in unsent:
        say(f"  {task.id}  {task.variant}  {money(task.estimate)}")
    if yes or not is_there_somebody() or click.confirm("Buy them?", err=True):
        return found
    for task in unsent:
        say(command_line("cancel", task.id), bold="Drop it with: ")
    return [task for task in found if task not in unsent]


async def _resume(
    found: "list[Task]",
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    watch: Watch,
    outcomes: Outcomes,
) -> None:
    with cancelling(asyncio.current_task()):
        async with clients.make_async_client() as client:
            for task in found:
                watch(task)
            await asyncio.gather(
                *(_resume_one(client, task, timeout, watch, outcomes) for task in found)
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
        watch(task)
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
