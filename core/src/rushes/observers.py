"""Observers: told what happens to each task and, if they want, how long each step takes.

An observer is called with a `Task` after each change. One that also has a method `step` is told of
the steps of jobs: `Steps` describes it. It is called when a step begins; what it returns is called
when the step ends. It learns of checks, too, which belong to no task.

Observers are told, and decide nothing: whatever they raise is logged and goes no further. They are
called in the thread of the client, an event loop's included, so that they must not block.
"""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from rushes.report import Report
from rushes.task import Status, Task
from rushes.variant import Variant

__all__ = ["Ended", "Observer", "Step", "Steps"]

Step: TypeAlias = Literal["check", "submit", "poll", "fetch"]
"""`check`: a request was checked. `submit`: one attempt to make the creating call. `poll`: the
calls of one look at a task. `fetch`: one video, until it is at its path."""

Ended: TypeAlias = Callable[[Report | Task | Status | None, str | None], None]
"""Called when a step ends: with its outcome (of a check the Report, of a submit and a fetch the
Task, of a poll the Status), or with None and the name of the error that ended it. Errors come as
names, since their words may quote what a provider answered."""


class Observer(Protocol):
    """Is told of every change to a task, after it was recorded."""

    def __call__(self, task: Task, /) -> None:
        """Take note of what is now known of a task."""


class Steps(Protocol):
    """The further method of an observer that is told of steps."""

    def step(self, step: Step, variant: Variant, task: Task | None, /) -> Ended | None:
        """Take note that a step begins; return what is to be called when it ends, or None."""
