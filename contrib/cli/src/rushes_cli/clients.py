"""The one place where clients are made; one that only checks needs no HTTP and no event loop."""

import rushes


def make_client() -> "rushes.Client":
    """Make the client of a command that does one thing after the other."""
    return rushes.Client()


def make_async_client() -> "rushes.AsyncClient":
    """Make the client of a command that follows many tasks at once."""
    return rushes.AsyncClient()
