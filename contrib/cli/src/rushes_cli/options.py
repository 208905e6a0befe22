"""The options that say what is wanted, shared by the commands that take a request."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rushes_cli import completing
from rushes_cli.params import number

F = TypeVar("F", bound=Callable[..., Any])

_REQUEST: tuple[Callable[[Any], Any], ...] = (
    click.argument("prompt", required=False),
    click.option(
        "-m",
        "--model",
        metavar="VARIANT",
        shell_complete=completing.variants,
        help="Variant, like toapis/kling-v3; `rushes variants` lists them.",
    ),
    click.option("--negative-prompt", metavar="TEXT", help="What the video must not show."),
    click.option("--duration", type=number, metavar="SECONDS", help="Length of the video."),
    click.option("--aspect-ratio", metavar="W:H", help="Like 16:9."),
    click.option("--resolution", metavar="NAME", help="720p, 1080p or 4k."),
    click.option("--first-frame", metavar="IMAGE", help="Image to start from: a URL or a file."),
    click.option("--last-frame", metavar="IMAGE", help="Image to end on."),
    click.option("--reference", metavar="IMAGE", multiple=True, help="Image to keep to.  [repeat]"),
    click.option("--audio/--no-audio", default=None, help="With sound or without."),
    click.option("--watermark/--no-watermark", default=None, help="With a watermark or without."),
    click.option(
        "--guidance",
        type=number,
        metavar="0…1",
        help="How closely to keep to the prompt.",
    ),
    click.option("--seed", type=click.INT, metavar="NUMBER", help="Seed of the random choice."),
    click.option(
        "--shot", "shots", metavar="PROMPT", multiple=True, help="One shot of several.  [repeat]"
    ),
    click.option(
        "--shot-duration",
        "shot_durations",
        type=number,
        metavar="SECONDS",
        multiple=True,
        help="Length of a shot: none, or one for each --shot in the same order.",
    ),
    click.option(
        "--subject",
        "subjects",
        metavar="NAME=TEXT",
        multiple=True,
        help="Someone or something that prompts cite by name, and what it is.  [repeat]",
    ),
    click.option(
        "--subject-image",
        "subject_images",
        metavar="NAME=IMAGE",
        multiple=True,
        help="An image of a subject.  [repeat]",
    ),
    click.option(
        "--extra",
        "extras",
        metavar="FIELD=JSON",
        multiple=True,
        help="A field by the name its provider gives it.  [repeat]",
    ),
    click.option(
        "--request",
        "request_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A whole request as JSON; - is standard input.",
    ),
    click.option(
        "--native",
        "native_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A payload as the provider's page shows it; - is standard input.",
    ),
)


def request_options(command: F) -> F:
    """Give a command every option of a request; it receives them as keywords."""
    for option in reversed(_REQUEST):
        command = option(command)
    return command


def json_option(command: F) -> F:
    """Give a command the option --json."""
    option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return option(command)
