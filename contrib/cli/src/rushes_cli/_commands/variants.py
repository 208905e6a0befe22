"""`rushes variants`: what each variant can do."""

from typing import TYPE_CHECKING

import click

from rushes_cli._runtime import clients
from rushes_cli.options import complete_variants, json_option
from rushes_cli.terminal import json_text, stderr_line

if TYPE_CHECKING:
    from rushes import ConfigurationError, Variant
    from rushes.plugins import Registry


@click.command()
@click.argument("names", nargs=-1, metavar="[VARIANT]...", shell_complete=complete_variants)
@json_option
def variants(names: tuple[str, ...], as_json: bool) -> None:
    """Show what the variants can do, side by side; for one VARIANT, everything about it."""
    import rushes

    from rushes_cli._output import matrix, variant_page

    broken: list[ConfigurationError] = []
    registry = clients.make_client().registry
    if names:
        found = [registry.get(name).variant for name in dict.fromkeys(names)]
    else:
        found = _working(registry, broken)
    if as_json:
        click.echo(json_text([variant_page.variant_dict(variant) for variant in found]))
    elif len(found) == 1 and names:
        variant_page.print_page(found[0])
    elif found:
        matrix.print_matrix([(variant, rushes.capabilities(variant)) for variant in found])
    elif not broken:
        registry.get("")  # raises, saying what to install
    # One bad URL in the environment leaves out every variant of a provider: report it once.
    for message in dict.fromkeys(str(error) for error in broken):
        stderr_line(message, bold="Left out: ", colour="red")


def _working(registry: "Registry", broken: "list[ConfigurationError]") -> "list[Variant]":
    from rushes import ConfigurationError

    found = []
    for name in registry.ids():
        try:
            found.append(registry.get(name).variant)
        except ConfigurationError as error:
            broken.append(error)
    return found
