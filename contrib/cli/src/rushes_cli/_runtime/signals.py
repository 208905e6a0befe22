"""Ctrl-C: the first one ends the run; later ones must not cut off how to resume it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


_TOO_LATE = "ignored due to race condition"
"""What Python says of a Ctrl-C that came in the moment in which `ignore_sigint` began to ignore."""


def raise_on_first_sigint() -> None:
    """Let the first Ctrl-C raise KeyboardInterrupt, and ignore the rest.

    A process that was started with Ctrl-C ignored, as a background job is, keeps ignoring it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    report = sys.unraisablehook

    def on_unraisable(what: "sys.UnraisableHookArgs") -> None:
        # It was raised where Python drops exceptions, as in a finalizer: let the next one raise.
        if issubclass(what.exc_type, KeyboardInterrupt):
            signal.signal(signal.SIGINT, _raise)
        elif not (what.exc_type is OSError and _TOO_LATE in str(what.exc_value)):
            report(what)

    sys.unraisablehook = on_unraisable
    signal.signal(signal.SIGINT, _raise)


def ignore_sigint() -> None:
    """Ignore Ctrl-C from now on: everything is printed, and the interpreter is shutting down.

    Python keeps SIG_IGN while it shuts down, but drops a Python handler; a late Ctrl-C would then
    change the exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cancel_on_sigint(task: "asyncio.Task[None] | None") -> Iterator[None]:
    """Let the first Ctrl-C cancel a task of the running loop, which can then clean up.

    Does nothing unless `raise_on_first_sigint` has taken charge of Ctrl-C.
    """
    if task is None or signal.getsignal(signal.SIGINT) is not _raise:
        yield
        return
    loop, cancel = task.get_loop(), task.cancel

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, _ignore)
        loop.call_soon_threadsafe(cancel)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, _raise)


def _raise(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _ignore)
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: FrameType | None) -> None:
    # Not SIG_IGN: Python complains about a signal that arrives while SIG_IGN is being set.
    pass
