"""A provider's name on the command line."""

from difflib import get_close_matches

import click

from rushes_cli._request.completion import installed_providers


def require_provider(name: str) -> None:
    """Raise UsageError, with the nearest name or all, if no installed variant is at a provider."""
    installed = installed_providers()
    if name in installed:
        return
    near = get_close_matches(name, installed, n=1)
    raise click.UsageError(
        f"No installed provider is called {name!r}"
        + (f" (nearest: {near[0]})." if near else f" (installed: {', '.join(installed)}).")
    )
