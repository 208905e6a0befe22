"""Exit codes: what each one means, and which error leads to which."""

from collections.abc import Sequence

__all__ = [
    "BROKEN_PIPE", "BUG", "CONFIGURATION", "ENDED", "INTERRUPTED", "MEANINGS", "NOT_BOUGHT",
    "UNFINISHED", "UNKNOWN", "USAGE", "Interrupted", "OutputClosed", "exit_code", "exit_code_for",
]  # fmt: skip

BUG, USAGE, CONFIGURATION, NOT_BOUGHT, ENDED, UNFINISHED, UNKNOWN = 1, 2, 3, 4, 5, 6, 7
INTERRUPTED = 130
BROKEN_PIPE = 141  # 128 + SIGPIPE, as a shell reports a filter whose reader has closed the pipe

MEANINGS = {
    0: "done",
    BUG: "a bug in rushes: a short message, and a log file with the details",
    USAGE: "wrong usage",
    CONFIGURATION: "configuration: a key, a base URL, a variant, the journal; nothing was bought. "
    "Or what was done cannot be printed",
    NOT_BOUGHT: "nothing was bought: refused by us or by the provider, or never sent",
    ENDED: "the provider failed, cancelled or expired the task, or offers no usable video",
    UNFINISHED: "the task is not finished here; the resume command is printed",
    UNKNOWN: "it is unknown whether the submit was accepted; the task's reference is printed",
    INTERRUPTED: "Ctrl-C; if there is a task, the resume command is printed",
    BROKEN_PIPE: "the program that was reading the output closed it",
}


class Interrupted(Exception):
    """Ctrl-C while tasks were under way; `commands` are the shell commands that resume them."""

    def __init__(self, commands: Sequence[str] = ()) -> None:
        super().__init__("stopped")
        self.commands = commands


class OutputClosed(Exception):
    """The reader of standard output has closed it, as `head` does after its last line."""


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error."""
    import rushes

    if isinstance(error, rushes.DiskError) and error.task is None:
        return CONFIGURATION  # no task is left to be resumed
    return exit_code_for(type(error))


def exit_code_for(kind: type[BaseException]) -> int:
    """Return the exit code for a class of errors; `BUG` for one that rushes does not raise."""
    if issubclass(kind, (KeyboardInterrupt, Interrupted)):
        return INTERRUPTED
    import rushes

    table: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], int], ...] = (
        (rushes.NotOfferedError, USAGE),
        (rushes.ConfigurationError, CONFIGURATION),
        ((rushes.RequestError, rushes.RefusedError, rushes.NotSentError), NOT_BOUGHT),
        ((rushes.TaskEndedError, rushes.ResultError), ENDED),
        ((rushes.StillRunningError, rushes.DiskError), UNFINISHED),
        (rushes.OutcomeUnknownError, UNKNOWN),
    )
    return next((code for kinds, code in table if issubclass(kind, kinds)), BUG)
