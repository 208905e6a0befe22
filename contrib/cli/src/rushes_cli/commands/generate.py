"""`rushes generate`: check, pay once, wait, fetch."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rushes_cli import checking, clients
from rushes_cli.asking import Asked, asked
from rushes_cli.completing import tasks
from rushes_cli.exits import NOT_BOUGHT, Stopped
from rushes_cli.options import json_option, request_options
from rushes_cli.params import seconds
from rushes_cli.report_view import (
    delivery,
    money,
    report_object,
    submit_address,
    tell_notes,
    tell_problems,
    tell_report,
)
from rushes_cli.results import failures, print_failure, print_task
from rushes_cli.terminal import json_text, say
from rushes_cli.watching import watching, ways_on

if TYPE_CHECKING:
    from rushes import Client, Report, Task, Variant


@click.command()
@request_options
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(),
    callback=lambda _ctx, _param, path: _writable_as_text(path),
    help="Where the video goes: a new file, or a folder.  "
    "[default: the folder videos in RUSHES_HOME]",
)
@click.option("--force", is_flag=True, help="Overwrite the file that --output names.")
@click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="How long to wait; the task lives on and can be resumed.  [default: as the provider says]",
)
@click.option(
    "--task",
    "task",
    metavar="REF",
    shell_complete=tasks,
    help="A task reference of your own; with the same request it is never paid twice.",
)
@click.option("--dry-run", is_flag=True, help="Only check, and show what would be sent where.")
@json_option
@click.pass_context
def generate(
    ctx: click.Context,
    /,
    model: str | None,
    output: str | None,
    force: bool,
    timeout: float | None,
    task: str | None,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a video from PROMPT and print the path of its file.

    The request is checked first; what is wrong with it is told, and nothing is sent. Ctrl-C stops
    the waiting, not the task: the command that takes it up again is printed.
    """
    wanted = asked(given)
    with failures(task, model, as_json=as_json), clients.make_client() as client:
        target = _placed(output)
        variant = checking.chosen(client, model)
        report = checking.check(client, variant, wanted)
        declaration = client.registry.get(variant).variant
        if not dry_run and report.valid:
            client.ready(variant)
            _free(client, target, task, force=force)
    if dry_run:
        _rehearse(report, wanted, declaration, task, as_json=as_json)
    elif report.problems:
        _refuse(report, wanted, as_json=as_json)
    else:
        tell_notes(report.notes, wanted.names, err=True)
        say(money(report.cost), bold="Estimated cost: ")
        job = {"task": task, "output": target, "timeout": timeout}
        made = _generate(variant, wanted, job, as_json=as_json)
        if made.cost is not None:
            say(money(made.cost), bold="Cost: ")
        print_task(made, as_json=as_json)
    if report.problems:
        ctx.exit(NOT_BOUGHT)


def _writable_as_text(path: str | None) -> str | None:
    """Refuse a name that the journal, which is JSON, could not keep for whoever resumes."""
    if path is not None and os.fsencode(path).decode("utf-8", "replace") != path:
        raise click.BadParameter("the name is not UTF-8.")
    return path


def _placed(output: str | None) -> str | None:
    """Say where a video goes from any working directory; a folder ends with a slash."""
    from rushes import ConfigurationError

    if output is None:
        return None
    try:
        path = Path(output).absolute()
    except OSError as error:
        raise ConfigurationError(
            f"-o {output}: the working directory is gone ({error.strerror}); give an absolute path"
        ) from error
    is_folder = output.endswith(("/", os.sep)) or path.is_dir()
    return f"{path}{os.sep}" if is_folder else str(path)


def _free(client: "Client", target: str | None, reference: str | None, *, force: bool) -> None:
    """Refuse to overwrite a file, unless it is the very video that is asked for again."""
    from rushes import RushesError

    if force or target is None or target.endswith(os.sep) or not Path(target).exists():
        return
    if reference is not None:
        with suppress(RushesError):
            if client.task(reference).file == target:
                return
    raise click.UsageError(f"{target} exists; name another file, or give --force to overwrite it.")


def _rehearse(
    report: "Report", wanted: Asked, variant: "Variant", reference: str | None, *, as_json: bool
) -> None:
    if as_json:
        click.echo(json_text({**report_object(report), "url": submit_address(variant)}))
    else:
        tell_report(report, wanted.names, more=delivery(variant, report, reference))


def _refuse(report: "Report", wanted: Asked, *, as_json: bool) -> None:
    from rushes import RequestError

    tell_problems(report.problems, wanted.names, err=True)
    if as_json:
        print_failure(RequestError(report.problems), None, report.variant)


def _generate(variant: str, wanted: Asked, job: dict[str, Any], *, as_json: bool) -> "Task":
    from rushes import RushesError

    latest: dict[str, Task] = {}
    try:
        with clients.make_client() as client, watching("is being prepared") as watch:
            latest = watch.latest
            request = checking.request_of(wanted)
            made = client.generate(variant, request, on_update=watch, **job)
            watch(made)
            return made
    except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001 - each is raised again
        error = raised if isinstance(raised, Exception) else Stopped(ways_on(latest.values()))
        if as_json:
            print_failure(error, next(iter(latest.values()), None), variant, reference=job["task"])
        if not isinstance(error, (RushesError, Stopped)):  # those say it themselves
            for command in ways_on(latest.values()):
                say(command, bold="Take it up again with: ")
        raise error from None
