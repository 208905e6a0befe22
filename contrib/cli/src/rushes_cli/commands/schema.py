"""`rushes schema`: a variant's native payload as JSON Schema."""

import click

from rushes_cli import clients, completing
from rushes_cli.terminal import json_text


@click.command()
@click.argument("variant", shell_complete=completing.variants)
def schema(variant: str) -> None:
    """Print the JSON Schema of a variant's native payload.

    What JSON Schema cannot say is listed in words under `x-rules`, and what only notes under
    `x-notes`.
    """
    import rushes

    loaded = clients.make_client().registry.get(variant)
    click.echo(json_text(rushes.json_schema(loaded.variant), indent=2))
