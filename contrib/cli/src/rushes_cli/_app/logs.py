"""The log on standard error, with `--verbose`."""

import logging

from rushes_cli.terminal import escape_controls


class EscapingFormatter(logging.Formatter):
    """Formats records with their control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return escape_controls(super().format(record))


def show_logs() -> None:
    """Send all of rushes' log to standard error, and other libraries' warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("rushes").setLevel(logging.DEBUG)
