"""Barring I/O: while the bar is down, a hook that opens files or sockets or reads clocks fails.

Files, sockets and processes are seen by an audit hook (PEP 578), which cannot be removed and is
inert while the bar is up; clocks are replaced for as long as the bar is down.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EVENTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "ftplib.", "sqlite3.")
CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
          "sleep", "localtime", "gmtime")  # fmt: skip
_down = threading.local()
_installed = threading.Lock()


class ImpureHookError(AssertionError):
    """A hook did I/O; plugins describe, the core does."""


@contextmanager
def barred() -> Iterator[None]:
    """Bar files, sockets, processes and clocks for this thread's code inside the block."""
    if _installed.acquire(blocking=False):
        sys.addaudithook(_watch)
    kept = {name: getattr(time, name) for name in CLOCKS}
    try:
        for name in CLOCKS:
            setattr(time, name, _refusing(name))
        _down.now = True
        yield
    finally:
        _down.now = False
        for name, clock in kept.items():
            setattr(time, name, clock)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if getattr(_down, "now", False) and event.startswith(EVENTS):
        _down.now = False  # what reports the failure may open files
        raise ImpureHookError(f"a hook did I/O: {event} {arguments[:1]}")


def _refusing(name: str) -> Any:
    def clock(*_: Any) -> Any:
        _down.now = False
        raise ImpureHookError(f"a hook read a clock: time.{name}")

    return clock
