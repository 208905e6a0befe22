"""`rushes schema`: a variant's native payload as JSON Schema."""

import click

from rushes_cli._runtime import clients
from rushes_cli.options import complete_variants
from rushes_cli.terminal import json_text


@click.command()
@click.argument("variant", shell_complete=complete_variants)
def schema(variant: str) -> None:
    """Print the JSON Schema of a variant's native payload.

    Rules that JSON Schema cannot express are listed in words under `x-rules`, notes under
    `x-notes`.
    """
    import rushes

    loaded = clients.make_client().registry.get(variant)
    click.echo(json_text(rushes.json_schema(loaded.variant), indent=2))
