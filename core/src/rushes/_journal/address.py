"""A journal that is named by an address."""

from typing import Any

from rushes._journal.queued import QueuedJournal
from rushes.errors import ConfigurationError

_SCHEMES = ("postgresql://", "postgres://")


def journal_at(address: str, named_by: str) -> QueuedJournal[Any]:
    """Return the journal at an address; `named_by` says, for errors, where it was given.

    Raises ConfigurationError; the address, which may have a password, is in no error.
    """
    if not address.startswith(_SCHEMES):
        raise ConfigurationError(
            f"{named_by} is not the address of a journal; give postgresql://USER@HOST/DATABASE, "
            "or nothing for a file in the home folder"
        )
    try:
        from rushes._journal.postgres.journal import PostgresJournal
    except ImportError as error:
        raise ConfigurationError(
            f"{named_by} names a PostgreSQL database, for which a library is missing "
            f"({error}); install it: pip install 'rushes[postgres]'"
        ) from error
    return PostgresJournal(address)
