"""`rushes variants`: what each variant can do."""

from typing import TYPE_CHECKING

import click

from rushes_cli._request.abilities import Ability, AbilityType, complete_abilities
from rushes_cli._request.providers import require_provider
from rushes_cli._runtime import clients
from rushes_cli.options import (
    complete_providers,
    complete_variants,
    json_option,
    number,
)
from rushes_cli.terminal import json_text, stderr_line

if TYPE_CHECKING:
    from rushes import Client, ConfigurationError, Variant

    from rushes_cli._output.overview import Overview


@click.command()
@click.argument("names", nargs=-1, metavar="[VARIANT]...", shell_complete=complete_variants)
@click.option(
    "--provider",
    "providers",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_providers,
    help="Only variants of this provider.  [repeatable]",
)
@click.option(
    "--can",
    "abilities",
    type=AbilityType(),
    metavar="ABILITY[=VALUE]",
    multiple=True,
    shell_complete=complete_abilities,
    help="Only variants that can do this: first-frame, seed, duration=10, resolution=4k and so "
    "on.  [repeatable]",
)
@click.option(
    "--max-price",
    type=number,
    metavar="USD",
    help="Only variants that cost at most this much per second, with all defaults.",
)
@click.option("--side-by-side", is_flag=True, help="Show every field, the variants in columns.")
@json_option
def variants(
    names: tuple[str, ...],
    providers: tuple[str, ...],
    abilities: tuple[Ability, ...],
    max_price: float | None,
    side_by_side: bool,
    as_json: bool,
) -> None:
    """Show what the variants can do: one line for each.

    For several VARIANTs, every field, side by side; for one, everything about it.
    """
    from rushes_cli._output import matrix, overview, variant_page

    broken: list[ConfigurationError] = []
    for name in providers:
        require_provider(name)
    with clients.make_client() as client:
        there = _named(client, names) if names else _working(client, providers, broken)
        found = [
            row
            for row in (overview.overview(client, variant) for variant in there)
            if _is_wanted(row, providers, abilities, max_price)
        ]
        if not there and not broken:
            client.registry.get("")  # raises, saying what to install
        if as_json:
            as_dict = variant_page.variant_dict
            click.echo(json_text([as_dict(client, row.variant, row.capabilities) for row in found]))
        elif len(names) == len(found) == 1:
            variant_page.print_page(client, found[0].variant)
        elif side_by_side or (names and found):
            matrix.print_matrix([(row.variant, row.capabilities) for row in found])
        elif found:
            overview.print_overview(found)
        elif there:
            several = f"None of {len(there)} variants can do all of this."
            stderr_line(several if len(there) > 1 else f"{there[0].id} cannot do all of this.")
    # One bad URL in the environment leaves out every variant of a provider: report it once.
    for message in dict.fromkeys(str(error) for error in broken):
        stderr_line(message, bold="Left out: ", colour="red")


def _is_wanted(
    row: "Overview",
    providers: tuple[str, ...],
    abilities: tuple[Ability, ...],
    max_price: float | None,
) -> bool:
    """Whether a variant has everything that was asked for; an unknown price is not low enough."""
    if providers and row.variant.provider not in providers:
        return False
    if not all(ability.met_by(row.capabilities) for ability in abilities):
        return False
    if max_price is None:
        return True
    price = row.usd_per_second
    return not row.ended and price is not None and price <= max_price


def _named(client: "Client", names: tuple[str, ...]) -> "list[Variant]":
    return [client.registry.get(name).variant for name in dict.fromkeys(names)]


def _working(
    client: "Client", providers: tuple[str, ...], broken: "list[ConfigurationError]"
) -> "list[Variant]":
    """Load the variants of some providers, or of all: those that can be loaded."""
    from rushes import ConfigurationError

    found = []
    for name in client.registry.ids():
        if providers and name.partition("/")[0] not in providers:
            continue
        try:
            found.append(client.registry.get(name).variant)
        except ConfigurationError as error:
            broken.append(error)
    return found
