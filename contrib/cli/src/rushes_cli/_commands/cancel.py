"""`rushes cancel`: ask the provider to stop."""

import click

from rushes_cli._output.tasks import task_dict
from rushes_cli._runtime import clients
from rushes_cli.options import complete_tasks, json_option
from rushes_cli.task_output import json_failures
from rushes_cli.terminal import json_text, stderr_line


@click.command()
@click.argument("reference", metavar="REF", shell_complete=complete_tasks)
@json_option
def cancel(reference: str, as_json: bool) -> None:
    """Ask the provider to cancel a task, if it supports that.

    A task that was never sent is dropped; nothing was bought. REF is a task's reference, or the
    beginning of one.
    """
    with json_failures(reference, as_json=as_json), clients.make_client() as client:
        task = client.cancel(reference)
    stderr_line(f"task {task.id} is {task.state}")
    if as_json:
        click.echo(json_text(task_dict(task)))
