"""The one place that knows structlog: events go to the standard logger `rushes`.

Nothing is printed until the application configures logging.
"""

import logging
from typing import Any

import structlog

logging.getLogger("rushes").addHandler(logging.NullHandler())

log: Any = structlog.wrap_logger(
    logging.getLogger("rushes"),
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
)
