"""What each exit code means, and which error leads to which: the one place."""

from collections.abc import Sequence

BUG, USAGE, CONFIGURATION, NOT_BOUGHT, ENDED, UNFINISHED, UNKNOWN = 1, 2, 3, 4, 5, 6, 7
INTERRUPTED = 130
BROKEN_PIPE = 141  # 128 + SIGPIPE, as the shell says of any filter whose reader has left

MEANINGS = {
    0: "done",
    BUG: "a bug of ours: a short message, and a log file with the rest",
    USAGE: "wrong usage",
    CONFIGURATION: "configuration: a key, a base URL, a variant, the journal; nothing was bought",
    NOT_BOUGHT: "nothing was bought: refused by us or by the provider, or never sent",
    ENDED: "the provider failed, cancelled or expired the task, or offers no usable video",
    UNFINISHED: "the task lives and is not finished here; the resume command is printed",
    UNKNOWN: "nobody knows whether the submit took; the task's reference is printed",
    INTERRUPTED: "Ctrl-C; the resume command is printed where there is a task",
    BROKEN_PIPE: "whoever read the output stopped reading",
}


class Stopped(Exception):
    """Ctrl-C while tasks were under way; `commands` takes them up again."""

    def __init__(self, commands: Sequence[str] = ()) -> None:
        super().__init__("stopped")
        self.commands = commands


class ReaderLeft(Exception):
    """Whoever reads standard output has gone, as `head` does once it has enough."""


def exit_code(error: BaseException) -> int:
    """Return the exit code that an error leads to."""
    if isinstance(error, (KeyboardInterrupt, Stopped)):
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
    return next((code for kinds, code in table if isinstance(error, kinds)), BUG)
