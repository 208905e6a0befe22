"""The subcommands `rushes compare` and `rushes report`."""

import asyncio
import shlex
from pathlib import Path
from typing import Any

import click
from rushes_cli.exit_codes import CONFIGURATION, NOT_BOUGHT

from rushes_compare._command.options import check_resume_options, compare_options

__all__ = ["compare", "report"]


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
