"""`rushes resume`: continue tasks where they were left, several at once."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from rushes_cli._errors.messages import print_error
from rushes_cli._output.progress import TaskTracker, resume_commands, show_progress
from rushes_cli._output.report import format_cost
from rushes_cli._request.output import absolute_output, output_options, overwrite
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import shell_command
from rushes_cli._runtime.signals import cancel_on_sigint
from rushes_cli.exit_codes import Interrupted
from rushes_cli.options import complete_tasks, json_option, seconds
from rushes_cli.task_output import json_failures, print_failure, print_task
from rushes_cli.terminal import can_prompt, stderr_line

if TYPE_CHECKING:
    from rushes import AsyncClient, Task

Outcomes = dict[str, "Task | Exception"]


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1, shell_complete=complete_tasks)
@output_options("as the first command was given it")
@click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="How long to wait for each; 0 polls each of them once.",
)
@click.option("--yes", is_flag=True, help="Buy tasks that were never sent without asking.")
@json_option
@click.pass_context
def resume(
    ctx: click.Context,
    references: tuple[str, ...],
    output: str | None,
    force: bool,
    timeout: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Resume tasks where they were left: the given ones, or all that are unfinished.

    Each video goes to the place that the first command was given, or to that of -o. Tasks that were
    never sent are listed before they are bought. Exits with 0 if nothing is left, else with the
    highest of their codes.
    """
    outcomes: Outcomes = {}
    latest: dict[str, Task] = {}
    interrupted: Interrupted | None = None
    with json_failures(as_json=as_json):
        settings = _settings(references, output, timeout, force=force)
        found = _find_tasks(references, outcomes)
        if not references:
            found = _confirm_purchases(found, outcomes, yes=yes)
        try:
            with show_progress() as tracker:
                latest = tracker.latest
                asyncio.run(_resume_all(found, settings, tracker, outcomes))
        except (KeyboardInterrupt, asyncio.CancelledError):
            interrupted = Interrupted(resume_commands(latest.values()))
    codes = [_print_outcome(name, outcomes[name], latest, as_json=as_json) for name in outcomes]
    if interrupted:
        if as_json:
            for task in latest.values():
                if task.id not in outcomes:
                    print_failure(interrupted, task, None)
        raise interrupted
    if not outcomes:
        stderr_line("Nothing is left to resume.")
    ctx.exit(max(codes, default=0))


def _settings(
    references: tuple[str, ...], output: str | None, timeout: float | None, *, force: bool
) -> dict[str, Any]:
    target = absolute_output(output)
    if target is not None and not target.endswith(os.sep) and len(references) != 1:
        raise click.UsageError("-o FILE is for one task; name it, or give a folder.")
    return {"output": target, "overwrite": overwrite(target, force=force), "timeout": timeout}


def _find_tasks(references: tuple[str, ...], outcomes: Outcomes) -> "list[Task]":
    """Return the tasks to resume; those that cannot be read go into `outcomes` at once."""
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


def _confirm_purchases(found: "list[Task]", outcomes: Outcomes, *, yes: bool) -> "list[Task]":
    """List what would be bought, and leave it out if the answer at the terminal is no."""
    from rushes import NotSentError

    unsent = [task for task in found if task.state == "recorded"]
    if not unsent:
        return found
    stderr_line("These tasks were never sent, and will be bought now:")
    for task in unsent:
        stderr_line(f"  {task.id}  {task.variant}  {format_cost(task.estimate)}")
    if yes or not can_prompt() or click.confirm("Buy them?", err=True):
        return found
    for task in unsent:
        stderr_line(shell_command("cancel", task.id), bold="Drop it with: ")
        message = f"task {task.id} stays as it is: it was never sent, nothing was bought"
        outcomes[task.id] = NotSentError(message, task=task)
    return [task for task in found if task not in unsent]


async def _resume_all(
    found: "list[Task]",
    settings: dict[str, Any],
    tracker: TaskTracker,
    outcomes: Outcomes,
) -> None:
    with cancel_on_sigint(asyncio.current_task()):
        async with clients.make_async_client() as client:
            for task in found:
                tracker(task)
            await asyncio.gather(
                *(_resume_one(client, task, settings, tracker, outcomes) for task in found)
            )


async def _resume_one(
    client: "AsyncClient",
    task: "Task",
    settings: dict[str, Any],
    tracker: TaskTracker,
    outcomes: Outcomes,
) -> None:
    try:
        task = await client.resume(task, on_update=tracker, **settings)
        tracker(task)
        outcomes[task.id] = task
    except Exception as error:  # noqa: BLE001 - one task's error must not stop the others
        outcomes[task.id] = error


def _print_outcome(
    reference: str, outcome: "Task | Exception", latest: "dict[str, Task]", *, as_json: bool
) -> int:
    """Print the outcome of one task; return its exit code."""
    if not isinstance(outcome, Exception):
        print_task(outcome, as_json=as_json)
        return 0
    if as_json:
        print_failure(outcome, latest.get(reference), None, reference=reference)
    return print_error(outcome, reference=reference)
