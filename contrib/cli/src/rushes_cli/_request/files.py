"""Files given as options."""

import sys
from pathlib import Path
from typing import Any, BinaryIO

import click
from rushes.files import read_whole

from rushes_cli.strict_json import MalformedJSON, read_json

MOST = 64 * 1024 * 1024
"""Bytes of a file that are read: a payload may contain pictures."""


def open_input(name: str, option: str) -> BinaryIO:
    """Open the file given with an option, or standard input for `-`; raises UsageError."""
    if name == "-":
        if sys.stdin is None:
            raise click.UsageError(f"{option} -: standard input is closed.")
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(name, option, error) from None


def read_json_file(name: str, option: str) -> Any:
    """Read a JSON file; raises UsageError for invalid JSON. Its content is checked later."""
    with open_input(name, option) as stream:
        try:
            data = read_whole(stream, MOST)
        except OSError as error:
            raise _unreadable(name, option, error) from None
    try:
        return read_json(data)
    except MalformedJSON as error:
        shown = "(standard input)" if name == "-" else name
        raise click.UsageError(f"{option} {shown} {error}.") from None


def _unreadable(name: str, option: str, error: Exception) -> click.UsageError:
    reason = getattr(error, "strerror", None) or str(error)
    return click.UsageError(f"{option} {name} cannot be read: {reason}.")
