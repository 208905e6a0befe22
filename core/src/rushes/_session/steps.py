"""Telling observers of a step: when it begins, and how it ends."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from rushes import _log as log
from rushes._plugins.calling import PLUGIN_ERRORS
from rushes.observers import Ended, Step
from rushes.report import Report
from rushes.task import Status, Task
from rushes.variant import Variant

Begin = Callable[[Step, Variant, Task | None], Ended | None]


class Watched:
    """One step, from entering the block to leaving it; the block sets `outcome`.

    Whatever an observer raises is logged: it never stops a step.
    """

    def __init__(self, ends: Iterable[Ended]) -> None:
        self.outcome: Report | Task | Status | None = None
        self._ends = ends

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for ended in self._ends:
            if kind is None:
                quietly(ended, self.outcome, None)
            else:
                quietly(ended, None, kind.__name__)


def beginnings(observers: Iterable[Any]) -> tuple[Begin, ...]:
    """Return the method `step` of each observer that has one."""
    found = (quietly(getattr, observer, "step", None) for observer in observers)
    return tuple(step for step in found if callable(step))


def quietly(function: Callable[..., Any], *given: Any) -> Any:
    """Call an observer; log what it raises, and return None."""
    try:
        return function(*given)
    except PLUGIN_ERRORS:  # an observer never stops a task, nor the program
        log.warning("an observer raised", observer=repr(function), exc_info=True)
        return None
