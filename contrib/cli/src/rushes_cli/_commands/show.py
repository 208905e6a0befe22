"""`rushes show`: one task in full."""

from typing import TYPE_CHECKING, Any

import click

from rushes_cli._output.report import format_cost, print_json
from rushes_cli._output.tasks import format_local, format_utc, task_dict
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import shell_command
from rushes_cli.options import complete_tasks, json_option
from rushes_cli.task_output import json_failures
from rushes_cli.terminal import escape_controls, json_text, print_line, strip_passwords

if TYPE_CHECKING:
    from rushes import Task, Tried


@click.command()
@click.argument("reference", metavar="REF", shell_complete=complete_tasks)
@click.option("--refresh", is_flag=True, help="Ask the provider for the current state first.")
@json_option
def show(reference: str, refresh: bool, as_json: bool) -> None:
    """Show one task: what was sent, and what happened to it.

    REF is a task's reference, or the beginning of one.
    """
    with json_failures(reference, as_json=as_json), clients.make_client() as client:
        task = client.refresh(reference) if refresh else client.task(reference)
        history = client.history(task.id)
    from rushes.urls import without_secrets

    if as_json:
        more = {
            "base_url": without_secrets(task.base_url),
            "output": task.output,
            "request": _sent(task),
        }
        changes = [{"at": format_utc(was.updated_at), "status": was.state} for was in history]
        click.echo(json_text({**task_dict(task), **more, "history": changes}))
        return
    for name, value in _facts(task):
        if value:
            print_line(value, bold=f"{name and name + ':':<11}")
    for number, was in enumerate(history):
        head = "" if number else "History:"
        print_line(f"{format_local(was.updated_at)}  {was.state}", bold=f"{head:<11}")
    if task.call is not None:
        print_line()
        unsent = task.receipt is None and task.state in ("recorded", "cancelled")
        head = "Unsent:" if unsent else "Sent:"
        print_line(f"{task.call.method} {without_secrets(task.call.url)}", bold=f"{head:<11}")
        body = _sent(task)
        if isinstance(body, str):
            click.echo(escape_controls(body))
        else:
            print_json(body)


def _facts(task: "Task") -> list[tuple[str, str | None]]:
    status: str = task.state
    if task.progress is not None and not task.ended:
        status += f", {task.progress:.0f} %"
    return [
        ("Task", task.id),
        ("Variant", task.variant),
        ("Status", status),
        ("Error", strip_passwords(task.error or "")),
        ("Remote id", task.remote_id),
        *(("" if number else "Before it", _tried(each)) for number, each in enumerate(task.tried)),
        *(("" if number else "File", file) for number, file in enumerate(task.files)),
        ("Missing", _missing(task)),
        ("Output", task.output if task.output != task.file else None),
        ("Estimate", format_cost(task.estimate) if task.estimate is not None else None),
        ("Cost", format_cost(task.cost) if task.cost is not None else None),
        ("Created", format_local(task.created_at)),
        ("Updated", format_local(task.updated_at)),
        ("Polled", format_local(task.looked_at) if task.looked_at is not None else None),
        ("Resume", shell_command("resume", task.id) if task.unfinished else None),
    ]


def _tried(each: "Tried") -> str:
    """Say what became of a variant that was tried before."""
    named = f" {each.task}" if each.task else ""
    return f"{each.variant}{named}, {each.state}: {strip_passwords(each.error or '')}"


def _missing(task: "Task") -> str | None:
    """Say which of several videos are not downloaded yet."""
    if task.state != "completed" or len(task.videos) < 2 or not task.missing:
        return None
    return f"video {', '.join(map(str, task.missing))} of {len(task.videos)}"


def _sent(task: "Task") -> Any:
    """Return the recorded body, parsed if it is JSON."""
    import msgspec

    body = task.call.body if task.call is not None else None
    if body is None:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
