"""`rushes purge`: forget old tasks, and those that cannot be read."""

import re
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rushes_cli._output.tasks import format_local
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import home, shell_command
from rushes_cli._runtime.journal import all_tasks
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import amount, json_option
from rushes_cli.terminal import can_prompt, json_text, stderr_line

if TYPE_CHECKING:
    from rushes import Client

_DAY = 24 * 3600.0


@click.command()
@click.option(
    "--older-than",
    "days",
    type=amount,
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Forget tasks that have not changed for this long.",
)
@click.option(
    "--unreadable",
    "lost",
    metavar="REF",
    help="Forget this task, which cannot be read; what is left of it is saved in a file.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def purge(ctx: click.Context, days: float, lost: str | None, yes: bool, as_json: bool) -> None:
    """Forget old tasks that have ended: prompts and links are private.

    They are removed from the journal for good; their videos stay. Unfinished tasks are kept:
    finish them with `rushes resume`, or give them up with `rushes resolve REF --as lost`. Tasks
    that cannot be read are kept, too, and named: --unreadable forgets one of them.
    """
    if lost is not None and ctx.get_parameter_source("days") is ParameterSource.COMMANDLINE:
        raise click.UsageError("Give --older-than or --unreadable, not both.")
    with clients.make_client() as client:
        if lost is not None:
            _discard(client, lost, yes=yes, as_json=as_json)
            return
        before = time.time() - days * _DAY
        old = Counter(task.unfinished for task in all_tasks(client) if task.updated_at < before)
        unfinished = old[True]
        if old[False] and not yes:
            which = _tasks(old[False])
            _confirm(which, f"Forget {which}, unchanged for {days:g} days, for good?")
        # Even if nothing is left to forget: an earlier purge may have left traces on the disk.
        count = client.purge(days * _DAY)
        unreadable = client.unreadable()
    stderr_line(f"{_tasks(count)} forgotten.")
    if unfinished:
        stderr_line(f"Kept as unfinished: {_tasks(unfinished)} of that age.")
    if as_json:
        click.echo(json_text({"purged": count, "unfinished": unfinished}))
    for reason in unreadable.values():
        stderr_line(f"kept: {reason}", bold="Error: ", colour="red")
    ctx.exit(CONFIGURATION if unreadable else 0)


def _discard(client: "Client", reference: str, *, yes: bool, as_json: bool) -> None:
    """Save what is left of a task that cannot be read, and forget it."""
    from rushes import JournalError

    record = client.raw_record(reference)
    try:
        client.task(reference)
    except JournalError as error:
        stderr_line(str(error))
    else:
        give_up = shell_command("resolve", reference, "--as", "lost")
        raise click.UsageError(f"Task {reference} can be read. To give it up: {give_up}")
    for what, known in _left_of(record):
        stderr_line(known, bold=f"{what}: ")
    if record["unfinished"] and record["state"] != "recorded":
        provider = str(record["variant"]).partition("/")[0]
        stderr_line(f"It may be a paid task of {provider} that goes on: look for it there.")
    if not yes:
        _confirm("The task", "Save what is left of it in a file, and forget it?")
    saved = _save(record)
    client.discard(record)
    stderr_line(f"1 task forgotten. What was left of it, with its prompt, is in {saved}")
    if as_json:
        click.echo(json_text({"purged": 1, "saved": str(saved)}))


def _left_of(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the journal says of a task beside its record, for people."""
    names = {"variant": "Variant", "state": "Status", "remote_id": "Remote id"}
    known = [(shown, str(record[name])) for name, shown in names.items() if record[name]]
    try:
        created = format_local(record["created_at"])
    except (TypeError, ValueError, OverflowError, OSError):
        created = str(record["created_at"])
    return [*known, ("Client id", str(record["client_id"])), ("Created", created)]


def _save(record: dict[str, Any]) -> Path:
    """Write a record into a new file that only its owner can read; return its path."""
    from rushes import ConfigurationError
    from rushes.files import replacing

    name = re.sub(r"[^A-Za-z0-9_-]+", "_", record["id"])[:64]
    path = home() / f"unreadable-{name}-{secrets.token_hex(4)}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(path) as part:
            part.touch(mode=0o600)
            part.write_text(json_text(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}; nothing was forgotten"
        raise ConfigurationError(message) from error
    return path


def _confirm(what: str, question: str) -> None:
    """Ask before something is forgotten; refuse where nobody can answer."""
    if not can_prompt():
        raise click.UsageError(
            f"{what} would be forgotten. That must be confirmed, and standard input is not a "
            "terminal; give --yes."
        )
    click.confirm(question, abort=True, err=True)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
