"""What is installed, and whether it works: every entry point of the four groups."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from rushes_cli._plugins.commands import BUILT_IN, load_plugin_command
from rushes_cli._runtime import clients

if TYPE_CHECKING:
    from rushes.plugins import Registry


@dataclass(frozen=True)
class PluginEntry:
    """One entry point and its status; without a `group`, a distribution that cannot be read.

    `status` is `ok`, `broken`, or `untrusted` for a variant that does not get its provider's key;
    `problem` says why it is not ok.
    """

    group: str | None
    name: str
    distribution: str
    version: str | None
    status: str
    problem: str | None


def list_plugins() -> list[PluginEntry]:
    """Load every plugin; a broken one is returned with the reason, nothing is raised."""
    from rushes.plugins import COMMANDS, OBSERVERS, VARIANTS, WRAPPERS, distribution, version

    registry = clients.make_client().registry
    found = []
    for group in (VARIANTS, WRAPPERS, OBSERVERS, COMMANDS):
        entries = registry.installed.group(group)
        for entry in sorted(entries, key=lambda entry: entry.name):
            rivals = [other for other in entries if other.name == entry.name]
            status, problem = _state(_LOADERS[group], registry, entry, rivals)
            about = (group, entry.name, distribution(entry), version(entry))
            found.append(PluginEntry(*about, status, problem))
    for broken in registry.installed.unreadable:
        name = broken.distribution
        found.append(PluginEntry(None, name, name, None, "broken", str(broken)))
    return found


Loader = Callable[["Registry", EntryPoint, list[EntryPoint]], str | None]
"""Loads one entry point; raises if it is broken, returns why it is not trusted, or None."""


def _state(
    load: Loader, registry: "Registry", entry: EntryPoint, rivals: list[EntryPoint]
) -> tuple[str, str | None]:
    from rushes import RushesError
    from rushes.plugins import PLUGIN_ERRORS

    try:
        untrusted = load(registry, entry, rivals)
    except RushesError as error:
        return "broken", str(error)
    except PLUGIN_ERRORS as error:  # a plugin may break in unforeseen ways
        return "broken", f"{type(error).__name__}: {error}"
    return ("untrusted", untrusted) if untrusted else ("ok", None)


def _variant(registry: "Registry", entry: EntryPoint, _rivals: list[EntryPoint]) -> str | None:
    from rushes import BrokenPluginError
    from rushes.plugins import trial

    variant = entry.name.replace(".", "/", 1)
    if variant not in registry.ids():
        raise BrokenPluginError(
            f"{entry.name!r} is not a variant's name; it must be of the form 'provider.model'"
        )
    trial(registry.get(variant))
    return registry.why_no_key(variant)


def _wrapper(_registry: "Registry", entry: EntryPoint, _rivals: list[EntryPoint]) -> None:
    from rushes.plugins import check_hooks, describe_entry, import_in_time

    check_hooks(import_in_time(entry), describe_entry(entry))


def _observer(_registry: "Registry", entry: EntryPoint, _rivals: list[EntryPoint]) -> None:
    from rushes.plugins import import_in_time

    import_in_time(entry)


def _command(_registry: "Registry", entry: EntryPoint, rivals: list[EntryPoint]) -> None:
    from rushes import BrokenPluginError

    if entry.name in BUILT_IN:
        raise BrokenPluginError(
            f"rushes has a built-in command {entry.name!r}, which is used instead"
        )
    load_plugin_command(rivals)


_LOADERS: dict[str, Loader] = {
    "rushes": _variant,
    "rushes.wrappers": _wrapper,
    "rushes.observers": _observer,
    "rushes.commands": _command,
}
