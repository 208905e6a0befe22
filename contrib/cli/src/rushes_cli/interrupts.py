"""Ctrl-C: the first ends the run, the others are not to end the words on how to go on."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def take_one() -> None:
    """Let the first Ctrl-C raise KeyboardInterrupt and the others do nothing.

    A process that was started to ignore Ctrl-C, as one in the background, goes on ignoring it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    tell = sys.unraisablehook

    def lost(what: "sys.UnraisableHookArgs") -> None:
        # Raised where nothing can be raised, as within a finalizer: the next one has to do.
        if issubclass(what.exc_type, KeyboardInterrupt):
            signal.signal(signal.SIGINT, _first)
        else:
            tell(what)

    sys.unraisablehook = lost
    signal.signal(signal.SIGINT, _first)


def take_no_more() -> None:
    """Ignore Ctrl-C from now on: all is told, and the interpreter is being taken down.

    Python keeps only this through its own end; a handler of ours would be dropped, and a late
    Ctrl-C would change the exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cancelling(task: "asyncio.Task[None] | None") -> Iterator[None]:
    """Let the first Ctrl-C cancel a task of the running loop: nothing is torn in the middle.

    Nothing is changed where Ctrl-C was not taken by `take_one`.
    """
    if task is None or signal.getsignal(signal.SIGINT) is not _first:
        yield
        return
    loop, cancel = task.get_loop(), task.cancel

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, _no_more)
        loop.call_soon_threadsafe(cancel)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, _first)


def _first(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _no_more)
    raise KeyboardInterrupt


def _no_more(_number: int, _frame: FrameType | None) -> None:
    # A function, as Python itself complains of a signal that comes while SIG_IGN is being set.
    pass
