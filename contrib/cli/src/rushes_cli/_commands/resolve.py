"""`rushes resolve`: the caller settles a submit whose outcome is unknown."""

from typing import Any

import click

from rushes_cli._output.tasks import task_dict
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import shell_command
from rushes_cli.options import complete_tasks, json_option
from rushes_cli.task_output import json_failures
from rushes_cli.terminal import json_text, stderr_line


@click.command()
@click.argument("reference", metavar="REF", shell_complete=complete_tasks)
@click.option(
    "--as",
    "outcome",
    type=click.Choice(["lost"]),
    help="The provider has no such task; give it up.",
)
@click.option("--id", "remote_id", metavar="REMOTE_ID", help="The provider's id for the task.")
@click.option(
    "--memo",
    metavar="JSON",
    help="What the plugin needs besides the id to poll the task, if the id is not enough.",
)
@json_option
def resolve(
    reference: str, outcome: str | None, remote_id: str | None, memo: str | None, as_json: bool
) -> None:
    """Settle a submit whose outcome is unknown.

    Look at the provider's own list of tasks. If the task is there, give its id, and `resume`
    follows it. If it is not, it is lost, and the request can be sent again.
    """
    if (outcome is None) == (remote_id is None):
        raise click.UsageError("Give either --id REMOTE_ID or --as lost.")
    if memo is not None and remote_id is None:
        raise click.UsageError("--memo needs --id.")
    parsed = None if memo is None else _read_memo(memo)
    with json_failures(reference, as_json=as_json), clients.make_client() as client:
        if remote_id is not None:
            task = client.resolve(reference, remote_id=remote_id, memo=parsed)
        else:
            task = client.resolve(reference, lost=True)
    stderr_line(f"task {task.id} is {task.state}")
    if task.unfinished:
        stderr_line(shell_command("resume", task.id), bold="Follow it with: ")
    if as_json:
        click.echo(json_text(task_dict(task)))


def _read_memo(text: str) -> Any:
    from rushes_cli.strict_json import MalformedJSON, read_json

    try:
        return read_json(text.encode("utf-8", "surrogateescape"))
    except MalformedJSON as error:
        message = f"--memo: {text!r} {error}. Put text in quotes: '\"text\"'."
        raise click.UsageError(message) from None
