"""What is installed, and whether it works: every entry point of the four groups."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from rushes_cli._plugins.commands import BUILT_IN, load_plugin_command, plugin_commands
from rushes_cli._plugins.grades import grades_of
from rushes_cli._runtime import clients

if TYPE_CHECKING:
    from rushes.plugins import Registry


@dataclass(frozen=True)
class PluginEntry:
    """One entry point and its status; without a `group`, a distribution that cannot be read.

    `status` is `ok`, `broken`, or `untrusted` for a variant that does not get its provider's key;
    `problem` says why it is not ok. Of a variant that can be loaded, `hooks` are those that it has
    besides its declaration, `wrappers` the entry points that are called around them, and `grade`
    is the one that was computed for what is installed now.
    """

    group: str | None
    name: str
    distribution: str
    version: str | None
    status: str
    problem: str | None
    hooks: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    grade: str | None = None
    entry: EntryPoint | None = None


def list_plugins() -> list[PluginEntry]:
    """Load every plugin; a broken one is listed with the reason, and raises nothing."""
    from rushes.plugins import COMMANDS, OBSERVERS, VARIANTS, WRAPPERS, distribution, version

    registry = clients.make_client().registry
    found = []
    wrappers = tuple(sorted({entry.name for entry in registry.installed.group(WRAPPERS)}))
    graded = grades_of(registry.installed)
    for group in (VARIANTS, WRAPPERS, OBSERVERS, COMMANDS):
        entries = registry.installed.group(group)
        for entry in sorted(entries, key=lambda entry: entry.name):
            status, problem = _state(registry, group, entry)
            about = (group, entry.name, distribution(entry), version(entry), status, problem)
            if group == VARIANTS and status != "broken":
                variant = entry.name.replace(".", "/", 1)
                hooks, grade = registry.get(variant).hooks, graded.get(variant)
                found.append(PluginEntry(*about, hooks, wrappers, grade, entry))
            else:
                found.append(PluginEntry(*about, entry=entry))
    for broken in registry.installed.unreadable:
        name = broken.distribution
        found.append(PluginEntry(None, name, name, None, "broken", str(broken)))
    return found


def named(found: list[PluginEntry], name: str) -> list[PluginEntry]:
    """Return the entries of a provider, a variant, a distribution, or one entry by its own name.

    Raises ConfigurationError, with the nearest names, if there is none.
    """
    chosen = [plugin for plugin in found if name in _names(plugin)]
    if not chosen:
        from rushes import ConfigurationError

        known = sorted({one for plugin in found for one in _names(plugin)})
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        nearest = f" (nearest: {', '.join(near)})" if near else ""
        raise ConfigurationError(
            f"no plugin, provider or distribution {name!r} is installed{nearest}; "
            "`rushes plugins` lists them"
        )
    return chosen


def _names(plugin: PluginEntry) -> tuple[str, ...]:
    """Return the names that an entry goes by."""
    if plugin.group != "rushes":
        return plugin.distribution, plugin.name
    provider = plugin.name.partition(".")[0]
    return plugin.distribution, provider, plugin.name.replace(".", "/", 1)


def _state(registry: "Registry", group: str, entry: EntryPoint) -> tuple[str, str | None]:
    """Load one entry point; return its status, and why it is not ok."""
    from rushes import RushesError
    from rushes.plugins import PLUGIN_ERRORS

    try:
        untrusted = _LOADERS[group](registry, entry)
    except RushesError as error:
        return "broken", str(error)
    except PLUGIN_ERRORS as error:  # a plugin may break in unforeseen ways
        return "broken", f"{type(error).__name__}: {error}"
    return ("untrusted", untrusted) if untrusted else ("ok", None)


def _load_variant(registry: "Registry", entry: EntryPoint) -> str | None:
    from rushes import BrokenPluginError
    from rushes.plugins import trial

    variant = entry.name.replace(".", "/", 1)
    if variant not in registry.ids():
        raise BrokenPluginError(
            f"{entry.name!r} is not a variant's name; it must be of the form 'provider.model'"
        )
    trial(registry.get(variant))
    return registry.why_no_key(variant)


def _load_wrapper(_registry: "Registry", entry: EntryPoint) -> None:
    from rushes.plugins import check_hooks, describe_entry, import_in_time

    check_hooks(import_in_time(entry), describe_entry(entry))


def _load_observer(_registry: "Registry", entry: EntryPoint) -> None:
    from rushes.plugins import check_observer, describe_entry, import_in_time

    check_observer(import_in_time(entry), describe_entry(entry))


def _load_command(_registry: "Registry", entry: EntryPoint) -> None:
    from rushes import BrokenPluginError

    if entry.name in BUILT_IN:
        raise BrokenPluginError(
            f"rushes has a built-in command {entry.name!r}, which is used instead"
        )
    load_plugin_command(plugin_commands()[entry.name])


Loader = Callable[["Registry", EntryPoint], str | None]
"""Loads one entry point; raises if it is broken, returns why it is not trusted, or None."""

_LOADERS: dict[str, Loader] = {
    "rushes": _load_variant,
    "rushes.wrappers": _load_wrapper,
    "rushes.observers": _load_observer,
    "rushes.commands": _load_command,
}
