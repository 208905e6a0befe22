"""The one place that knows structlog: events go to the standard logger `rushes`.

Nothing is printed until the application configures logging, and until then structlog is not even
imported: it is slow to load.
"""

import logging
from functools import cache
from typing import Any

_logger = logging.getLogger("rushes")
_logger.addHandler(logging.NullHandler())


@cache
def _structured() -> Any:
    import structlog

    return structlog.wrap_logger(
        _logger,
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def info(event: str, **facts: Any) -> None:
    """Tell what went its way."""
    if _logger.isEnabledFor(logging.INFO):
        _structured().info(event, **facts)


def warning(event: str, **facts: Any) -> None:
    """Tell what went wrong and was dealt with; `exc_info=True` adds the traceback."""
    if _logger.isEnabledFor(logging.WARNING):
        _structured().warning(event, **facts)
