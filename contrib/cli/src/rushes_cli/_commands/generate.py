"""`rushes generate`: check, pay once, wait, fetch."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rushes_cli._output.progress import resume_commands, show_progress
from rushes_cli._output.report import (
    delivery_lines,
    format_cost,
    print_notes,
    print_problems,
    print_report,
    report_dict,
    submit_url,
)
from rushes_cli._request.output import absolute_output, output_options, overwrite
from rushes_cli._runtime import clients
from rushes_cli.exit_codes import NOT_BOUGHT, Interrupted
from rushes_cli.options import complete_tasks, json_option, request_options, seconds
from rushes_cli.request_input import RequestInput, choose_variant, read_request
from rushes_cli.task_output import json_failures, print_failure, print_task
from rushes_cli.terminal import json_text, stderr_line

if TYPE_CHECKING:
    from rushes import Client, Report, Task, Variant


@click.command()
@request_options
@output_options("the folder videos in RUSHES_HOME")
@click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="How long to wait; afterwards the task can be resumed.  [default: the provider's advice]",
)
@click.option(
    "--task",
    "task",
    metavar="REF",
    shell_complete=complete_tasks,
    help="Your own task reference; with the same request it is never paid twice.",
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
    """Make a video from PROMPT and print the path of its file; of each, if it makes several.

    The request is checked first; if there is any problem, all of them are printed and nothing is
    sent. Ctrl-C stops the waiting, not the task; the command that resumes it is printed.
    """
    request = read_request(given)
    with json_failures(task, model, as_json=as_json), clients.make_client() as client:
        target = absolute_output(output)
        variant = choose_variant(client, model)
        request = request.continuing(client, variant)
        report = request.check(client, variant)
        declaration = client.registry.get(variant).variant
        if not dry_run and report.valid:
            client.ready(variant)
            _refuse_to_overwrite(client, target, task, force=force)
    if dry_run:
        _print_dry_run(report, request, declaration, task, as_json=as_json)
    elif report.problems:
        _print_problems(report, request, as_json=as_json)
    else:
        print_notes(report.notes, request.option_names, err=True)
        stderr_line(format_cost(report.cost), bold="Estimated cost: ")
        settings = {
            "task": task,
            "output": target,
            "overwrite": overwrite(target, force=force),
            "timeout": timeout,
        }
        made = _generate(variant, request, settings, as_json=as_json)
        if made.cost is not None:
            stderr_line(format_cost(made.cost), bold="Cost: ")
        print_task(made, as_json=as_json)
    if report.problems:
        ctx.exit(NOT_BOUGHT)


def _refuse_to_overwrite(
    client: "Client", target: str | None, reference: str | None, *, force: bool
) -> None:
    """Raise UsageError if the file exists, unless it may be the video of this very task.

    The client finds out whether it is, and does not overwrite a file that appeared meanwhile.
    """
    from rushes import RushesError

    if force or target is None:
        return
    if target.endswith(os.sep):
        if reference is None:
            return  # the file will have a new name
        target = str(Path(target, f"{reference}.mp4"))
    if not os.path.lexists(target):
        return
    if reference is not None:
        with suppress(RushesError):
            task = client.task(reference)
            if target in (task.file, task.output):
                return
    raise click.UsageError(f"{target} exists; name another file, or give --force to overwrite it.")


def _print_dry_run(
    report: "Report",
    request: RequestInput,
    variant: "Variant",
    reference: str | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(json_text({**report_dict(report), "url": submit_url(variant, report)}))
    else:
        more = delivery_lines(variant, report, reference)
        print_report(report, request.option_names, more=more)


def _print_problems(report: "Report", request: RequestInput, *, as_json: bool) -> None:
    from rushes import RequestError

    print_problems(report.problems, request.option_names, err=True)
    if as_json:
        print_failure(RequestError(report.problems), None, report.variant)


def _generate(
    variant: str, request: RequestInput, settings: dict[str, Any], *, as_json: bool
) -> "Task":
    from rushes import RushesError

    latest: dict[str, Task] = {}
    try:
        with clients.make_client() as client, show_progress("preparing") as tracker:
            latest = tracker.latest
            made = client.generate(variant, request.as_request(), on_update=tracker, **settings)
            tracker(made)
            return made
    except (Exception, KeyboardInterrupt) as raised:
        commands = resume_commands(latest.values())
        error = raised if isinstance(raised, Exception) else Interrupted(commands)
        if as_json:
            task = next(iter(latest.values()), None)
            print_failure(error, task, variant, reference=settings["task"])
        if not isinstance(error, (RushesError, Interrupted)):  # those print the commands themselves
            for command in commands:
                stderr_line(command, bold="Resume it with: ")
        if error is raised:
            raise  # with its cause
        raise error from None
