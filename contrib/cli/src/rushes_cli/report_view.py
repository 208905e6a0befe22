"""A report for a person: problems, notes, what would be sent."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from rushes_cli.naming import written
from rushes_cli.terminal import clean, coloured, console, json_text, tell

if TYPE_CHECKING:
    from rushes import Note, Problem, Report, Variant

NO_NAMES: Mapping[str, str] = {}


def tell_problems(
    problems: "Sequence[Problem]", names: Mapping[str, str] = NO_NAMES, *, err: bool = False
) -> None:
    """Tell every problem: what is wrong, whose page says so, which variants can."""
    for problem in problems:
        path = written(problem.path, names)
        tell(problem.message, bold=f"{path or 'Problem'}: ", colour="red", err=err)
        if problem.source:
            tell(str(problem.source), indent="    ", err=err)
        if problem.variants:
            can = ", ".join(problem.variants)
            tell(can, bold="installed variants that can: ", indent="    ", err=err)


def tell_notes(
    notes: "Sequence[Note]", names: Mapping[str, str] = NO_NAMES, *, err: bool = False
) -> None:
    """Tell every note."""
    for note in notes:
        path = written(note.path, names)
        words = f"{path}: {note.message}" if path else note.message
        tell(words, bold="Note: ", colour="yellow", err=err)


def tell_report(report: "Report", names: Mapping[str, str], *, more: Mapping[str, str]) -> None:
    """Tell a whole report on standard output; `more` is what a dry run knows beyond it."""
    if report.problems:
        count = len(report.problems)
        found = f" {count} problem{'s' * (count > 1)}"
        tell(found + ", nothing can be sent", bold=f"{report.variant}:", colour="red")
        tell()
        tell_problems(report.problems, names)
        tell_notes(report.notes, names)
        return
    tell(" accepts this", bold=report.variant, colour="green")
    tell_notes(report.notes, names)
    tell()
    tell_json(report.payload)
    tell()
    for upload in report.uploads:
        tell(f"{upload.path} (its address stands in for {upload.placeholder})", bold="Uploads: ")
    for name, value in report.transport.items():
        tell(f"{name} = {json_text(value)}", bold="Sent along: ")
    for name, text in more.items():
        tell(text, bold=f"{name}: ")
    if report.input_mode:
        tell(report.input_mode, bold="Input mode: ")
    tell(money(report.cost), bold="Estimated cost: ")


def money(cost: float | None) -> str:
    """Write a cost."""
    return "unknown" if cost is None else f"{cost:.4f}".rstrip("0").rstrip(".") + " USD"


def tell_json(value: object) -> None:
    """Print JSON on standard output, coloured where it is read in colours."""
    text = clean(json_text(value, indent=2))
    if coloured(sys.stdout):
        from rich.highlighter import JSONHighlighter
        from rich.text import Text

        console().print(JSONHighlighter()(Text(text)), soft_wrap=True)
    else:
        click.echo(text)


def report_object(report: "Report") -> dict[str, object]:
    """Return a report as one JSON object: the line of a bulk check, and what only we know."""
    return {
        **report.as_line(),
        "variant": report.variant,
        "transport": report.transport,
        "input_mode": report.input_mode,
        "cost": report.cost,
    }


def submit_address(variant: "Variant") -> str | None:
    """Return the address that a payload would go to, without a password in it."""
    from rushes.urls import shown

    return shown(variant.url(variant.submit_path)) if variant.base_url else None


def delivery(variant: "Variant", report: "Report", reference: str | None) -> dict[str, str]:
    """Say where a payload would go, and under which name of ours."""
    unknown = f"nowhere yet; set {variant.environment_prefix}_BASE_URL"
    told = {"Would be sent to": submit_address(variant) or unknown}
    if variant.client_id_field and variant.client_id_field not in report.transport:
        told["Sent along"] = f"{variant.client_id_field} = {reference or '(the task reference)'}"
    return told
