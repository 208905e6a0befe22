"""Where a video goes: the options `-o` and `--force`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rushes_cli._request.completion import complete_files

F = TypeVar("F", bound=Callable[..., Any])


def output_options(default: str) -> Callable[[F], F]:
    """Return a decorator that adds `-o` and `--force`; `default` is the default in words."""
    output: Callable[[F], F] = click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(),
        callback=lambda _ctx, _param, path: _check_encoding(path),
        shell_complete=complete_files,
        help=f"Where the video goes: a new file, or a folder; further ones beside it.  "
        f"[default: {default}]",
    )
    force: Callable[[F], F] = click.option(
        "--force", is_flag=True, help="Overwrite the file that has the video's name."
    )
    return lambda command: output(force(command))


def _check_encoding(path: str | None) -> str | None:
    """Refuse a name that the journal, which is JSON, could not store for a later `resume`."""
    if path is not None and os.fsencode(path).decode("utf-8", "replace") != path:
        raise click.BadParameter("the name is not UTF-8.")
    return path


def absolute_output(output: str | None) -> str | None:
    """Return where the video goes as an absolute path; a folder ends with a slash."""
    from rushes import ConfigurationError

    if output is None:
        return None
    try:
        path = Path(output).absolute()
    except OSError as error:
        raise ConfigurationError(
            f"-o {output}: the working directory is gone ({error.strerror}); give an absolute path"
        ) from error
    there = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises if the name is too long
    is_folder = there or output.endswith(("/", os.sep))
    return f"{path}{os.sep}" if is_folder else str(path)


def overwrite(output: str | None, *, force: bool) -> bool | None:
    """Return whether a file may be overwritten: None leaves that to an earlier command."""
    return force or (None if output is None else False)
