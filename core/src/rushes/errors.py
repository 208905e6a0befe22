"""Every error of ours, and who is to blame for it.

    RushesError
      RequestError            the caller: the request is wrong; nothing was sent
      NotOfferedError         the caller: the provider does not offer what was asked for
      ConfigurationError      the caller: a key, an address or a setting is missing or wrong
        UnknownVariantError   no installed plugin has this id
        UnknownTaskError      the journal has no task with this reference
        BrokenPluginError     the plugin cannot be loaded, or broke a rule of the hooks
        MissingKeyError       no key for this provider
        JournalError          the journal cannot be used
      NotSentError            no one: the call was provably never sent; nothing was bought
      RefusedError            the provider refused; nothing was bought
      OutcomeUnknownError     it is unknown whether the submit was accepted
      TaskEndedError          the provider failed, cancelled or expired the task
      ResultError             the provider offers no usable video
      StillRunningError       the task is not finished; we stopped waiting, or could not poll
        OwnedElsewhereError   another process works on the task
      DeliveryError           whoever sent to our webhook: not the provider, or too late
      DiskError               our own disk: the video could not be written; a task is kept

Every error about a task carries it as `task`; it can be resumed from any process.
"""

from typing import Any

from rushes.problems import Problem
from rushes.task import Refusal, Task

__all__ = [
    "BrokenPluginError", "ConfigurationError", "DeliveryError", "DiskError", "JournalError",
    "MissingKeyError", "NotOfferedError", "NotSentError", "OutcomeUnknownError",
    "OwnedElsewhereError", "RefusedError", "RequestError", "ResultError", "RushesError",
    "StillRunningError", "TaskEndedError", "UnknownTaskError", "UnknownVariantError",
]  # fmt: skip


class RushesError(Exception):
    """The root of every error that this library raises on purpose."""

    def __init__(self, message: str, *, task: Task | None = None) -> None:
        super().__init__(message)
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[RushesError], args: tuple[Any, ...], state: dict[str, Any]) -> RushesError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class RequestError(RushesError):
    """The request is wrong; `problems` has every reason. Nothing was sent."""

    def __init__(self, problems: tuple[Problem, ...], *, task: Task | None = None) -> None:
        super().__init__("\n".join(str(problem) for problem in problems), task=task)
        self.problems = problems


class NotOfferedError(RushesError):
    """The provider does not document how to do what was asked for; nothing has changed."""


class ConfigurationError(RushesError):
    """Something outside the request is missing or wrong. Nothing was bought."""


class UnknownVariantError(ConfigurationError):
    """No installed plugin has this id."""


class UnknownTaskError(ConfigurationError):
    """The journal has no task with this reference."""


class BrokenPluginError(ConfigurationError):
    """A plugin cannot be loaded, or one of its hooks broke the contract."""


class MissingKeyError(ConfigurationError):
    """There is no key for this provider."""


class JournalError(ConfigurationError):
    """The journal cannot be read or written; nothing is sent without it."""


class NotSentError(RushesError):
    """The call provably never reached the provider. Nothing was bought."""


class RefusedError(RushesError):
    """The provider refused the submit; `refusal` has its reason. Nothing was bought."""

    def __init__(self, message: str, refusal: Refusal, *, task: Task | None = None) -> None:
        super().__init__(message, task=task)
        self.refusal = refusal


class OutcomeUnknownError(RushesError):
    """The submit may have been accepted and billed, or not; it must not be repeated blindly."""


class TaskEndedError(RushesError):
    """The provider ended the task without a video; `task.state` says how, `task.error` why."""


class ResultError(RushesError):
    """The task is completed, but what is offered is not a usable video."""


class StillRunningError(RushesError):
    """The task is not finished here, and has not failed: resume it."""


class OwnedElsewhereError(StillRunningError):
    """Another process, or another flow of this one, works on the task; it goes on there."""


class DeliveryError(RushesError):
    """What came to our webhook is not believed: badly signed, too old, or not understood.

    `again` says that it could not be judged now, because the provider's public keys could not be
    fetched: if the provider sends it once more, later, it may be.
    """

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class DiskError(RushesError):
    """The video could not be written to our own disk; a task that it carries is kept, resume it.

    Without a task nothing was recorded: no file can have the name that was given.
    """
