"""Barring I/O: inside the block, a hook that opens files or sockets or reads clocks fails.

An observer may read clocks and write to files; what it must not do is wait.

Files, sockets and processes are detected by an audit hook (PEP 578), which cannot be removed and
does nothing outside the block. What raises no audit event (clocks, random numbers, looking at a
file) is detected as a call of a built-in function, by the thread's profile function. A hook that
catches the error is detected at the end of the block.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

EVENTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "ftplib.", "sqlite3.",
          "_thread.start_new_thread", "urllib.Request")  # fmt: skip
CLOCKS = frozenset(("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter",
                    "perf_counter_ns", "process_time", "process_time_ns", "thread_time",
                    "clock_gettime", "clock_gettime_ns", "sleep", "now", "utcnow",
                    "today"))  # fmt: skip
CHANCE = frozenset(("random", "getrandbits", "urandom", "getrandom"))
LOOKS = frozenset(("stat", "lstat", "access", "getcwd", "readlink", "_path_exists", "print",
                   "input"))  # fmt: skip
OWNERS = frozenset(("time", "datetime", "date", "posix", "nt", "builtins", "random", "Random",
                    "SystemRandom", "_random"))  # fmt: skip
WAITS = ("socket.", "subprocess.", "sqlite3.", "ftplib.", "urllib.Request", "os.system",
         "os.posix_spawn", "os.fork")  # fmt: skip
"""What may take long: others answer, or hold a lock."""
ARGUED = {"localtime": 1, "gmtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
"""Functions that read a clock only if they are given fewer arguments than this."""
Profile = Callable[[FrameType, str, Any], None]
_SLEEP = time.sleep
_bar = threading.local()
_installed = threading.Lock()


class ImpureHookError(AssertionError):
    """A hook did I/O; plugins only describe it, the core does it."""


@contextmanager
def barred() -> Iterator[None]:
    """Bar files, sockets, processes, clocks and random numbers for this thread in the block."""
    kept = {name: getattr(time, name) for name in ARGUED}
    collects = gc.isenabled()
    gc.disable()  # its callbacks may read clocks, and would run in this thread
    try:
        for name, clock in kept.items():
            setattr(time, name, _argued(clock, ARGUED[name]))
        with _watched(EVENTS, _called):
            yield
    finally:
        if collects:
            gc.enable()
        for name, clock in kept.items():
            setattr(time, name, clock)


@contextmanager
def waits_barred() -> Iterator[None]:
    """Bar what may take long for this thread in the block: sockets, databases, processes, sleep."""
    with _watched(WAITS, _slept):
        yield


@contextmanager
def _watched(
    events: tuple[str, ...], called: Callable[[FrameType, str, Any], None]
) -> Iterator[None]:
    """Let audit events fail that begin so, and let `called` see every call, in the block."""
    if _installed.acquire(blocking=False):
        sys.addaudithook(_watch)
    profile = sys.getprofile()
    _bar.seen, _bar.events = None, events
    try:
        _bar.down = True
        sys.setprofile(called)
        yield
    finally:
        _bar.down = False
        sys.setprofile(profile)
    if _bar.seen:
        raise ImpureHookError(_bar.seen)


def _refuse(what: str) -> None:
    _bar.down = False  # reporting the failure may open files and read clocks
    _bar.seen = what
    raise ImpureHookError(what)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if getattr(_bar, "down", False) and event.startswith(_bar.events):
        _refuse(f"a hook did I/O: {event} {arguments[:1]}")


def _slept(_: FrameType, event: str, function: Any) -> None:
    if event == "c_call" and function is _SLEEP and _bar.down:
        _refuse("a hook did I/O: time.sleep")


def _called(_: FrameType, event: str, function: Any) -> None:
    if event != "c_call" or not _bar.down:
        return
    name = getattr(function, "__name__", "")
    if name not in CLOCKS and name not in CHANCE and name not in LOOKS:
        return
    owner = getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    names = [getattr(one, "__name__", "") for one in (owner, *kind.__mro__)]
    if not OWNERS.isdisjoint(names):
        what = (
            "read a clock"
            if name in CLOCKS
            else "used random numbers"
            if name in CHANCE
            else "did I/O"
        )
        _refuse(f"a hook {what}: {names[0] or names[1]}.{name}")


def _argued(clock: Callable[..., Any], least: int) -> Callable[..., Any]:
    def read(*arguments: Any) -> Any:
        if len(arguments) < least and getattr(_bar, "down", False):
            _refuse(f"a hook read a clock: time.{clock.__name__}")
        return clock(*arguments)

    return read
