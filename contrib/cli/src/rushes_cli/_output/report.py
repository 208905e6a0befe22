"""A report for a person: problems, notes, what would be sent."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from rushes_cli._request.option_names import option_for, with_options
from rushes_cli.terminal import console, escape_controls, json_text, print_line, shows_colours

if TYPE_CHECKING:
    from rushes import Note, Problem, Report, Variant

_NO_NAMES: Mapping[str, str] = {}


def print_problems(
    problems: "Sequence[Problem]",
    option_names: Mapping[str, str] = _NO_NAMES,
    *,
    err: bool = False,
) -> None:
    """Print every problem: what is wrong, the page it comes from, the variants that can do it."""
    for problem in problems:
        option = option_for(problem.path, option_names)
        message = with_options(problem.message, problem.names, option_names)
        print_line(message, bold=f"{option or 'Problem'}: ", colour="red", err=err)
        if problem.source:
            print_line(str(problem.source), indent="    ", err=err)
        if problem.variants:
            names = ", ".join(problem.variants)
            print_line(names, bold="installed variants that can: ", indent="    ", err=err)


def print_notes(
    notes: "Sequence[Note]", option_names: Mapping[str, str] = _NO_NAMES, *, err: bool = False
) -> None:
    """Print every note."""
    for note in notes:
        option = option_for(note.path, option_names)
        text = f"{option}: {note.message}" if option else note.message
        print_line(text, bold="Note: ", colour="yellow", err=err)


def print_report(
    report: "Report", option_names: Mapping[str, str], *, more: Mapping[str, str]
) -> None:
    """Print a whole report on standard output; `more` are lines that a dry run adds."""
    if report.problems:
        count = len(report.problems)
        text = f" {count} problem{'s' * (count > 1)}, nothing can be sent"
        print_line(text, bold=f"{report.variant}:", colour="red")
        print_line()
        print_problems(report.problems, option_names)
        print_notes(report.notes, option_names)
        return
    print_line(" accepts this", bold=report.variant, colour="green")
    print_notes(report.notes, option_names)
    print_line()
    print_json(report.payload)
    print_line()
    for upload in report.uploads:
        fetched = "fetched first; " if upload.is_address else ""
        text = f"{upload.path} ({fetched}its URL will replace {upload.placeholder})"
        print_line(text, bold="Uploads: ")
    for name, value in report.transport.items():
        print_line(f"{name} = {json_text(value)}", bold="Sent along: ")
    for name, text in more.items():
        print_line(text, bold=f"{name}: ")
    if report.input_mode:
        print_line(report.input_mode, bold="Input mode: ")
    print_line(format_cost(report.cost), bold="Estimated cost: ")


def format_cost(cost: float | None) -> str:
    """Format a cost in USD."""
    return "unknown" if cost is None else f"{cost:.4f}".rstrip("0").rstrip(".") + " USD"


def print_json(value: object) -> None:
    """Print JSON on standard output, highlighted if it is a terminal with colours."""
    text = escape_controls(json_text(value, indent=2))
    if shows_colours(sys.stdout):
        from rich.highlighter import JSONHighlighter
        from rich.text import Text

        console().print(JSONHighlighter()(Text(text)), soft_wrap=True)
    else:
        click.echo(text)


def report_dict(report: "Report") -> dict[str, object]:
    """Return a report as one JSON object: the line of a `--jsonl` check, and more."""
    return {
        **report.as_line(),
        "variant": report.variant,
        "transport": report.transport,
        "input_mode": report.input_mode,
        "cost": report.cost,
    }


def submit_url(variant: "Variant", report: "Report") -> str | None:
    """Return the URL that a payload would be sent to, without a password in it."""
    from rushes.urls import without_secrets

    return without_secrets(variant.submit_url(report.input_mode)) if variant.base_url else None


def delivery_lines(variant: "Variant", report: "Report", reference: str | None) -> dict[str, str]:
    """Return lines about the delivery, by title: the URL, the task reference in the payload."""
    unknown = f"nowhere yet; set {variant.environment_prefix}_BASE_URL"
    lines = {"Would be sent to": submit_url(variant, report) or unknown}
    if variant.client_id_field and variant.client_id_field not in report.transport:
        lines["Sent along"] = f"{variant.client_id_field} = {reference or '(the task reference)'}"
    return lines
