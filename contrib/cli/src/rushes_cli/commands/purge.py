"""`rushes purge`: forget old tasks."""

import time

import click

from rushes_cli import clients
from rushes_cli.options import json_option
from rushes_cli.terminal import is_there_somebody, json_text, say

DAY = 24 * 3600.0


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Forget what has not changed for so long.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def purge(days: float, yes: bool, as_json: bool) -> None:
    """Forget tasks that are over: prompts and links are private.

    They leave the journal for good; their videos stay. What is unfinished is kept: take it up with
    `rushes resume`, or let it go with `rushes resolve REF --as lost`.
    """
    with clients.make_client() as client:
        before = time.time() - days * DAY
        old = [task for task in client.tasks() if task.updated_at < before]
        unfinished = sum(task.unfinished for task in old)
        if len(old) > unfinished and not yes:
            _ask(len(old) - unfinished, days)
        # Also where nothing is left to forget: an earlier purge may have left traces on the disk.
        count = client.purge(days * DAY)
    say(f"{_tasks(count)} forgotten.")
    if unfinished:
        say(f"{_tasks(unfinished)} of that age kept: unfinished.")
    if as_json:
        click.echo(json_text({"purged": count, "unfinished": unfinished}))


def _ask(count: int, days: float) -> None:
    if not is_there_somebody():
        raise click.UsageError(
            f"{_tasks(count)} would be forgotten, and nobody is there to ask; give --yes."
        )
    question = f"Forget {_tasks(count)}, unchanged for {days:g} days, for good?"
    click.confirm(question, abort=True, err=True)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
