"""Options that several commands share: the fields of a request, `-m`, `--json`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rushes_cli._request.completion import (
    complete_accepted,
    complete_files,
    complete_plugins,
    complete_providers,
    complete_subject_images,
    complete_tasks,
    complete_variants,
)
from rushes_cli._request.numbers import amount, number, seconds

__all__ = [
    "amount", "complete_files", "complete_plugins", "complete_providers", "complete_tasks",
    "complete_variants", "field_options",
    "json_option", "number", "request_options", "request_options_in_order", "seconds",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
_Decorator = Callable[[Any], Any]

_PROMPT: _Decorator = click.argument("prompt", required=False)
_MODEL: _Decorator = click.option(
    "-m",
    "--model",
    metavar="VARIANT",
    shell_complete=complete_variants,
    help="Variant, like toapis/kling-v3; `rushes variants` lists them.",
)
_MODELS: _Decorator = click.option(
    "-m",
    "--model",
    "models",
    metavar="VARIANT",
    multiple=True,
    shell_complete=complete_variants,
    help="Variant, like toapis/kling-v3; `rushes variants` lists them. Of several, the next one "
    "is tried only if nothing came of the last.  [repeatable]",
)
_FIELDS: tuple[_Decorator, ...] = (
    click.option("--negative-prompt", metavar="TEXT", help="What the video should not show."),
    click.option(
        "--duration",
        type=number,
        metavar="SECONDS",
        shell_complete=complete_accepted,
        help="Length of the video.",
    ),
    click.option(
        "--aspect-ratio", metavar="W:H", shell_complete=complete_accepted, help="Like 16:9."
    ),
    click.option(
        "--resolution",
        metavar="NAME",
        shell_complete=complete_accepted,
        help="720p, 1080p or 4k.",
    ),
    click.option(
        "--first-frame",
        metavar="IMAGE",
        shell_complete=complete_files,
        help="Image to start from: a URL or a file.",
    ),
    click.option(
        "--last-frame", metavar="IMAGE", shell_complete=complete_files, help="Image to end on."
    ),
    click.option(
        "--reference",
        metavar="IMAGE",
        multiple=True,
        shell_complete=complete_files,
        help="Reference image.  [repeatable]",
    ),
    click.option(
        "--reference-video",
        "reference_videos",
        metavar="VIDEO",
        multiple=True,
        shell_complete=complete_files,
        help="Reference video: a URL or a file.  [repeatable]",
    ),
    click.option(
        "--edit-video",
        "edit_videos",
        metavar="VIDEO",
        multiple=True,
        shell_complete=complete_files,
        help="Video to edit.  [repeatable]",
    ),
    click.option(
        "--sound",
        "sounds",
        metavar="SOUND",
        multiple=True,
        shell_complete=complete_files,
        help="Reference sound: a URL or a file.  [repeatable]",
    ),
    click.option("--audio/--no-audio", default=None, help="With sound or without."),
    click.option("--watermark/--no-watermark", default=None, help="With a watermark or without."),
    click.option(
        "--guidance",
        type=number,
        metavar="0…1",
        help="How closely to follow the prompt.",
    ),
    click.option(
        "--seed", type=click.INT, metavar="NUMBER", help="Seed for the provider's random numbers."
    ),
    click.option(
        "--shot",
        "shots",
        metavar="PROMPT",
        multiple=True,
        help="One shot of several.  [repeatable]",
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
        help="A person or thing that prompts refer to by name, and its description.  [repeatable]",
    ),
    click.option(
        "--subject-image",
        "subject_images",
        metavar="NAME=IMAGE",
        multiple=True,
        shell_complete=complete_subject_images,
        help="An image of a subject.  [repeatable]",
    ),
    click.option(
        "--extra",
        "extras",
        metavar="FIELD=JSON",
        multiple=True,
        help="A native field, by its provider's name for it.  [repeatable]",
    ),
)
_CONTINUES: _Decorator = click.option(
    "--continues",
    metavar="TASK",
    shell_complete=complete_tasks,
    help="Finished task to extend: one of ours, or the provider's id of one.",
)
_FILES: tuple[_Decorator, ...] = (
    click.option(
        "--request",
        "request_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A whole request as JSON: a file, a pipe, or - for standard input.",
    ),
    click.option(
        "--native",
        "native_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A payload as the provider documents it: a file, a pipe, or - for standard input.",
    ),
)


def request_options(command: F) -> F:
    """Add every option of a request; `rushes_cli.request_input.read_request` reads them."""
    return _add((_PROMPT, _MODEL, *_FIELDS, _CONTINUES, *_FILES), command)


def request_options_in_order(command: F) -> F:
    """Add every option of a request, with any number of variants, which come as `models`."""
    return _add((_PROMPT, _MODELS, *_FIELDS, _CONTINUES, *_FILES), command)


def field_options(command: F) -> F:
    """Add the options of a request's fields, all but the prompt.

    `rushes_cli.request_input.read_fields` reads them.
    """
    return _add(_FIELDS, command)


def json_option(command: F) -> F:
    """Add the option `--json`; the command receives it as `as_json`."""
    option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return option(command)


def _add(options: tuple[_Decorator, ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
