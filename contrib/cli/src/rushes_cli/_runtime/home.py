"""The home folder of rushes, and shell commands that use the same one."""

import shlex
from contextvars import ContextVar
from pathlib import Path

from rushes_cli._runtime.tried import tried

home_option: ContextVar[str | None] = ContextVar("home_option", default=None)
"""The folder given with `--home`; a command that is printed has to repeat it."""


def home() -> Path:
    """Return the folder for the journal, keys, downloads and logs."""
    from rushes.home import Environment, home_folder

    return home_folder(None, Environment())


def shell_command(verb: str, reference: str, *more: str) -> str:
    """Return a command on a task, ready to be pasted into a shell."""
    folder, file = home_option.get(), tried.get()
    options = ["--home", folder] if folder else []
    through = ["try", file.file] if file else []
    return shlex.join(["rushes", *options, *through, verb, reference, *more])
