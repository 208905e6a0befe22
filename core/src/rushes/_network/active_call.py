"""The call that is under way: its deadline, what has been sent, and what must not be logged.

Connections are shared, deadlines are not. Our own connections on an event loop are given the call;
for others it is ambient (a context variable), since an HTTP library does not pass a deadline to
single reads and writes.
"""

import logging
import time
from contextvars import ContextVar
from typing import Self

from rushes._flow import Dispatch, NotSent

LEAVES_WITHIN = 15.0
"""Seconds that a paid call may take to connect: the claim on its task is checked before, and must
still be valid when the first byte leaves."""
_LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class ActiveCall:
    """One call under way: its deadline, and whether any of it may have been sent.

    Its time begins when it is made; inside its `with` block it is the current one. `guarded`: only
    public addresses are allowed.
    """

    def __init__(
        self, total: float, *, dispatch: Dispatch | None = None, guarded: bool = False
    ) -> None:
        self.total, self.guarded = total, guarded
        self.sent = False
        self._dispatch = dispatch
        self._begun = time.monotonic()
        self._allowed = total if dispatch is None else min(total, LEAVES_WITHIN)

    def __enter__(self) -> Self:
        self._entered = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if _current.get() is self:  # it may be closed from another context
            _current.reset(self._entered)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline: for connecting, or for the whole exchange."""
        return self._begun + self._allowed - time.monotonic()

    @property
    def timeout_message(self) -> str:
        """What did not happen in time, for an error message."""
        what = "whole answer" if self.sent else "connection"
        return f"no {what} within {self._allowed:g} seconds"

    def leave(self) -> None:
        """Let the request leave: called right before its first byte is written.

        Raises NotSent if it may not leave, or no time is left; then nothing may be written.
        """
        if self.sent:
            return
        if self.seconds_left <= 0:
            raise NotSent(self.timeout_message)
        if self._dispatch is not None:
            self._dispatch.may_leave()
            self._dispatch.left = True
        self.sent, self._allowed = True, self.total

    def mark_unsent(self) -> None:
        """Record that nothing was sent after all: the other side was never reached."""
        self.sent = False
        if self._dispatch is not None:
            self._dispatch.left = False
            self._allowed = min(self.total, LEAVES_WITHIN)


_current: ContextVar[ActiveCall | None] = ContextVar("active_call", default=None)


def current() -> ActiveCall | None:
    """Return the call under way here, if there is one."""
    return _current.get()


def _not_ours(_record: logging.LogRecord) -> bool:
    return _current.get() is None


def keep_libraries_silent() -> None:
    """Keep the HTTP libraries from logging our exchanges, with their signed links and keys.

    They still log the exchanges of other code.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_not_ours)
