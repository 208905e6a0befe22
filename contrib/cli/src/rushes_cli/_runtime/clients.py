"""The one place where clients are made. A client that only checks loads no HTTP library."""

from collections.abc import Iterable
from typing import Any

import rushes


def make_client(*, wrappers: Iterable[Any] = ()) -> "rushes.Client":
    """Make the client of a command that does one thing at a time."""
    return rushes.Client(wrappers=wrappers)


def make_async_client() -> "rushes.AsyncClient":
    """Make the client of a command that follows several tasks at once."""
    return rushes.AsyncClient()
