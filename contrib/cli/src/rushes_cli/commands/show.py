"""`rushes show`: one task in full."""

from typing import TYPE_CHECKING, Any

import click

from rushes_cli import clients
from rushes_cli.completing import tasks
from rushes_cli.options import json_option
from rushes_cli.place import command_line
from rushes_cli.report_view import money, tell_json
from rushes_cli.results import failures
from rushes_cli.task_view import local, task_object, utc
from rushes_cli.terminal import clean, json_text, tell, without_password

if TYPE_CHECKING:
    from rushes import Task


@click.command()
@click.argument("reference", metavar="REF", shell_complete=tasks)
@click.option("--refresh", is_flag=True, help="Ask the provider once what the task is now.")
@json_option
def show(reference: str, refresh: bool, as_json: bool) -> None:
    """Show one task: what was sent, what became of it.

    REF is a task's reference, or the beginning of one.
    """
    with failures(reference, as_json=as_json), clients.make_client() as client:
        task = client.refresh(reference) if refresh else client.task(reference)
        history = client.history(task.id)
    from rushes.urls import shown

    if as_json:
        more = {"base_url": shown(task.base_url), "output": task.output, "request": _sent(task)}
        changes = [{"at": utc(was.updated_at), "status": was.state} for was in history]
        click.echo(json_text({**task_object(task), **more, "history": changes}))
        return
    for name, value in _facts(task):
        if value:
            tell(value, bold=f"{name + ':':<11}")
    for number, was in enumerate(history):
        head = "" if number else "History:"
        tell(f"{local(was.updated_at)}  {was.state}", bold=f"{head:<11}")
    if task.call is not None:
        tell()
        tell(f"{task.call.method} {shown(task.call.url)}", bold="Sent:      ")
        body = _sent(task)
        if isinstance(body, str):
            click.echo(clean(body))
        else:
            tell_json(body)


def _facts(task: "Task") -> list[tuple[str, str | None]]:
    status: str = task.state
    if task.progress is not None and not task.ended:
        status += f", {task.progress:.0f} %"
    return [
        ("Task", task.id),
        ("Variant", task.variant),
        ("Status", status),
        ("Error", without_password(task.error or "")),
        ("Remote id", task.remote_id),
        ("File", task.file),
        ("Output", task.output if task.output != task.file else None),
        ("Estimate", money(task.estimate) if task.estimate is not None else None),
        ("Cost", money(task.cost) if task.cost is not None else None),
        ("Created", local(task.created_at)),
        ("Updated", local(task.updated_at)),
        ("Asked", local(task.looked_at) if task.looked_at is not None else None),
        ("Resume", command_line("resume", task.id) if task.unfinished else None),
    ]


def _sent(task: "Task") -> Any:
    """Return the recorded body: JSON where it is JSON."""
    import msgspec

    body = task.call.body if task.call is not None else None
    if body is None:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
