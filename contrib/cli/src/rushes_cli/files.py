"""Files of the caller's."""

import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from rushes_cli.strict_json import Malformed, read_json


def open_input(name: str, option: str) -> BinaryIO:
    """Open a file of the caller's, or standard input for `-`."""
    if name == "-":
        if sys.stdin is None:
            raise click.UsageError(f"{option} -: standard input is closed.")
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(name, option, error) from None


def read_json_file(name: str, option: str) -> Any:
    """Read a JSON file; what is no JSON is wrong usage, what is in it is checked later."""
    with open_input(name, option) as stream:
        try:
            data = stream.read()
        except OSError as error:
            raise _unreadable(name, option, error) from None
    try:
        return read_json(data)
    except Malformed as error:
        raise click.UsageError(f"{option} {shown(name)} {error}.") from None


def shown(name: str) -> str:
    """Name an input."""
    return "(standard input)" if name == "-" else name


def _unreadable(name: str, option: str, error: Exception) -> click.UsageError:
    reason = getattr(error, "strerror", None) or str(error)
    return click.UsageError(f"{option} {name} cannot be read: {reason}.")
