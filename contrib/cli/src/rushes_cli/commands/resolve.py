"""`rushes resolve`: the caller knows what became of a submit, where nobody else does."""

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
@json_option
def resolve(reference: str, outcome: str | None, remote_id: str | None, as_json: bool) -> None:
    """Say what became of a submit whose outcome is unknown.

    Look at the provider's own list of tasks. Found there: give its id, and `resume` follows it.
    Not there: it is lost, and the request can be sent anew.
    """
    if (outcome is None) == (remote_id is None):
        raise click.UsageError("Give either --id REMOTE_ID or --as lost.")
    with failures(reference, as_json=as_json), clients.make_client() as client:
        if remote_id is not None:
            task = client.resolve(reference, remote_id=remote_id)
        else:
            task = client.resolve(reference, lost=True)
    say(f"task {task.id} is {task.state}")
    if task.unfinished:
        say(command_line("resume", task.id), bold="Follow it with: ")
    if as_json:
        click.echo(json_text(task_object(task)))
