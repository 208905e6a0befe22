"""The call that is under way: its deadline, what has been sent, and what must not be logged.

It is ambient (a context variable): connections are shared, deadlines are not, and an HTTP library
does not pass a deadline to single reads and writes.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from rushes._flow import Dispatch

LEAVES_WITHIN = 15.0
"""Seconds that a paid call may take to connect: the claim on its task is checked before, and must
still be valid when the first byte leaves."""
_LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class ActiveCall:
    """One call under way: its deadline, and whether any of it may have been sent.

    Its time begins when it is made. `guarded`: only public addresses are allowed.
    """

    def __init__(
        self, total: float, *, dispatch: Dispatch | None = None, guarded: bool = False
    ) -> None:
        self.total, self.guarded = total, guarded
        self.sent = False
        self.prolonged: Callable[[], None] = lambda: None
        """Called when the deadline moves, so that an event loop can reset its timer."""
        self._dispatch = dispatch
        self._begun = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline: for connecting, or for the whole exchange."""
        return self._begun + self._allowed - time.monotonic()

    @property
    def timeout_message(self) -> str:
        """What did not happen in time, for an error message."""
        what = "whole answer" if self.sent else "connection"
        return f"no {what} within {self._allowed:g} seconds"

    @property
    def _allowed(self) -> float:
        connecting = self._dispatch is not None and not self.sent
        return min(self.total, LEAVES_WITHIN) if connecting else self.total

    def leave(self) -> None:
        """Let the request leave: called right before its first byte is written.

        Raises NotSent if it may not leave; then nothing may be written.
        """
        if self.sent:
            return
        if self._dispatch is not None:
            self._dispatch.may_leave()
            self._dispatch.left = True
        self.sent = True
        self.prolonged()

    def mark_unsent(self) -> None:
        """Record that nothing was sent after all: the other side was never reached."""
        self.sent = False
        if self._dispatch is not None:
            self._dispatch.left = False


_current: ContextVar[ActiveCall | None] = ContextVar("active_call", default=None)


def current() -> ActiveCall | None:
    """Return the call under way here, if there is one."""
    return _current.get()


@contextmanager
def under_way(active: ActiveCall) -> Iterator[ActiveCall]:
    """Make a call the current one."""
    token = _current.set(active)
    try:
        yield active
    finally:
        with suppress(ValueError):  # closed from another context, where it is not the current one
            _current.reset(token)


def _not_ours(_record: logging.LogRecord) -> bool:
    return _current.get() is None


def keep_libraries_silent() -> None:
    """Keep the HTTP libraries from logging our exchanges, with their signed links and keys.

    They still log the exchanges of other code.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_not_ours)
