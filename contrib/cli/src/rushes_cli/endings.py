"""How every run ends: what went wrong in words, what can be done about it, and an exit code."""

import errno
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from click.exceptions import NoArgsIsHelpError

from rushes_cli.exits import (
    BROKEN_PIPE,
    INTERRUPTED,
    UNFINISHED,
    USAGE,
    ReaderLeft,
    Stopped,
    exit_code,
)
from rushes_cli.terminal import say, without_password

if TYPE_CHECKING:
    from rushes import RushesError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What only standard output can be told of: files are written by the core, in its own words."""
GLOBAL_OPTIONS = ("--home", "--verbose", "-v", "--traceback")


def run_to_end(run: Callable[[], object]) -> int:
    """Run a command; whatever it raises is told on standard error and becomes an exit code."""
    try:
        code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to tell of it
        return _told(error)
    return code if isinstance(code, int) else 0


def _told(error: BaseException) -> int:
    if isinstance(error, (BrokenPipeError, ReaderLeft)):
        _stop_writing()
        return BROKEN_PIPE
    if isinstance(error, (click.Abort, KeyboardInterrupt, Stopped)):
        for command in getattr(error, "commands", ()):
            say(command, bold="Take it up again with: ")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return _wrong_usage(error)
    if isinstance(error, OSError) and error.errno in FULL:
        _stop_writing()
        say(f"standard output cannot be written: {error.strerror}", bold="Error: ", colour="red")
        return UNFINISHED
    return tell_error(error)


def tell_error(error: BaseException, *, reference: str = "") -> int:
    """Say what an error means and what can be done; return its exit code.

    `reference` is whose error it is, where several tasks were asked for.
    """
    from rushes import RequestError, RushesError

    if isinstance(error, RequestError):
        from rushes_cli.report_view import tell_problems

        tell_problems(error.problems, err=True)
    elif isinstance(error, RushesError):
        words = without_password(str(error))
        whose = "" if reference in words else f"{reference}: "
        say(whose + words, bold="Error: ", colour="red")
        _tell_what_can_be_done(error)
    else:
        from rushes_cli.crash import report_bug

        report_bug(error)
    return exit_code(error)


def _tell_what_can_be_done(error: "RushesError") -> None:
    from rushes import ConfigurationError, OutcomeUnknownError

    from rushes_cli.place import command_line

    task = error.task
    if task is None:
        return
    if isinstance(error, OutcomeUnknownError):
        say(task.id, bold="The task's reference:   ")
        say(command_line("resume", task.id), bold="Ask the provider again: ")
        say(command_line("resolve", task.id, "--id", "REMOTE_ID"), bold="If it has the task:     ")
        say(command_line("resolve", task.id, "--as", "lost"), bold="If it has not:          ")
    elif task.unfinished and (task.receipt or not isinstance(error, ConfigurationError)):
        say(command_line("resume", task.id), bold="Take it up again with: ")


def _wrong_usage(error: click.ClickException) -> int:
    if isinstance(error, NoArgsIsHelpError) and error.ctx is not None:
        click.echo(error.ctx.get_help(), err=True)
        return USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        say(context.get_usage())
        say(f"Try '{context.command_path} --help' for help.\n")
    words = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.option_name in GLOBAL_OPTIONS:
        words = f"{error.option_name} goes before the command: rushes {error.option_name} … COMMAND"
    say(words, bold="Error: ", colour="red")
    return error.exit_code


def _stop_writing() -> None:
    """Point standard output nowhere: the interpreter flushes it once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass  # there is no file below it
    finally:
        os.close(nowhere)
