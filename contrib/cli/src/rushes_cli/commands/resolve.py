"""`rushes resolve`: the caller knows what became of a submit, where nobody else does."""

from typing import Any

import click

from rushes_cli import clients
from rushes_cli.completing import tasks
from rushes_cli.options import json_option
from rushes_cli.place import command_line
from rushes_cli.results import failures
from rushes_cli.task_view import task_object
from rushes_cli.terminal import json_text, say


@click.command()
@click.argument("reference", metavar="REF", shell_complete=tasks)
@click.option(
    "--as", "outcome", type=click.Choice(["lost"]), help="The provider has no such task; let it go."
)
@click.option("--id", "remote_id", metavar="REMOTE_ID", help="The id that the provider gave it.")
@click.option(
    "--memo",
    metavar="JSON",
    help="What the plugin keeps beside the id, where the id alone is not enough to ask by.",
)
@json_option
def resolve(
    reference: str, outcome: str | None, remote_id: str | None, memo: str | None, as_json: bool
) -> None:
    """Say what became of a submit whose outcome is unknown.

    Look at the provider's own list of tasks. Found there: give its id, and `resume` follows it.
    Not there: it is lost, and the request can be sent anew.
    """
    if (outcome is None) == (remote_id is None):
        raise click.UsageError("Give either --id REMOTE_ID or --as lost.")
    if memo is not None and remote_id is None:
        raise click.UsageError("--memo belongs to an --id.")
    kept = None if memo is None else _json(memo)
    with failures(reference, as_json=as_json), clients.make_client() as client:
        if remote_id is not None:
            task = client.resolve(reference, remote_id=remote_id, memo=kept)
        else:
            task = client.resolve(reference, lost=True)
    say(f"task {task.id} is {task.state}")
    if task.unfinished:
        say(command_line("resume", task.id), bold="Follow it with: ")
    if as_json:
        click.echo(json_text(task_object(task)))


def _json(text: str) -> Any:
    from rushes_cli.strict_json import Malformed, read_json

    try:
        return read_json(text.encode("utf-8", "surrogateescape"))
    except Malformed as error:
        message = f"--memo: {text!r} {error}. Text is written in quotes: '\"text\"'."
        raise click.UsageError(message) from None
