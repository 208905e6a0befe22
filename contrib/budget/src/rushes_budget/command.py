"""The subcommand `rushes budget`."""

import datetime
import difflib
import time
from typing import Any

import click
import msgspec
from rushes.plugins import VARIANTS, installed

from rushes_budget.budget import Budget
from rushes_budget.ledger import usd
from rushes_budget.limits import Limits, amount, read, write

__all__ = ["budget"]

REMOVED = -1.0
"""In place of an amount: the limit is to be removed."""


def _amount(text: str) -> float:
    """Read an amount in USD, or `none`."""
    if text == "none":
        return REMOVED
    try:
        return amount(text)
    except ValueError:
        message = f"{text!r} is not an amount in USD, like 20 or 0.5; none removes it."
        raise click.BadParameter(message) from None


def _provider(text: str) -> tuple[str, float]:
    """Read `toapis=5`."""
    provider, sign, given = text.partition("=")
    if not (provider and sign):
        raise click.BadParameter(f"{text!r} is not PROVIDER=USD, like toapis=5.")
    return provider, _amount(given)


@click.command()
@click.option("--run", type=_amount, metavar="USD", help="Limit for one run of a program.")
@click.option("--day", type=_amount, metavar="USD", help="Limit for a day.")
@click.option(
    "--provider",
    "providers",
    type=_provider,
    multiple=True,
    metavar="NAME=USD",
    help="Limit for a day at one provider.  [repeatable]",
)
@click.option(
    "--unknown-price",
    type=_amount,
    metavar="USD",
    help="What a job counts whose price is unknown; with none it is refused.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def budget(as_json: bool, **given: Any) -> None:
    """Show what is spent and left, or set limits: an amount in USD, or none.

    A limit in the environment beats one that is set here.
    """
    ours = Budget()
    if any(value is not None and value != () for value in given.values()):
        write(ours.folder, _changed(read(ours.folder), given))
    _settle(ours)
    now = time.time()
    limits, found = ours.limits(), ours.spent(now)
    for provider in limits.providers:
        _warn_of_stranger(provider)
    if as_json:
        rows = [
            {
                "limit": limit.name,
                "usd": limit.micros / 1e6,
                "spent": spent / 1e6,
                "left": max(limit.micros - spent, 0) / 1e6,
                "resets_at": limit.resets_at,
            }
            for limit, spent in found
            if limit.run is None
        ]
        shown = {"limits": limits, "spent": rows}
        click.echo(msgspec.json.encode(shown).decode())
        return
    if not limits.any:
        click.echo("Nothing is limited; `rushes budget --day 20` sets a limit of 20 USD per day.")
        return
    for limit, spent in found:
        if limit.run is not None:
            click.echo(f"per run: {usd(limit.micros)}")
            continue
        left = usd(max(limit.micros - spent, 0))
        then = datetime.datetime.fromtimestamp(limit.resets_at or now).astimezone()
        click.echo(
            f"{limit.name}: {usd(spent)} of {usd(limit.micros)} spent or reserved, {left} left "
            f"until {then:%Y-%m-%d %H:%M %Z}"
        )
    counts = limits.unknown_price
    click.echo(
        "a job whose price is unknown is refused"
        if counts is None
        else f"a job whose price is unknown counts {counts:.2f} USD"
    )


def _warn_of_stranger(provider: str) -> None:
    """Say on standard error that a limit limits nothing, if it is for no installed provider."""
    there = installed()
    entries = (*there.group(VARIANTS), *(one for one in there.left_out if one.group == VARIANTS))
    known = sorted({entry.name.partition(".")[0] for entry in entries})
    if provider not in known:
        near = difflib.get_close_matches(provider, known, n=1)
        hint = f" (nearest: {near[0]})" if near else ""
        click.echo(f"Note: no installed provider is called {provider!r}{hint}.", err=True)


def _changed(limits: Limits, given: dict[str, Any]) -> Limits:
    """Return limits with what is given now."""
    providers = limits.providers | dict(given.pop("providers"))
    values = msgspec.structs.asdict(limits)
    values |= {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in values.items() if value != REMOVED}
    kept["providers"] = {name: most for name, most in providers.items() if most != REMOVED}
    return Limits(**kept)


def _settle(ours: Budget) -> None:
    """Learn from the journal what became of today's jobs: a killed process told nobody."""
    open_ = ours.unsettled(time.time())
    if not open_:
        return
    import rushes

    with rushes.Client() as client:
        for reference in open_:
            try:
                ours.settle(client.task(reference))
            except rushes.UnknownTaskError:
                continue  # of another home, or of a client without a journal
