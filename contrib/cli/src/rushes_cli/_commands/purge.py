"""`rushes purge`: forget old tasks."""

import time
from collections import Counter

import click

from rushes_cli._runtime import clients
from rushes_cli._runtime.journal import all_tasks
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import json_option
from rushes_cli.terminal import can_prompt, json_text, stderr_line

_DAY = 24 * 3600.0


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Forget tasks that have not changed for this long.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def purge(ctx: click.Context, days: float, yes: bool, as_json: bool) -> None:
    """Forget old tasks that have ended: prompts and links are private.

    They are removed from the journal for good; their videos stay. Unfinished tasks are kept:
    finish them with `rushes resume`, or give them up with `rushes resolve REF --as lost`. Tasks
    that cannot be read are kept, too, and named.
    """
    with clients.make_client() as client:
        before = time.time() - days * _DAY
        old = Counter(task.unfinished for task in all_tasks(client) if task.updated_at < before)
        unfinished = old[True]
        if old[False] and not yes:
            _confirm(old[False], days)
        # Even if nothing is left to forget: an earlier purge may have left traces on the disk.
        count = client.purge(days * _DAY)
        unreadable = client.unreadable()
    stderr_line(f"{_tasks(count)} forgotten.")
    if unfinished:
        stderr_line(f"Kept as unfinished: {_tasks(unfinished)} of that age.")
    if as_json:
        click.echo(json_text({"purged": count, "unfinished": unfinished}))
    for reason in unreadable.values():
        stderr_line(f"kept: {reason}", bold="Error: ", colour="red")
    ctx.exit(CONFIGURATION if unreadable else 0)


def _confirm(count: int, days: float) -> None:
    if not can_prompt():
        raise click.UsageError(
            f"{_tasks(count)} would be forgotten, and there is no terminal to confirm on; "
            "give --yes."
        )
    question = f"Forget {_tasks(count)}, unchanged for {days:g} days, for good?"
    click.confirm(question, abort=True, err=True)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
