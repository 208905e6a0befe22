"""`rushes tasks`: the journal, the newest first."""

from typing import TYPE_CHECKING

import click

from rushes_cli._output.tasks import format_local, task_dict
from rushes_cli._runtime import clients
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import json_option
from rushes_cli.terminal import console, json_text, one_line, stderr_line, strip_passwords

if TYPE_CHECKING:
    from rich.table import Table
    from rushes import Task


@click.command()
@click.option("--unfinished", is_flag=True, help="Only those that `rushes resume` would resume.")
@json_option
@click.pass_context
def tasks(ctx: click.Context, unfinished: bool, as_json: bool) -> None:
    """List the tasks in the journal, the newest first."""
    with clients.make_client() as client:
        found = client.tasks(unfinished=unfinished)
        unreadable = client.unreadable(unfinished=unfinished)
    if as_json:
        click.echo(json_text([task_dict(task) for task in found]))
    elif found:
        screen = console()
        screen.print(_table(found, screen.width))
    elif not unreadable:
        stderr_line("There are no unfinished tasks." if unfinished else "There are no tasks yet.")
    for reason in unreadable.values():
        stderr_line(reason, bold="Error: ", colour="red")
    ctx.exit(CONFIGURATION if unreadable else 0)


def _table(found: "list[Task]", width: int) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    # References are meant to be copied, so they are never cut; the rest wraps.
    table.add_column("task", no_wrap=True)
    table.add_column("variant", overflow="fold")
    table.add_column("status", no_wrap=True)
    if width >= 100:
        table.add_column("created", no_wrap=True)
    table.add_column("file", overflow="fold")
    for task in found:
        cells = [
            task.id,
            task.variant,
            _status(task),
            format_local(task.created_at),
            _outcome(task),
        ]
        if width < 100:
            del cells[3]
        table.add_row(*(one_line(cell) for cell in cells))
    return table


def _status(task: "Task") -> str:
    if task.state == "in_progress" and task.progress is not None:
        return f"{task.state} {task.progress:.0f}%"
    return task.state


def _outcome(task: "Task") -> str:
    if task.files:
        more = len(task.files) - 1
        return task.files[0] + (f" (+{more})" if more else "")
    error = strip_passwords(task.error or "")
    return error if len(error) <= 80 else error[:79] + "…"
