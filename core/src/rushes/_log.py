"""The one place that knows structlog: events go to the standard logger `rushes`.

Nothing is printed until the application configures logging, and until then structlog is not even
imported: it is slow to load.
"""

import logging
import re
from collections.abc import Callable, MutableMapping
from functools import cache
from typing import Any

_logger = logging.getLogger("rushes")
_logger.addHandler(logging.NullHandler())
_LINK = re.compile(r"(https?://)(?:[^\s/?#@]*@)?([^\s?#]*)(?:[?#]\S*)?", re.IGNORECASE)


def _without_queries(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Strip the query from every address: a signed link gives access to anyone who reads it."""
    return {
        name: _LINK.sub(r"\1\2", fact) if isinstance(fact, str) else fact
        for name, fact in event.items()
    }


def _rendered(render: Callable[..., str]) -> Callable[..., Any]:
    """Write an event as text, and keep its facts for a formatter, as the record's `facts`."""

    def render_both(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        facts = dict(event)
        return (render(logger, method, event),), {"extra": {"facts": facts}}

    return render_both


@cache
def _structured() -> Any:
    import structlog

    return structlog.wrap_logger(
        _logger,
        processors=[
            structlog.processors.format_exc_info,
            _without_queries,
            _rendered(structlog.processors.KeyValueRenderer(key_order=["event"])),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def info(event: str, **facts: Any) -> None:
    """Log something that went as planned."""
    if _logger.isEnabledFor(logging.INFO):
        _structured().info(event, **facts)


def warning(event: str, **facts: Any) -> None:
    """Log something that went wrong and was handled; `exc_info=True` adds the traceback."""
    if _logger.isEnabledFor(logging.WARNING):
        _structured().warning(event, **facts)
