"""Log events with facts: as text in a program that embeds a holder, as JSON lines in a worker."""

import json
import logging
import time
import traceback
from typing import Any

_logger = logging.getLogger("rushes.batch")


def info(event: str, **facts: Any) -> None:
    """Log something that went as planned."""
    _log(logging.INFO, event, facts)


def warning(event: str, **facts: Any) -> None:
    """Log something that went wrong and was handled."""
    _log(logging.WARNING, event, facts)


def trace(error: BaseException) -> str:
    """Return the frames and types of an error, after those of its causes.

    Without local variables and messages: a message may show the database's password.
    """
    return "".join(_traced(error, set()))


class Lines(logging.Formatter):
    """Formats each record as one line of JSON, with a member for each fact of our own events.

    A record's error is the member `traceback`, as `trace` writes it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        facts = getattr(record, "facts", None) or {"event": record.getMessage()}
        line = {"time": when, "level": record.levelname.lower(), "logger": record.name, **facts}
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = trace(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _traced(error: BaseException, seen: set[int]) -> list[str]:
    """Return the lines of an error; `seen` are the errors that are listed already."""
    seen.add(id(error))
    context = None if error.__suppress_context__ else error.__context__
    before = [error.__cause__ or context, *getattr(error, "exceptions", ())]
    lines: list[str] = []
    for each in before:
        if isinstance(each, BaseException) and id(each) not in seen:
            lines += _traced(each, seen)
    kind = type(error)
    return [
        *lines,
        *traceback.format_tb(error.__traceback__),
        f"{kind.__module__}.{kind.__qualname__}\n",
    ]


def _log(level: int, event: str, facts: dict[str, Any]) -> None:
    if _logger.isEnabledFor(level):
        told = " ".join(f"{name}={fact!r}" for name, fact in {"event": event, **facts}.items())
        _logger.log(level, "%s", told, extra={"facts": {"event": event, **facts}})
