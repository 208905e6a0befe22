"""What an error means in words, and what can be done about it."""

from typing import TYPE_CHECKING

from rushes_cli._runtime.home import shell_command
from rushes_cli.exit_codes import exit_code
from rushes_cli.terminal import stderr_line, strip_passwords

if TYPE_CHECKING:
    from rushes import RushesError


def print_error(error: BaseException, *, reference: str = "") -> int:
    """Print an error and what to do next on standard error; return its exit code.

    `reference` names the task that failed, if there are several.
    """
    from rushes import RequestError, RushesError

    if isinstance(error, RequestError):
        from rushes_cli._output.report import print_problems

        print_problems(error.problems, err=True)
    elif isinstance(error, RushesError):
        message = strip_passwords(str(error))
        prefix = "" if reference in message else f"{reference}: "
        stderr_line(prefix + message, bold="Error: ", colour="red")
        _print_next_steps(error)
    else:
        from rushes_cli._errors.bug_report import report_bug

        report_bug(error)
    return exit_code(error)


def _print_next_steps(error: "RushesError") -> None:
    from rushes import ConfigurationError, OutcomeUnknownError

    task = error.task
    if task is None:
        return
    if isinstance(error, OutcomeUnknownError):
        found = shell_command("resolve", task.id, "--id", "REMOTE_ID")
        lost = shell_command("resolve", task.id, "--as", "lost")
        stderr_line(task.id, bold="The task's reference:   ")
        stderr_line(shell_command("resume", task.id), bold="Ask the provider again: ")
        stderr_line(found, bold="If it has this request: ")
        stderr_line(lost, bold="If it does not:         ")
    elif task.unfinished and (task.receipt or not isinstance(error, ConfigurationError)):
        stderr_line(shell_command("resume", task.id), bold="Resume it with: ")
