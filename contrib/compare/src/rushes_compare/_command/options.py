"""The options of `rushes compare`: what is compared, the fields, limits, where it goes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from rushes_cli.options import amount, complete_variants, field_options, json_option, seconds
from rushes_cli.request_input import read_fields

F = TypeVar("F", bound=Callable[..., Any])

_WHAT: tuple[Callable[[Any], Any], ...] = (
    click.argument("prompt", required=False),
    click.option(
        "-m",
        "--model",
        "models",
        metavar="VARIANT",
        multiple=True,
        shell_complete=complete_variants,
        help="A variant.  [repeatable]",
    ),
    click.option("--all", "every", is_flag=True, help="Every installed variant."),
    click.option(
        "-f",
        "--file",
        "plan_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        help="Many prompts and settings, as YAML or JSON.",
    ),
    click.option(
        "--repeat",
        type=click.IntRange(min=1),
        metavar="N",
        help="Videos of each prompt by each variant.  [default: 1]",
    ),
)
_RUN: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-o",
        "--output",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("comparison"),
        show_default=True,
        help="The folder for the videos, the results and the page.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Only show what would be sent, and what it would cost."
    ),
    click.option(
        "--price",
        "prices",
        metavar="VARIANT=USD/s|USD/task",
        multiple=True,
        shell_complete=complete_variants,
        help="Price of a second or of a task, if none is known.  [repeatable]",
    ),
    click.option(
        "--max-cost",
        type=amount,
        metavar="USD",
        help="Send nothing if it would cost more.",
    ),
    click.option(
        "--max-tasks",
        type=click.IntRange(min=0),
        metavar="N",
        help="Send nothing if there would be more tasks.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="Tasks under way at each provider.",
    ),
    click.option(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="How long to wait for each task.",
    ),
    click.option(
        "--resume",
        metavar="DIR",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        help="Continue the comparison in DIR, and add what else is given.",
    ),
    click.option("--redo", type=click.Choice(["failed"]), help="Start failed cells again."),
    click.option(
        "--expect",
        is_flag=True,
        help="Exit with 4 if a promise is broken or a number is outside the file's `bounds`.",
    ),
    click.option(
        "--junit",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write what --expect found as JUnit XML, for CI.",
    ),
    click.option("--embed", is_flag=True, help="Embed the videos in the page: one file to share."),
)


def compare_options(command: F) -> F:
    """Add every option of a comparison; the command receives them as keywords."""
    command = json_option(command)
    for option in reversed(_RUN):
        command = option(command)
    command = field_options(command)
    for option in reversed(_WHAT):
        command = option(command)
    return command


_FIELDS = frozenset(option.name for option in field_options(click.Command("fields")).params)


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the options set; raises UsageError."""
    settings, _ = read_fields({**given, "prompt": None})
    # Rows are identified by their request: `--duration 5.0` and `5` have always been one.
    for name, as_kept in (("duration", int), ("guidance", float)):
        number = settings.get(name)
        if number is not None and number == as_kept(number):
            settings[name] = as_kept(number)
    return settings


def read_prices(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the prices that the options set, by variant; the last one counts."""
    return {name: price for name, _, price in (text.partition("=") for text in given["prices"])}


def check_resume_options(ctx: click.Context) -> None:
    """Raise UsageError if an option given with --resume cannot be part of what is added."""
    given = ctx.params
    without_prompt = frozenset() if given["prompt"] or given["plan_file"] else _FIELDS
    set_here = {
        option.name: option.get_error_hint(ctx)
        for option in ctx.command.params
        if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    }
    if "output" in set_here:
        raise click.UsageError(f"--resume DIR is the folder; leave out {set_here['output']}")
    if useless := [hint for name, hint in set_here.items() if name in without_prompt]:
        raise click.UsageError(
            f"{', '.join(useless)} apply to a new prompt, but there is none; the prompts in "
            "--resume DIR keep their settings"
        )
