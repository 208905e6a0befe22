"""The options of `rushes compare`: what is compared, how far it may go, where it ends up."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])

RESOLUTIONS = ("720p", "1080p", "4k")


def _variants(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a variant's id; no plugin is imported for it."""
    from rushes import Client

    with Client() as client:
        return [CompletionItem(name) for name in client.registry.ids() if name.startswith(begun)]


def _files(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Leave a file to the shell."""
    return [CompletionItem(begun, type="file")]


def _resolutions(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in RESOLUTIONS if name.startswith(begun)]


_WHAT: tuple[Callable[[Any], Any], ...] = (
    click.argument("prompt", required=False),
    click.option(
        "-m",
        "--model",
        "models",
        metavar="VARIANT",
        multiple=True,
        shell_complete=_variants,
        help="A variant.  [repeat]",
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
        "--repeat", type=click.IntRange(min=1), metavar="N", help="How often each.  [default: 1]"
    ),
)
_SETTINGS: tuple[Callable[[Any], Any], ...] = (
    click.option("--negative-prompt", metavar="TEXT", help="What the videos must not show."),
    click.option("--duration", type=float, metavar="SECONDS", help="Length of the videos."),
    click.option("--aspect-ratio", metavar="W:H", help="Like 16:9."),
    click.option(
        "--resolution", metavar="NAME", shell_complete=_resolutions, help="720p, 1080p or 4k."
    ),
    click.option(
        "--first-frame",
        metavar="IMAGE",
        shell_complete=_files,
        help="Image to start from: a URL or a file.",
    ),
    click.option("--last-frame", metavar="IMAGE", shell_complete=_files, help="Image to end on."),
    click.option(
        "--reference",
        metavar="IMAGE",
        multiple=True,
        shell_complete=_files,
        help="Image to keep to.  [repeat]",
    ),
    click.option("--audio/--no-audio", default=None, help="With sound or without."),
    click.option("--watermark/--no-watermark", default=None, help="With a watermark or without."),
    click.option("--guidance", type=float, metavar="0…1", help="How closely to keep to it."),
    click.option("--seed", type=int, metavar="NUMBER", help="Seed of the random choice."),
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
        shell_complete=_variants,
        help="What a second or a task costs, where that is not known.  [repeat]",
    ),
    click.option(
        "--max-cost",
        type=click.FloatRange(min=0),
        metavar="USD",
        help="Send nothing if it is more.",
    ),
    click.option(
        "--max-tasks",
        type=click.IntRange(min=0),
        metavar="N",
        help="Send nothing if they are more.",
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
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="How long to wait for each.",
    ),
    click.option(
        "--resume",
        metavar="DIR",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        help="Go on with the comparison in a folder; what else is given is added to it.",
    ),
    click.option("--redo", type=click.Choice(["failed"]), help="Begin what failed anew."),
    click.option(
        "--embed", is_flag=True, help="Put the videos into the page: one file to pass on."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the results as JSON."),
)


def options(command: F) -> F:
    """Give a command every option of a comparison; it receives them as keywords."""
    for option in reversed((*_WHAT, *_SETTINGS, *_RUN)):
        command = option(command)
    return command


_SIMPLE = (
    "negative_prompt", "duration", "aspect_ratio", "resolution", "audio", "watermark", "guidance",
    "seed",
)  # fmt: skip
_IMAGES = ("first_frame", "last_frame", "reference")


def settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the common fields that the options say."""
    found = {name: given[name] for name in _SIMPLE if given[name] is not None}
    if isinstance(found.get("duration"), float) and found["duration"].is_integer():
        found["duration"] = int(found["duration"])
    roles = {"first_frame": [given["first_frame"]], "last_frame": [given["last_frame"]]}
    roles["reference"] = list(given["reference"])
    images = [{"url": url, "role": role} for role, urls in roles.items() for url in urls if url]
    return {**found, "images": images} if images else found


def prices(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the prices that the options say, by variant; the last one counts."""
    return {name: price for name, _, price in (text.partition("=") for text in given["prices"])}


def only_added(ctx: click.Context) -> None:
    """Raise UsageError where an option beside --resume can be no part of what is added."""
    given = ctx.params
    nowhere = [] if given["prompt"] or given["plan_file"] else [*_SIMPLE, *_IMAGES]
    said = {
        option.name: option.get_error_hint(ctx)
        for option in ctx.command.params
        if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    }
    if "output" in said:
        raise click.UsageError(f"--resume DIR is the folder; leave out {said['output']}")
    if lost := [hint for name, hint in said.items() if name in nowhere]:
        raise click.UsageError(
            f"--resume DIR knows how its prompts are made; {', '.join(lost)} would be for a new "
            "prompt, and there is none"
        )
