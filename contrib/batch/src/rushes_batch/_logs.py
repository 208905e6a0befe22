"""What workers log: events with facts, as text for a program's logging, as JSON for a worker's."""

import json
import logging
import time
from typing import Any

_logger = logging.getLogger("rushes.batch")


def info(event: str, **facts: Any) -> None:
    """Log something that went as planned."""
    _log(logging.INFO, event, facts)


def warning(event: str, **facts: Any) -> None:
    """Log something that went wrong and was handled."""
    _log(logging.WARNING, event, facts)


class Lines(logging.Formatter):
    """Each record as one line of JSON; of ours, each fact is a member."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        facts = getattr(record, "facts", None) or {"event": record.getMessage()}
        line = {"time": when, "level": record.levelname.lower(), "logger": record.name, **facts}
        return json.dumps(line, ensure_ascii=False, default=str)


def _log(level: int, event: str, facts: dict[str, Any]) -> None:
    if _logger.isEnabledFor(level):
        told = " ".join(f"{name}={fact!r}" for name, fact in {"event": event, **facts}.items())
        _logger.log(level, "%s", told, extra={"facts": {"event": event, **facts}})
