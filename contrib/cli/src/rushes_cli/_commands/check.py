"""`rushes check`: every problem at once, nothing sent."""

from typing import Any

import click

from rushes_cli._runtime import clients
from rushes_cli._runtime.tried import tried_variants
from rushes_cli.exit_codes import NOT_BOUGHT
from rushes_cli.options import json_option, request_options
from rushes_cli.request_input import RequestInput, choose_variant, read_request
from rushes_cli.terminal import json_text


@click.command()
@request_options
@click.option(
    "--jsonl",
    is_flag=True,
    help="With --native: read one payload per line, print one line for each.",
)
@json_option
@click.pass_context
def check(
    ctx: click.Context, /, model: str | None, jsonl: bool, as_json: bool, **given: Any
) -> None:
    """Check a request: every problem at once; nothing is sent.

    Without -m, every installed variant is checked: which can do it exactly, which with notes,
    which cannot and why. Needs no key and no network. Exits with 0 if it can be sent, else with 4.
    """
    if jsonl:
        if given["native_file"] is None:
            raise click.UsageError("--jsonl needs --native FILE (or --native - for a pipe).")
        _check_lines(ctx, model, given)
        return
    request = read_request(given)
    if model is None and not request.native and not tried_variants():
        if given["continues"] is not None:
            raise click.UsageError("--continues names one provider's task; choose -m VARIANT.")
        _check_all(ctx, request, as_json=as_json)
        return
    with clients.make_client() as client:
        variant = choose_variant(client, model)
        request = request.continuing(client, variant)
        report = request.check(client, variant)
    if as_json:
        from rushes_cli._output.report import report_dict

        click.echo(json_text(report_dict(report)))
    else:
        from rushes_cli._output.report import print_report

        print_report(report, request.option_names, more={})
    if not report.valid:
        ctx.exit(NOT_BOUGHT)


def _check_all(ctx: click.Context, request: RequestInput, *, as_json: bool) -> None:
    from rushes_cli._output.ranking import print_ranking, rank_reports
    from rushes_cli._output.report import report_dict

    with clients.make_client() as client:
        reports = client.check_all(request.content)
        if not reports:
            client.registry.get("")  # raises, saying what to install
    if as_json:
        click.echo(json_text([report_dict(report) for report in rank_reports(reports)]))
    else:
        print_ranking(reports, request.option_names)
    if not any(report.valid for report in reports):
        ctx.exit(NOT_BOUGHT)


def _check_lines(ctx: click.Context, model: str | None, given: dict[str, Any]) -> None:
    from rushes_cli._commands.check_lines import check_lines
    from rushes_cli._request.files import open_input

    name = given.pop("native_file")
    request = read_request({**given, "native_file": None})
    for field in request.content:
        raise click.UsageError(
            "--native is a whole payload and cannot be combined with "
            f"{request.option_names[field]}."
        )
    with clients.make_client() as client:
        variant = choose_variant(client, model)
        client.registry.get(variant)  # an unknown variant is an error before the first line
        with open_input(name, "--native") as stream:
            all_valid = check_lines(client, variant, stream)
    if not all_valid:
        ctx.exit(NOT_BOUGHT)
