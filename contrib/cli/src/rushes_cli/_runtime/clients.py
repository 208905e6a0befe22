"""The one place where clients are made. A client that only checks loads no HTTP library."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import rushes

from rushes_cli._runtime.tried import tried_plugins

if TYPE_CHECKING:
    from rushes.plugins import Registry


def make_client(*, wrappers: Iterable[Any] = ()) -> "rushes.Client":
    """Make the client of a command that does one thing at a time."""
    return rushes.Client(wrappers=wrappers, plugins=tried_plugins())


def make_async_client() -> "rushes.AsyncClient":
    """Make the client of a command that follows several tasks at once."""
    return rushes.AsyncClient(plugins=tried_plugins())


def make_registry() -> "Registry":
    """Return the registry of the variants that those clients know."""
    from rushes.plugins import Registry

    return Registry(tried_plugins())
