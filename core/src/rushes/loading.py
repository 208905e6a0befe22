"""Loading one plugin so that a broken one is a sentence and not a crash."""

import threading
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from rushes import defaults, hookspecs
from rushes.errors import BrokenPluginError, RushesError
from rushes.problems import Note, Problem
from rushes.variant import SPEC, Variant

IMPORT_DEADLINE = 20.0
"""Seconds that a plugin's import may take before it counts as hanging."""


class LoadedVariant:
    """A variant's plugin with the wrappers around it: the one place its hooks are called."""

    def __init__(self, variant: Variant, manager: pluggy.PluginManager) -> None:
        self.variant = variant
        self._manager = manager

    def with_variant(self, variant: Variant) -> "LoadedVariant":
        """Return the same plugin under another declaration (another base URL)."""
        return LoadedVariant(variant, self._manager)

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call one hook; whatever it raises is the plugin's fault, and said so."""
        try:
            return getattr(self._manager.hook, hook)(variant=self.variant, **arguments)
        except RushesError:
            raise
        except Exception as error:
            message = f"{self.variant.id}: the hook {hook} raised {type(error).__name__}: {error}"
            raise BrokenPluginError(message) from error

    def judgements(self, payload: Any) -> list[Problem | Note]:
        """Return what the `validate` hooks find, the wrappers' included."""
        if not self._manager.hook.validate.get_hookimpls():
            return []
        return [item for found in self.call("validate", payload=payload) if found for item in found]


def import_in_time(entry: EntryPoint, deadline: float = IMPORT_DEADLINE) -> Any:
    """Import what an entry point names; raising, exiting or hanging becomes BrokenPluginError."""
    outcome: list[Any] = []

    def load() -> None:
        try:
            outcome.append((True, entry.load()))
        except BaseException as error:  # noqa: BLE001 - a plugin may even raise SystemExit
            outcome.append((False, error))

    thread = threading.Thread(target=load, name=f"rushes import {entry.name}", daemon=True)
    thread.start()
    thread.join(deadline)
    if not outcome:
        raise BrokenPluginError(
            f"{described(entry)}: its import did not end within {deadline:g} seconds"
        )
    loaded, value = outcome[0]
    if not loaded:
        raise BrokenPluginError(
            f"{described(entry)}: its import raised {type(value).__name__}: {value}"
        ) from value
    return value


def described(entry: EntryPoint) -> str:
    """Name an entry point and the distribution that brings it."""
    distribution = entry.dist.name if entry.dist else "an unknown distribution"
    return f"{entry.name} ({entry.value}, from {distribution})"


def build(plugin: Any, wrappers: list[Any], name: str) -> LoadedVariant:
    """Put a plugin and the wrappers into a manager of its own, and read the declaration."""
    manager = pluggy.PluginManager("rushes")
    manager.add_hookspecs(hookspecs)
    try:
        for part in (defaults, *wrappers, plugin):
            manager.register(part)
        manager.check_pending()
        declared = manager.subset_hook_caller("variant", wrappers)()
    except pluggy.PluginValidationError as error:
        raise BrokenPluginError(f"{name}: {error}") from error
    except Exception as error:
        raise BrokenPluginError(
            f"{name}: its declaration raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(declared, Variant):
        raise BrokenPluginError(f"{name}: its hook variant() returns no rushes.Variant")
    if declared.spec != SPEC:
        raise BrokenPluginError(
            f"{name}: it is written for version {declared.spec} of the hook specification; this "
            f"rushes speaks version {SPEC}; install releases that fit together"
        )
    return LoadedVariant(declared, manager)
