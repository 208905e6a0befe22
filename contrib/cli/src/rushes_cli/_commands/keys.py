"""`rushes keys`: API keys in the home folder, readable by their owner alone."""

import os
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rushes_cli._request.completion import installed_providers
from rushes_cli._runtime.home import home
from rushes_cli.options import complete_providers, json_option
from rushes_cli.terminal import json_text, one_line, print_line, stderr_line

if TYPE_CHECKING:
    from rushes.home import Keys


@click.group()
def keys() -> None:
    """Store, list and remove API keys.

    A key in the environment (TOAPIS_API_KEY and so on) overrides one stored here.
    """


@keys.command("set", short_help="Store a key, typed at a hidden prompt or piped in.")
@click.argument("provider", shell_complete=complete_providers)
def set_key(provider: str) -> None:
    """Store PROVIDER's key, typed at a hidden prompt or read from a pipe.

    A key is never an argument: everyone on the machine can see those.
    """
    from rushes.variant import key_variable

    known = installed_providers()
    if provider not in known:
        near = get_close_matches(provider, known, n=1)
        raise click.UsageError(
            f"No installed provider is called {provider!r}"
            + (f" (nearest: {near[0]})." if near else f" (installed: {', '.join(known)}).")
        )
    key = _read_key(provider)
    if not key:
        raise click.UsageError("The key is empty; nothing is stored.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise click.UsageError(
            "The key contains white space, or control or accented characters; no key has these."
        )
    _keys().store(provider, key)
    stderr_line(f"The key for {provider} is stored.")
    if os.environ.get(key_variable(provider)):
        stderr_line(f"{key_variable(provider)} is also set, and overrides it.")


@keys.command("list", short_help="List the keys, masked, and where each comes from.")
@json_option
def list_keys(as_json: bool) -> None:
    """List the keys, all but the last characters hidden, and where each comes from."""
    from rushes.variant import key_variable

    store = _keys()
    stored = store.stored()
    rows = []
    for provider in sorted({*installed_providers(), *stored}):
        found = store.find(provider, key_variable(provider))
        key, where = found or (None, None)
        rows.append({"provider": provider, "key": key and mask_key(key), "from": where})
    if as_json:
        click.echo(json_text(rows))
        return
    width = max((len(one_line(row["provider"] or "")) for row in rows), default=0)
    for row in rows:
        name = one_line(row["provider"] or "")
        hint = f"no key; set {key_variable(name)}, or: rushes keys set {name}"
        text = f"{row['key']}  from {row['from']}" if row["key"] else hint
        print_line(text, bold=f"{name:<{width}}  ")


@keys.command("remove")
@click.argument("provider", shell_complete=complete_providers)
def remove_key(provider: str) -> None:
    """Remove PROVIDER's stored key."""
    from rushes import ConfigurationError
    from rushes.variant import key_variable

    store = _keys()
    if provider not in store.stored():
        raise ConfigurationError(f"no key is stored for {provider}")
    store.store(provider, None)
    stderr_line(f"The key for {provider} is removed.")
    if os.environ.get(key_variable(provider)):
        stderr_line(f"{key_variable(provider)} is still set, and is used.")


def mask_key(key: str) -> str:
    """Return the end of a key, enough to tell it from another, if it is long enough."""
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
