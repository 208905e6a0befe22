"""The exchange that is under way: its deadline, what has left, and what is nobody's to log.

It is ambient (a context variable): connections are shared, deadlines are not, and an HTTP library
hands no deadline down to the single read and write.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class Exchange:
    """One call under way: when it must be over, and whether anything of it may have left."""

    def __init__(self, total: float, *, sent: bool = False, guarded: bool = False) -> None:
        self.total = total
        self.end = time.monotonic() + total
        self.sent = sent
        self.guarded = guarded

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.end - time.monotonic()

    @property
    def words(self) -> str:
        """Say what did not happen in time."""
        what = "whole answer" if self.sent else "connection"
        return f"no {what} within {self.total:g} seconds"


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def current() -> Exchange | None:
    """Return the exchange under way here, if there is one."""
    return _current.get()


@contextmanager
def under_way(exchange: Exchange) -> Iterator[Exchange]:
    """Make an exchange the current one."""
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)


def _not_ours(_record: logging.LogRecord) -> bool:
    return _current.get() is None


def keep_libraries_silent() -> None:
    """Keep the HTTP libraries from logging our exchanges: signed links, and headers with keys.

    Everybody else's exchanges they log as ever.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_not_ours)
