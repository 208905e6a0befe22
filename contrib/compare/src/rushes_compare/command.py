"""The subcommands `rushes compare`, `rushes report` and `rushes votes`."""

import asyncio
import shlex
from pathlib import Path
from typing import Any

import click
from rushes_cli.exit_codes import CONFIGURATION, NOT_BOUGHT
from rushes_cli.options import json_option

from rushes_compare._command.options import check_resume_options, compare_options

__all__ = ["compare", "report", "votes"]


class _NotBought(click.ClickException):
    exit_code = NOT_BOUGHT


class _Configuration(click.ClickException):
    exit_code = CONFIGURATION


@click.command()
@compare_options
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Send the same request to several variants; see what each was sent, and what each made of it.

    Prints the path of the page that shows them side by side. Given again, or with --resume DIR, it
    continues where it stopped, and nothing is paid for twice. With more prompts, variants or
    repetitions, only what is new is paid for.
    """
    from rushes_compare._command.run import run_compare
    from rushes_compare.errors import BudgetError, FolderError, PlanError

    if given["resume"] is not None:
        check_resume_options(ctx)
    try:
        code = asyncio.run(run_compare(given))
    except PlanError as error:
        if error.uninstalled:
            raise _Configuration(str(error)) from None
        raise click.UsageError(str(error)) from None
    except BudgetError as error:
        raise _NotBought(str(error)) from None
    except FolderError as error:
        raise _Configuration(str(error)) from None
    except KeyboardInterrupt:
        # Another command that calls this one, like the demo, may delete the journal when it ends.
        if ctx.parent is not None:
            folder = given["resume"] or given["output"]
            again = shlex.join(["rushes", "compare", "--resume", str(folder)])
            click.echo(f"Every task is recorded. Continue with: {again}", err=True)
        raise
    ctx.exit(code)


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(file_okay=False, exists=True, path_type=Path)
)
@click.option("--embed", is_flag=True, help="Embed the videos in the page: one file to share.")
def report(folder: Path, embed: bool) -> None:
    """Make the page and the tables of a comparison again, from its results."""
    from rushes_compare._results.results_file import read_results
    from rushes_compare.comparison import write_outputs
    from rushes_compare.errors import FolderError

    try:
        folder = folder.absolute()
        click.echo(str(write_outputs(read_results(folder), folder, embed=embed)))
    except FolderError as error:
        raise _Configuration(str(error)) from None


@click.group()
def votes() -> None:
    """Add up what several people said of a comparison's videos."""


@votes.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
)
@click.option(
    "--into",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path("comparison"),
    show_default=True,
    help="The comparison that the votes are on.",
)
@click.option("--embed", is_flag=True, help="Embed the videos in the page: one file to share.")
@json_option
def merge(files: tuple[Path, ...], folder: Path, embed: bool, as_json: bool) -> None:
    """Rate the variants by votes that were exported from the page, one FILE for each person.

    The ratings go into results.json and the page, in place of those of an earlier merge: give all
    files together. A vote that is in several files counts once.
    """
    from rushes_cli.terminal import escape_controls, json_text

    from rushes_compare._command.standings import rating_lines
    from rushes_compare.errors import FolderError, VotesError
    from rushes_compare.votes import merge_votes

    try:
        done = merge_votes(folder, files, embed=embed)
    except VotesError as error:
        raise click.UsageError(escape_controls(str(error))) from None
    except FolderError as error:
        raise _Configuration(str(error)) from None
    ratings = done.results.ratings
    if as_json:
        click.echo(json_text(ratings))
        return
    for line in rating_lines(ratings) if ratings else ():
        click.echo(escape_controls(line))
    click.echo(str(done.folder / "report.html"))
