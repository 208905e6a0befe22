"""`rushes try`: a plugin's file that is not installed, in this process alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from rushes_cli._request.completion import complete_files
from rushes_cli._request.option_names import DEFAULT_OPTIONS
from rushes_cli._runtime import clients
from rushes_cli._runtime.tried import Tried, tried, tried_variants
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import json_option
from rushes_cli.terminal import json_text, print_line

if TYPE_CHECKING:
    from rushes import Client, Report, Variant

    from rushes_cli._plugins.kit_run import KitResult

COMMANDS = (
    "check", "generate", "variants", "schema", "smoke", "tasks", "show", "resume", "cancel",
    "resolve", "keys",
)  # fmt: skip
"""What can be done with a file's variants; other commands know installed plugins only."""
PROMPT = "A red kite"
EPILOG = f"""\b
Examples:
  rushes try acme.py
  rushes try acme.py check "A red kite" --duration 9
  rushes try acme.py generate "A red kite" -o kite.mp4
  rushes try acme.py kit

COMMAND is one of: kit, {", ".join(COMMANDS)}.
"""


def _complete(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(name) for name in ("kit", *COMMANDS) if name.startswith(incomplete)]


@click.command(
    "try",
    context_settings={"allow_interspersed_args": False},
    epilog=EPILOG,
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False), shell_complete=complete_files)
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[COMMAND [ARGS]...]",
    shell_complete=_complete,
)
@click.pass_context
def try_file(ctx: click.Context, file: str, words: tuple[str, ...]) -> None:
    """Run a command with a plugin's FILE that is not installed.

    FILE is Python, and declares variants as an installed plugin does. They replace installed ones
    of the same name, and are given their provider's key. Without a command, each hook is called
    once, and you see what would be sent for a prompt alone (--json prints it as JSON). The command
    kit runs the conformance kit on each variant, with the cheapest request as its example.
    """
    from rushes.plugins import load_file

    if not words or words[0].startswith("-"):
        called, command, arguments = f"try {file}", overview, [*words]
    else:
        called, command, arguments = f"try {file} {words[0]}", _command(ctx, words[0]), [*words[1:]]
    plugins = load_file(file)
    tried.set(Tried(file, tuple(plugins.values()), tuple(plugins)))
    with _naming_lines(file), command.make_context(called, arguments, parent=ctx.parent) as inner:
        command.invoke(inner)


def _command(ctx: click.Context, name: str) -> click.Command:
    if name == "kit":
        return kit
    root = ctx.find_root().command
    if name in COMMANDS and isinstance(root, click.Group):
        command = root.get_command(ctx, name)
        if command is not None:
            return command
    raise click.UsageError(
        f"{name!r} is not a command for a file; these are: kit, {', '.join(COMMANDS)}.", ctx
    )


@contextmanager
def _naming_lines(file: str) -> Iterator[None]:
    """Name the line of the file in which one of its hooks raised."""
    from rushes import BrokenPluginError
    from rushes.plugins import line_in

    try:
        yield
    except BrokenPluginError as error:
        line = line_in(file, error)
        if line is None:
            raise
        message = f"{Path(file).name}, line {line}: {error}"
        raise BrokenPluginError(message, task=error.task) from error


@click.command()
@json_option
def overview(as_json: bool) -> None:
    """Call each hook of the file once, and show what would be sent for a prompt alone."""
    from rushes_cli._output.report import report_dict, submit_url

    with clients.make_client() as client:
        found = [_tried_out(client, name) for name in tried_variants()]
    if as_json:
        rows = [
            {**report_dict(report), "url": submit_url(variant, report), "not_ready": obstacle}
            for variant, report, obstacle in found
        ]
        click.echo(json_text(rows))
        return
    for variant, report, obstacle in found:
        _show(variant, report, obstacle)


@click.command()
@json_option
@click.pass_context
def kit(ctx: click.Context, as_json: bool) -> None:
    """Run the conformance kit on the file's variants; exit with 3 if a test fails."""
    from rushes_cli._plugins.file_kit import kit_of_file

    file = tried.get()
    assert file is not None  # noqa: S101 - it is how this is called
    with clients.make_client() as client:
        results, words = kit_of_file(client, file.file, file.variants)
    if as_json:
        click.echo(json_text([each for found in results.values() for each in found]))
    green = [_show_kit(name, results.get(name, []), words, not as_json) for name in file.variants]
    ctx.exit(0 if all(green) else CONFIGURATION)


def _show_kit(variant: str, results: "list[KitResult]", words: str, shown: bool) -> bool:
    """Print what became of a variant's kit; return whether it is green."""
    failed = [result for result in results if result.outcome == "failed"]
    passed = sum(result.outcome == "passed" for result in results)
    if shown:
        green = bool(passed) and not failed
        counts = f"{passed} tests pass, {len(failed)} fail, {len(results) - passed - len(failed)} "
        told = f" {counts}do not apply" if results else f" the kit did not run: {words}"
        print_line(told, bold=f"{variant}:", colour="green" if green else "red")
        for result in failed:
            sentence = result.words.partition("AssertionError: ")[2] or result.words or "it failed"
            print_line(sentence, bold=f"{result.test}: ", indent="  ")
        if failed:
            print_line("What needs an example is given it in a test of yours: docs/conformance.md.")
    return bool(passed) and not failed


def _tried_out(client: "Client", name: str) -> "tuple[Variant, Report, str | None]":
    """Return a variant, its report on a prompt alone, and why nothing could be sent now."""
    from rushes import ConfigurationError
    from rushes.plugins import trial

    loaded = client.registry.get(name)
    trial(loaded)
    obstacle = None
    try:
        client.ready(name)
    except ConfigurationError as error:
        obstacle = str(error)
    return loaded.variant, client.check(name, {"prompt": PROMPT}), obstacle


def _show(variant: "Variant", report: "Report", obstacle: str | None) -> None:
    from rushes_cli._output.report import delivery_lines, print_report

    print_line(" is loaded, and each of its hooks answers", bold=variant.id, colour="green")
    print_line(f"{PROMPT!r}, and nothing else:")
    print_line()
    print_report(report, DEFAULT_OPTIONS, more=delivery_lines(variant, report, None))
    if obstacle or report.valid:
        print_line(f"not yet: {obstacle}" if obstacle else "yes", bold="Ready to send: ")
    print_line()
