"""The subcommands `compare` and `report`."""

import asyncio
import os
import shlex
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource


class _Refused(click.ClickException):
    """Nothing was sent."""

    exit_code = 4


class _Folder(click.ClickException):
    """A folder that cannot be used."""

    exit_code = 3


def _options(command: Any) -> Any:
    """Give a command the common fields of a request; a file can say the rest."""
    for option in (
        click.option("--seed", type=int, metavar="NUMBER", help="Seed of the random choice."),
        click.option("--guidance", type=float, metavar="0…1", help="How closely to keep to it."),
        click.option(
            "--watermark/--no-watermark", default=None, help="With a watermark or without."
        ),
        click.option("--audio/--no-audio", default=None, help="With sound or without."),
        click.option(
            "--reference", metavar="IMAGE", multiple=True, help="Image to keep to.  [repeat]"
        ),
        click.option("--last-frame", metavar="IMAGE", help="Image to end on."),
        click.option(
            "--first-frame", metavar="IMAGE", help="Image to start from: a URL or a file."
        ),
        click.option("--resolution", metavar="NAME", help="720p, 1080p or 4k."),
        click.option("--aspect-ratio", metavar="W:H", help="Like 16:9."),
        click.option("--duration", type=float, metavar="SECONDS", help="Length of the videos."),
        click.option("--negative-prompt", metavar="TEXT", help="What the videos must not show."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("prompt", required=False)
@click.option(
    "-m", "--model", "models", metavar="VARIANT", multiple=True, help="A variant.  [repeat]"
)
@click.option("--all", "every", is_flag=True, help="Every installed variant.")
@click.option(
    "-f",
    "--file",
    "plan_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Many prompts and settings, as YAML or JSON.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), metavar="N", help="How often each.  [default: 1]"
)
@_options
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("comparison"),
    show_default=True,
    help="The folder for the videos, the results and the page.",
)
@click.option(
    "--dry-run", is_flag=True, help="Only show what would be sent, and what it would cost."
)
@click.option(
    "--max-cost", type=click.FloatRange(min=0), metavar="USD", help="Send nothing if it is more."
)
@click.option(
    "--max-tasks", type=click.IntRange(min=0), metavar="N", help="Send nothing if they are more."
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Tasks under way at each provider.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait for each."
)
@click.option(
    "--resume",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Go on with the comparison in a folder.",
)
@click.option("--redo", type=click.Choice(["failed"]), help="Begin what failed anew.")
@click.option("--embed", is_flag=True, help="Put the videos into the page: one file to pass on.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Send the same request to several variants; see what each was sent, and what each made of it.

    Prints the path of the page that shows them side by side. Given again, or with --resume DIR, it
    goes on where it was left, and nothing is paid twice.
    """
    from rushes_compare.book import FolderError
    from rushes_compare.budget import BudgetError
    from rushes_compare.plan import PlanError

    if given["resume"] is not None:
        _resumable(ctx)
    try:
        code = asyncio.run(_compare(given))
    except PlanError as error:
        raise click.UsageError(str(error)) from None
    except BudgetError as error:
        raise _Refused(str(error)) from None
    except FolderError as error:
        raise _Folder(str(error)) from None
    except KeyboardInterrupt:
        folder = given["resume"] or given["output"]
        again = shlex.join(["rushes", "compare", "--resume", str(folder)])
        click.echo(f"Every task is recorded. Go on with: {again}", err=True)
        raise
    ctx.exit(code)


RESUMABLE = frozenset(
    ("resume", "redo", "dry_run", "max_cost", "max_tasks", "concurrency", "timeout", "embed",
     "as_json")
)  # fmt: skip
"""What may stand beside --resume; the rest says what is compared, and the folder knows that."""


def _resumable(ctx: click.Context) -> None:
    said = [
        option.get_error_hint(ctx)
        for option in ctx.command.params
        if option.name not in RESUMABLE
        and ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]
    if said:
        raise click.UsageError(
            f"--resume DIR knows what is compared; leave the rest out: {', '.join(said)}"
        )


async def _compare(given: dict[str, Any]) -> int:
    from rich.console import Console
    from rushes import AsyncClient

    from rushes_compare.board import Board
    from rushes_compare.book import Book
    from rushes_compare.budget import hold, total
    from rushes_compare.comparing import finished
    from rushes_compare.exits import exit_code
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
            return exit_code(results) if all(c.state == "cannot" for c in results.cells) else 0
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
    click.echo(msgspec.json.encode(book.results) if given["as_json"] else str(page))
    return exit_code(book.results)


def _wanted(client: Any, given: dict[str, Any]) -> tuple[Path, Any]:
    """Return the folder, and the comparison it holds or is to hold."""
    from rushes_compare.comparing import opened, reopened
    from rushes_compare.plan import PlanError, planned
    from rushes_compare.plan_file import Wanted, read_plan

    if given["resume"] is not None:
        folder = given["resume"].absolute()
        return folder, reopened(client, folder)
    written = read_plan(given["plan_file"]) if given["plan_file"] else Wanted(prompts=[])
    prompts = [*([given["prompt"]] if given["prompt"] else []), *written.prompts]
    models = list(given["models"]) or written.models or []
    if given["every"]:
        models = client.registry.ids()
    if not models:
        raise PlanError(
            "name the variants with -m VARIANT, more than once, or as `models` in a file, or take "
            "--all"
        )
    settings = {**written.settings, **_settings(given)}
    repeats = next((n for n in (given["repeat"], written.repeat) if n is not None), 1)
    plan = planned(prompts, models, repeats, settings)
    folder = given["output"].absolute()
    _unused(folder)
    return folder, opened(client, plan, folder)


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


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    simple = (
        "negative_prompt", "duration", "aspect_ratio", "resolution", "audio", "watermark",
        "guidance", "seed",
    )  # fmt: skip
    settings = {name: given[name] for name in simple if given[name] is not None}
    if isinstance(settings.get("duration"), float) and settings["duration"].is_integer():
        settings["duration"] = int(settings["duration"])
    roles = {"first_frame": [given["first_frame"]], "last_frame": [given["last_frame"]]}
    roles["reference"] = list(given["reference"])
    images = [{"url": url, "role": role} for role, urls in roles.items() for url in urls if url]
    return {**settings, "images": images} if images else settings


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
        raise _Folder(str(error)) from None
