"""The log on standard error, when it is asked for."""

import logging

from rushes_cli.terminal import clean


class CleanFormatter(logging.Formatter):
    """Writes records that a terminal cannot mistake for commands."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, made harmless."""
        return clean(super().format(record))


def show_logs() -> None:
    """Send the log of rushes to standard error; of other libraries, the warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(CleanFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("rushes").setLevel(logging.DEBUG)
