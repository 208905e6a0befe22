"""Which variant is asked, and asking it; a client that only checks opens nothing."""

from typing import TYPE_CHECKING, Any

import click

from rushes_cli.asking import Asked

if TYPE_CHECKING:
    from rushes import Client, Report


def chosen(client: "Client", model: str | None) -> str:
    """Return the variant to use: the one named, or the only one there is."""
    if model is not None:
        return model
    installed = client.registry.ids()
    if len(installed) == 1:
        return installed[0]
    if not installed:
        client.registry.get("")  # raises, saying what to install
    raise click.UsageError("\n  ".join(["Say which variant with -m:", *installed]))


def check(client: "Client", variant: str, wanted: Asked) -> "Report":
    """Check what is asked for."""
    if wanted.native:
        return client.check_payload(variant, wanted.content)
    return client.check(variant, wanted.content)


def request_of(wanted: Asked) -> Any:
    """Return what a client takes: the request, or one with nothing but a native payload."""
    from rushes import Request

    return Request(extra=wanted.content) if wanted.native else wanted.content
