"""`rushes check`: every problem at once, nothing sent."""

from typing import Any

import click

from rushes_cli import checking, clients
from rushes_cli.asking import Asked, asked
from rushes_cli.exits import NOT_BOUGHT
from rushes_cli.options import json_option, request_options
from rushes_cli.terminal import json_text


@click.command()
@request_options
@click.option("--jsonl", is_flag=True, help="With --native: one JSON value a line, answered so.")
@json_option
@click.pass_context
def check(
    ctx: click.Context, /, model: str | None, jsonl: bool, as_json: bool, **given: Any
) -> None:
    """Check a request: every problem at once, nothing is sent.

    Without -m every installed variant is asked: which can do it exactly, which with notes, which
    not and why. Needs no key and no network. Exits with 0 where it can be sent, else with 4.
    """
    if jsonl:
        if given["native_file"] is None:
            raise click.UsageError("--jsonl goes with --native FILE (or --native - for a pipe).")
        _bulk(ctx, model, given)
        return
    wanted = asked(given)
    if model is None and not wanted.native:
        _every(ctx, wanted, as_json=as_json)
        return
    with clients.make_client() as client:
        report = checking.check(client, checking.chosen(client, model), wanted)
    if as_json:
        from rushes_cli.report_view import report_object

        click.echo(json_text(report_object(report)))
    else:
        from rushes_cli.report_view import tell_report

        tell_report(report, wanted.names, more={})
    if not report.valid:
        ctx.exit(NOT_BOUGHT)


def _every(ctx: click.Context, wanted: Asked, *, as_json: bool) -> None:
    from rushes_cli.choosing import ranked, tell_choice
    from rushes_cli.report_view import report_object

    with clients.make_client() as client:
        reports = client.check_all(wanted.content)
        if not reports:
            client.registry.get("")  # raises, saying what to install
    if as_json:
        click.echo(json_text([report_object(report) for report in ranked(reports)]))
    else:
        tell_choice(reports, wanted.names)
    if not any(report.valid for report in reports):
        ctx.exit(NOT_BOUGHT)


def _bulk(ctx: click.Context, model: str | None, given: dict[str, Any]) -> None:
    from rushes_cli.bulk import check_lines
    from rushes_cli.files import open_input

    name = given.pop("native_file")
    wanted = asked({**given, "native_file": None})
    for option in wanted.content:
        raise click.UsageError(
            f"--native is a whole payload; it goes with no {wanted.names[option]}."
        )
    with clients.make_client() as client:
        variant = checking.chosen(client, model)
        client.registry.get(variant)  # an unknown variant is no line's fault
        with open_input(name, "--native") as stream:
            all_valid = check_lines(client, variant, stream)
    if not all_valid:
        ctx.exit(NOT_BOUGHT)
