"""`rushes generate`: check, pay once, wait, fetch."""

import os
from collections.abc import Sequence
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
from rushes_cli.options import (
    complete_tasks,
    json_option,
    request_options_in_order,
    seconds,
)
from rushes_cli.request_input import RequestInput, choose_variant, read_request
from rushes_cli.task_output import json_failures, print_failure, print_task
from rushes_cli.terminal import json_text, stderr_line

if TYPE_CHECKING:
    from rushes import Client, Report, Task, Variant


@click.command()
@request_options_in_order
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
    models: tuple[str, ...],
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

    With several variants (-m A -m B) all are checked first. The next one is tried only if it is
    certain that nothing came of the last: refused, never sent, failed, expired. It is not after a
    time-out or an unknown outcome. The same command goes on where it was interrupted.
    """
    request = read_request(given)
    only = models[0] if len(models) == 1 else None
    with json_failures(task, only, as_json=as_json), clients.make_client() as client:
        target = absolute_output(output)
        variants = [*models] or [choose_variant(client, None)]
        reports, request = _check(client, variants, request)
        declared = [client.registry.get(variant).variant for variant in variants]
        valid = [report for report in reports if report.valid]
        if not dry_run and valid:
            for report in valid:
                client.ready(report.variant)
            _refuse_to_overwrite(client, target, task, force=force)
    if dry_run:
        for report, declaration in zip(reports, declared, strict=True):
            _print_dry_run(report, request, declaration, task, as_json=as_json)
    elif not valid:
        _print_problems(reports, request, as_json=as_json)
    else:
        _print_promises(reports, request)
        settings = {
            "task": task,
            "output": target,
            "overwrite": overwrite(target, force=force),
            "timeout": timeout,
        }
        made = _generate(variants, request, settings, as_json=as_json)
        if made.cost is not None:
            stderr_line(format_cost(made.cost), bold="Cost: ")
        print_task(made, as_json=as_json)
    if not valid:
        ctx.exit(NOT_BOUGHT)


def _check(
    client: "Client", variants: Sequence[str], request: RequestInput
) -> "tuple[list[Report], RequestInput]":
    """Check a request against each variant; it may continue a task of all their provider's."""
    each = [request.continuing(client, variant) for variant in variants]
    reports = [one.check(client, variant) for one, variant in zip(each, variants, strict=True)]
    return reports, each[0]


def _print_promises(reports: "Sequence[Report]", request: RequestInput) -> None:
    """Print what each variant notes, and its price, in their order."""
    others = len(reports) > 1
    heads = iter(("Estimated cost: ", *("If nothing comes of that: " for _ in reports)))
    for report in reports:
        if report.problems:
            stderr_line(" does not accept this, and is not tried:", bold=report.variant)
            print_problems(report.problems, request.option_names, err=True)
            continue
        where = f" ({report.variant})" if others else ""
        print_notes(report.notes, request.option_names, err=True)
        stderr_line(format_cost(report.cost) + where, bold=next(heads))


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


def _print_problems(reports: "Sequence[Report]", request: RequestInput, *, as_json: bool) -> None:
    from rushes import RequestError

    for report in reports:
        if len(reports) > 1:
            stderr_line(" does not accept this:", bold=report.variant)
        print_problems(report.problems, request.option_names, err=True)
        if as_json:
            print_failure(RequestError(report.problems), None, report.variant)


_GOES_ON = "Or give the same command again: if nothing comes of it, the next variant is tried."


def _generate(
    variants: list[str], request: RequestInput, settings: dict[str, Any], *, as_json: bool
) -> "Task":
    from rushes import OutcomeUnknownError, RushesError

    variant = variants[0] if len(variants) == 1 else variants

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
            task = [*latest.values()][-1] if latest else None
            print_failure(error, task, variants[0], reference=settings["task"])
        if not isinstance(error, (RushesError, Interrupted)):  # those print the commands themselves
            for command in commands:
                stderr_line(command, bold="Resume it with: ")
        if commands and len(variants) > 1 and not isinstance(error, OutcomeUnknownError):
            error.add_note(_GOES_ON)
        if error is raised:
            raise  # with its cause
        raise error from None
