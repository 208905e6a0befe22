"""`rushes cancel`: ask the provider to stop."""

import click

from rushes_cli import clients
from rushes_cli.completing import tasks
from rushes_cli.options import json_option
from rushes_cli.results import failures
from rushes_cli.task_view import task_object
from rushes_cli.terminal import json_text, say


@click.command()
@click.argument("reference", metavar="REF", shell_complete=tasks)
@json_option
def cancel(reference: str, as_json: bool) -> None:
    """Ask the provider to cancel a task, where it has a way to.

    A job that was never sent is dropped; nothing was bought. REF is a task's reference, or the
    beginning of one.
    """
    with failures(reference, as_json=as_json), clients.make_client() as client:
        task = client.cancel(reference)
    say(f"task {task.id} is {task.state}")
    if as_json:
        click.echo(json_text(task_object(task)))
