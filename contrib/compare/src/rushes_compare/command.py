"""The subcommands `compare` and `report`."""

import asyncio
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from rushes_compare.options import only_added, options, prices, settings

if TYPE_CHECKING:
    from rushes import AsyncClient

    from rushes_compare.plan import Plan
    from rushes_compare.plan_file import Wanted
    from rushes_compare.results import Results


class _Refused(click.ClickException):
    """Nothing was sent."""

    exit_code = 4


class _Configuration(click.ClickException):
    """A folder that cannot be used, a variant that is not installed."""

    exit_code = 3


@click.command()
@options
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Send the same request to several variants; see what each was sent, and what each made of it.

    Prints the path of the page that shows them side by side. Given again, or with --resume DIR, it
    goes on where it was left, and nothing is paid twice. Given again with more prompts, variants or
    repetitions, it pays for what is new.
    """
    from rushes_compare.book import FolderError
    from rushes_compare.budget import BudgetError
    from rushes_compare.plan import PlanError

    if given["resume"] is not None:
        only_added(ctx)
    try:
        code = asyncio.run(_compare(given))
    except PlanError as error:
        if error.uninstalled:
            raise _Configuration(str(error)) from None
        raise click.UsageError(str(error)) from None
    except BudgetError as error:
        raise _Refused(str(error)) from None
    except FolderError as error:
        raise _Configuration(str(error)) from None
    except KeyboardInterrupt:
        folder = given["resume"] or given["output"]
        again = shlex.join(["rushes", "compare", "--resume", str(folder)])
        click.echo(f"Every task is recorded. Go on with: {again}", err=True)
        raise
    ctx.exit(code)


async def _compare(given: dict[str, Any]) -> int:
    from rich.console import Console
    from rushes import AsyncClient

    from rushes_compare.board import Board
    from rushes_compare.book import Book
    from rushes_compare.budget import hold, total
    from rushes_compare.comparing import finished
    from rushes_compare.ending import offer_to_open, tell_summary
    from rushes_compare.exits import exit_code, preview_code
    from rushes_compare.preview import printable, tell_preview
    from rushes_compare.running import due

    console = Console(stderr=True, highlight=False)
    async with AsyncClient() as client:
        folder, results = _wanted(client, given)
        board = Board(results, console)
        book = Book(folder, results, board.show)
        found = total(due(book, given["redo"]))
        limits = {"max_cost": given["max_cost"], "max_tasks": given["max_tasks"]}
        if given["dry_run"]:
            if given["as_json"]:
                click.echo(msgspec.json.encode(results))
            else:
                tell_preview(results, Console(highlight=False))
            hold(found, **limits)
            return preview_code(results)
        hold(found, **limits)
        for line in board.cannot():
            console.print(printable(line), markup=False, soft_wrap=True)
        console.print(f"{found}; the page: {folder / 'report.html'}", markup=False, soft_wrap=True)
        with board:
            page = await finished(
                client,
                book,
                concurrency=given["concurrency"],
                timeout=given["timeout"],
                redo=given["redo"],
                embed=given["embed"],
            )
    for cell in book.results.cells:
        if cell.failure is not None:
            line = f"{board.name(cell)}: {cell.failure.message}"
            console.print(printable(line), markup=False, soft_wrap=True)
    tell_summary(book.results, console)
    click.echo(msgspec.json.encode(book.results) if given["as_json"] else str(page))
    if not given["as_json"]:
        offer_to_open(page)
    return exit_code(book.results)


def _wanted(client: "AsyncClient", given: dict[str, Any]) -> "tuple[Path, Results]":
    """Return the folder, and the comparison it holds or is to hold."""
    from rushes_compare.book import read_results
    from rushes_compare.comparing import opened, reopened
    from rushes_compare.plan import PlanError, planned

    asked = _asked(given, client.registry.ids())
    if given["resume"] is not None:
        folder = given["resume"].absolute()
        return folder, reopened(client, folder, _more(asked, read_results(folder)))
    if not asked.models:
        raise PlanError(
            "name the variants with -m VARIANT, more than once, or as `models` in a file, or take "
            "--all"
        )
    folder = given["output"].absolute()
    _unused(folder)
    repeats = 1 if asked.repeat is None else asked.repeat
    plan = planned(asked.prompts, asked.models, repeats, asked.settings, prices=asked.prices)
    return folder, opened(client, plan, folder)


def _asked(given: dict[str, Any], installed: list[str]) -> "Wanted":
    """Return what the options and the file ask for; raises PlanError with all that is wrong."""
    from rushes_compare.plan import PlanError
    from rushes_compare.plan_file import Wanted, read_plan
    from rushes_compare.prices import wrong_prices
    from rushes_compare.unknown import unknown_variants

    own = prices(given)
    reasons = list(wrong_prices(own, "--price"))
    named = [*(("-m", name) for name in given["models"]), *(("--price", name) for name in own)]
    missing = list(unknown_variants(named, installed))
    written = Wanted(prompts=[])
    try:
        written = read_plan(given["plan_file"], installed) if given["plan_file"] else written
    except PlanError as error:
        reasons += error.reasons
        missing += error.uninstalled
    if reasons or missing:
        raise PlanError(*reasons, uninstalled=missing)
    return Wanted(
        prompts=[*([given["prompt"]] if given["prompt"] else []), *written.prompts],
        models=installed if given["every"] else list(given["models"]) or written.models,
        repeat=written.repeat if given["repeat"] is None else given["repeat"],
        settings={**written.settings, **settings(given)},
        prices={**written.prices, **own},
    )


def _more(asked: "Wanted", there: "Results") -> "Plan":
    """Return what is asked for beside what there is already; raises PlanError."""
    from rushes_compare.plan import Plan, planned

    repeats = there.repeats if asked.repeat is None else asked.repeat
    models = asked.models or []
    if not asked.prompts:
        return Plan(rows=[], variants=models, repeats=repeats, prices=asked.prices)
    variants = [*there.variants, *(name for name in models if name not in there.variants)]
    return planned(asked.prompts, variants, repeats, asked.settings, prices=asked.prices)


def _unused(folder: Path) -> None:
    """Raise FolderError where a file of somebody else's would be written over."""
    from rushes_compare.book import FILE, FolderError

    try:
        if (folder / FILE).exists():
            return
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    for name in ("report.html", "results.csv", "results.parquet"):
        if os.path.lexists(folder / name):
            raise FolderError(
                f"{folder / name} is there, and {FILE} is not: it is of no comparison, and would "
                "be written over; choose another folder with -o DIR. Nothing was sent"
            )


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(file_okay=False, exists=True, path_type=Path)
)
@click.option("--embed", is_flag=True, help="Put the videos into the page: one file to pass on.")
def report(folder: Path, embed: bool) -> None:
    """Make the page and the tables of a comparison again, from its results."""
    from rushes_compare.book import FolderError, read_results
    from rushes_compare.comparing import shown

    try:
        folder = folder.absolute()
        click.echo(str(shown(read_results(folder), folder, embed=embed)))
    except FolderError as error:
        raise _Configuration(str(error)) from None
