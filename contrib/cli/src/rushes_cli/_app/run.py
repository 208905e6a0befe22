"""The end of every run: an error becomes a message and an exit code."""

import os
import sys
from collections.abc import Callable

import click
from click.exceptions import NoArgsIsHelpError

from rushes_cli._errors.messages import print_error
from rushes_cli._output.streams import write_error
from rushes_cli.exit_codes import (
    BROKEN_PIPE,
    CONFIGURATION,
    INTERRUPTED,
    USAGE,
    Interrupted,
    OutputClosed,
)
from rushes_cli.terminal import stderr_line

_GLOBAL_OPTIONS = ("--home", "--verbose", "-v", "--traceback")


def run_to_exit_code(run: Callable[[], object]) -> int:
    """Run a command; report whatever goes wrong on standard error, and return the exit code.

    If standard output cannot be written, the code is still that of what the command did, of a task
    that is not finished for instance, unless it did all of it.
    """
    code = _ended(run)
    if (failure := write_error(sys.stdout)) is not None:
        message = f"standard output cannot be written: {failure.strerror}"
        stderr_line(message, bold="Error: ", colour="red")
        return code or CONFIGURATION
    return code


def _ended(run: Callable[[], object]) -> int:
    try:
        code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to report it
        reported = _report(error)
        for note in getattr(error, "__notes__", ()):
            stderr_line(note)
        return reported
    return code if isinstance(code, int) else 0


def _report(error: BaseException) -> int:
    if isinstance(error, (BrokenPipeError, OutputClosed)):
        _close_stdout()
        return BROKEN_PIPE
    if isinstance(error, (click.Abort, KeyboardInterrupt, Interrupted)):
        for command in error.commands if isinstance(error, Interrupted) else ():
            stderr_line(command, bold="Resume it with: ")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return _report_usage(error)
    return print_error(error)


def _report_usage(error: click.ClickException) -> int:
    if isinstance(error, NoArgsIsHelpError) and error.ctx is not None:
        click.echo(error.ctx.get_help(), err=True)
        return USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        stderr_line(context.get_usage())
        stderr_line(f"Try '{context.command_path} --help' for help.\n")
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.option_name in _GLOBAL_OPTIONS:
        name = error.option_name
        message = f"{name} goes before the command: rushes {name} … COMMAND"
    stderr_line(message, bold="Error: ", colour="red")
    return error.exit_code


def _close_stdout() -> None:
    """Point standard output to the null device: the interpreter flushes it once more at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass  # it has no file descriptor
    finally:
        os.close(null)
