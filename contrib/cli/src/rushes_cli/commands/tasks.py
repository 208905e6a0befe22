"""`rushes tasks`: the journal, the newest first."""

from typing import TYPE_CHECKING

import click

from rushes_cli import clients
from rushes_cli.exits import CONFIGURATION
from rushes_cli.options import json_option
from rushes_cli.task_view import local, task_object
from rushes_cli.terminal import console, json_text, one_line, say, without_password

if TYPE_CHECKING:
    from rich.table import Table
    from rushes import Task


@click.command()
@click.option("--unfinished", is_flag=True, help="Only those that `rushes resume` takes up.")
@json_option
@click.pass_context
def tasks(ctx: click.Context, unfinished: bool, as_json: bool) -> None:
    """List the tasks in the journal, the newest first."""
    with clients.make_client() as client:
        found = client.tasks(unfinished=unfinished)
        unreadable = client.unreadable(unfinished=unfinished)
    if as_json:
        click.echo(json_text([task_object(task) for task in found]))
    elif found:
        screen = console()
        screen.print(_table(found, screen.width))
    elif not unreadable:
        say("No task is unfinished." if unfinished else "There is no task yet.")
    for reason in unreadable.values():
        say(reason, bold="Error: ", colour="red")
    ctx.exit(CONFIGURATION if unreadable else 0)


def _table(found: "list[Task]", width: int) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    # A reference is there to be copied, so it is never cut; what does not fit is folded.
    table.add_column("task", no_wrap=True)
    table.add_column("variant", overflow="fold")
    table.add_column("status", no_wrap=True)
    if width >= 100:
        table.add_column("created", no_wrap=True)
    table.add_column("file", overflow="fold")
    for task in found:
        cells = [task.id, task.variant, _status(task), local(task.created_at), _outcome(task)]
        if width < 100:
            del cells[3]
        table.add_row(*(one_line(cell) for cell in cells))
    return table


def _status(task: "Task") -> str:
    if task.state == "in_progress" and task.progress is not None:
        return f"{task.state} {task.progress:.0f}%"
    return task.state


def _outcome(task: "Task") -> str:
    if task.file:
        return task.file
    error = without_password(task.error or "")
    return error if len(error) <= 80 else error[:79] + "…"
