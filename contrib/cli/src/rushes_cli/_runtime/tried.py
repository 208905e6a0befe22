"""The file of `rushes try`: while its command runs, all clients know its plugins."""

from contextvars import ContextVar
from typing import Any, NamedTuple


class Tried(NamedTuple):
    """A file, as it was named; its plugins, and the ids of their variants."""

    file: str
    plugins: tuple[Any, ...]
    variants: tuple[str, ...]


tried: ContextVar[Tried | None] = ContextVar("tried", default=None)


def tried_plugins() -> tuple[Any, ...]:
    """Return the plugins in the file that is tried; empty if none is."""
    file = tried.get()
    return file.plugins if file else ()


def tried_variants() -> tuple[str, ...]:
    """Return the ids of the variants in the file that is tried; empty if none is."""
    file = tried.get()
    return file.variants if file else ()
