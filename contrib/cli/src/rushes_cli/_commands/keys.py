"""`rushes keys`: API keys in the home folder, readable by their owner alone."""

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from rushes_cli._request.completion import installed_providers
from rushes_cli._request.providers import require_provider
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import home
from rushes_cli.options import complete_providers, json_option
from rushes_cli.terminal import json_text, one_line, print_line, stderr_line

if TYPE_CHECKING:
    from rushes.home import Keys


class _Secret(NamedTuple):
    """Where a secret may be, besides the store: in these variables; `usual` is what is asked for.

    Not asked for are the alternatives to a key, and what only whoever has a webhook needs.
    """

    variables: tuple[str, ...]
    usual: bool


@click.group()
def keys() -> None:
    """Store, list and remove API keys.

    A key in the environment (TOAPIS_API_KEY and so on) overrides one stored here.
    """


@keys.command("set", short_help="Store a key, typed at a hidden prompt or piped in.")
@click.argument("name", metavar="PROVIDER", shell_complete=complete_providers)
def set_key(name: str) -> None:
    """Store PROVIDER's key, typed at a hidden prompt or read from a pipe.

    A provider with several secrets has each stored under a name of its own: PROVIDER.SECRET. What
    its webhooks are signed with is PROVIDER.webhook_secret. A key is never an argument: everyone
    on the machine can see those.
    """
    provider = name.partition(".")[0]
    require_provider(provider)
    secrets = _secrets(provider)
    if name not in secrets:
        raise click.UsageError(
            f"{provider} has no key called {name!r}; store one of: {', '.join(secrets)}."
        )
    key = _read_key(name)
    if not key:
        raise click.UsageError("The key is empty; nothing is stored.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise click.UsageError(
            "The key contains white space, or control or accented characters; no key has these."
        )
    _keys().store(name, key)
    stderr_line(f"The key for {name} is stored.")
    for variable in secrets[name].variables:
        if os.environ.get(variable):
            stderr_line(f"{variable} is also set, and overrides it.")


@keys.command("list", short_help="List the keys, masked, and where each comes from.")
@json_option
def list_keys(as_json: bool) -> None:
    """List the keys, all but the last characters hidden, and where each comes from."""
    store = _keys()
    secrets = dict.fromkeys(store.stored(), _Secret((), usual=True))
    for provider in installed_providers():
        secrets |= _secrets(provider)
    rows = []
    for name in sorted(secrets):
        key, where = store.find(name, *secrets[name].variables) or (None, None)
        if key is None and not secrets[name].usual:
            continue
        rows.append({"provider": name, "key": key and mask_key(key), "from": where})
    if as_json:
        click.echo(json_text(rows))
        return
    width = max((len(one_line(row["provider"] or "")) for row in rows), default=0)
    for row in rows:
        name = row["provider"] or ""
        shown = one_line(name)
        hint = f"no key; set {' or '.join(secrets[name].variables)}, or: rushes keys set {shown}"
        text = f"{row['key']}  from {row['from']}" if row["key"] else hint
        print_line(text, bold=f"{shown:<{width}}  ")


@keys.command("remove")
@click.argument("name", metavar="PROVIDER", shell_complete=complete_providers)
def remove_key(name: str) -> None:
    """Remove PROVIDER's stored key, or the one stored as PROVIDER.SECRET."""
    from rushes import ConfigurationError

    store = _keys()
    if name not in store.stored():
        raise ConfigurationError(f"no key is stored for {name}")
    store.store(name, None)
    stderr_line(f"The key for {name} is removed.")
    removed = _secrets(name.partition(".")[0]).get(name)
    for variable in removed.variables if removed else ():
        if os.environ.get(variable):
            stderr_line(f"{variable} is still set, and is used.")


def _secrets(provider: str) -> dict[str, _Secret]:
    """Return the names under which a provider's secrets are stored.

    They are those of all its variants, as not every model takes each alternative; if none can be
    loaded, the provider has one key.
    """
    from rushes import ConfigurationError
    from rushes.variant import WEBHOOK_SECRETS, key_name, key_variable

    found: dict[str, _Secret] = {}
    registry = clients.make_registry()
    for one in registry.ids():
        if one.partition("/")[0] != provider:
            continue
        try:
            loaded = registry.get(one)
        except ConfigurationError:
            continue
        usual, *alternatives = loaded.variant.secrets
        if loaded.takes_webhook_secrets:
            alternatives.append(WEBHOOK_SECRETS)
        for names in (usual, *alternatives):
            for secret in names:
                variables: tuple[str, ...] = (key_variable(provider, secret),)
                declared = loaded.variant.variables.get(secret)
                if declared and not registry.lender(declared, one):
                    variables = (*variables, declared)
                name = key_name(provider, secret)
                if name not in found or names is usual:
                    found[name] = _Secret(variables, usual=names is usual)
    return found or {provider: _Secret((key_variable(provider),), usual=True)}


def mask_key(key: str) -> str:
    """Return the last characters of a key, enough to recognise it, if it is long enough."""
    return f"…{key[-4:]}" if len(key) >= 16 else "…"


def _read_key(provider: str) -> str:
    if sys.stdin is not None and not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    key: str = click.prompt(
        f"Key for {provider}", hide_input=True, err=True, default="", show_default=False
    )
    return key.strip()


def _keys() -> "Keys":
    from rushes.home import Environment, Keys

    return Keys({}, Environment(), home())
