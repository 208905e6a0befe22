"""Where our files lie, and how a command that finds them again is written."""

import shlex
from contextvars import ContextVar
from pathlib import Path

given_home: ContextVar[str | None] = ContextVar("given_home", default=None)
"""The folder from `--home`: a command that we print must name it again."""


def home() -> Path:
    """Return the folder for the journal, keys, downloads and logs."""
    from rushes.home import Environment, home_folder

    return home_folder(None, Environment())


def command_line(verb: str, reference: str, *more: str) -> str:
    """Write a command on a task, ready to be pasted into a shell."""
    folder = given_home.get()
    return shlex.join(["rushes", *(["--home", folder] if folder else []), verb, reference, *more])
