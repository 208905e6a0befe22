"""The subcommands `rushes compare`, `rushes report` and `rushes votes`."""

import asyncio
import os
import shlex
from pathlib import Path
from typing import Any

import click
from rushes_cli.exit_codes import CONFIGURATION, NOT_BOUGHT
from rushes_cli.options import json_option
from rushes_cli.terminal import escape_controls, json_text

from rushes_compare._command.options import check_resume_options, compare_options

__all__ = ["compare", "report", "votes"]


class _NotBought(click.ClickException):
    exit_code = NOT_BOUGHT


class _Configuration(click.ClickException):
    exit_code = CONFIGURATION


class _Compare(click.Command):
    """`compare PROMPT`, and `compare diff OLD NEW`; `compare -- diff` has "diff" as its prompt."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args[:1] == ["diff"]:
            return diff.make_context(f"{info_name or ''} diff".strip(), args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@click.command(cls=_Compare)
@compare_options
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Send the same request to several variants; see what each was sent, and what each made of it.

    Prints the path of the page that shows them side by side. Given again, or with --resume DIR, it
    continues where it stopped, and nothing is paid for twice. With more prompts, variants or
    repetitions, only what is new is paid for.

    `rushes compare diff OLD NEW` shows what changed between two comparisons; see its --help.
    """
    from rushes_compare._command.run import run_compare
    from rushes_compare.errors import BudgetError, FolderError, PlanError

    if given["dry_run"] and (given["expect"] or given["junit"]):
        raise click.UsageError("a dry run has no videos; leave out --expect and --junit")
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


_FOLDER = click.Path(file_okay=False, exists=True, path_type=Path)


@click.command()
@click.argument("old", metavar="OLD", type=_FOLDER)
@click.argument("new", metavar="NEW", type=_FOLDER)
@json_option
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Show what changed between two comparisons of the same requests.

    OLD and NEW are their folders. Lists outcomes, promises, files and payloads that differ, and
    numbers that changed by a tenth or more.
    """
    from rushes_compare._command.changes import change_lines
    from rushes_compare._results.comparison_diff import diff_results
    from rushes_compare._results.results_file import read_results
    from rushes_compare.errors import FolderError

    try:
        changes = diff_results(read_results(old.absolute()), read_results(new.absolute()))
    except FolderError as error:
        raise _Configuration(str(error)) from None
    if as_json:
        click.echo(json_text(changes))
    else:
        click.echo("\n".join(escape_controls(line) for line in change_lines(changes)))


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


@votes.command(short_help="Rate the variants by exported votes.")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option(
    "--into",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
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
    from rushes_compare._command.standings import rating_lines
    from rushes_compare.errors import FolderError, VotesError
    from rushes_compare.votes import merge_votes

    exists = os.path.exists  # Path.exists raises if the name is too long
    lost = [f"{path}: there is no such file" for path in files if not exists(path)]
    if not exists(folder):
        lost.append(f"{folder}: there is no such folder; name the comparison's with --into DIR")
    if lost:
        raise click.UsageError(escape_controls("\n".join(lost)))
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
