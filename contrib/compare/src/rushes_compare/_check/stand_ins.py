"""Stand-ins for providers on this machine, like a sandbox, are never mixed with real providers."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rushes import AsyncClient, Client, ConfigurationError
from rushes.urls import is_loopback

from rushes_compare.errors import FolderError
from rushes_compare.results import Cell, Results


def local_providers(client: Client | AsyncClient, variants: Iterable[str]) -> list[str]:
    """List the providers whose base URL is on this machine."""
    found = set()
    for name in variants:
        with suppress(ConfigurationError):
            if is_loopback(client.registry.get(name).variant.base_url):
                found.add(name.partition("/")[0])
    return sorted(found)


def require_same_endpoints(
    client: Client | AsyncClient, there: Results, pending: Iterable[Cell], folder: Path
) -> None:
    """Raise FolderError if a cell would go to a real provider after others went to a stand-in.

    Or the other way round. `there` is the comparison so far, `pending` the cells still to be run.
    """
    local = local_providers(client, there.variants)
    for cell in pending:
        provider = cell.variant.partition("/")[0]
        moved = cell.variant in there.variants and (provider in there.local) != (provider in local)
        if moved and cell.state == "planned":
            here, real = "a stand-in on this machine", "the real provider"
            was, now = (here, real) if provider in there.local else (real, here)
            raise FolderError(
                f"{folder} was started with {was} for {provider}, and its base URL now leads to "
                f"{now}; restore the base URL, or choose another folder. Nothing was sent"
            )
