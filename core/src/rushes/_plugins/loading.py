"""Loading one plugin, so that a broken one is an error message and not a crash."""

import inspect
import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pluggy

from rushes import hookspecs
from rushes._payload.constraints import nearest
from rushes._plugins.calling import PLUGIN_ERRORS, LoadedVariant
from rushes._plugins.declaration import checked
from rushes._plugins.declared_answers import check_answers
from rushes._plugins.defaults import Defaults
from rushes._plugins.installed import distribution
from rushes._structs.type_info import ready
from rushes.errors import BrokenPluginError
from rushes.variant import SPEC, Variant

IMPORT_DEADLINE = 20.0
"""Seconds that a plugin's import may take before it counts as hanging."""


def import_in_time(entry: EntryPoint, deadline: float = IMPORT_DEADLINE) -> Any:
    """Import an entry point; raising, exiting or hanging becomes BrokenPluginError."""
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
            f"{describe_entry(entry)}: its import did not end within {deadline:g} seconds"
        )
    loaded, value = outcome[0]
    if not loaded:
        raise BrokenPluginError(
            f"{describe_entry(entry)}: its import raised {type(value).__name__}: {value}"
        ) from value
    return value


def describe_entry(entry: EntryPoint) -> str:
    """Name an entry point and its distribution."""
    return f"{entry.name} ({entry.value}, from {distribution(entry)})"


def check_hooks(part: Any, name: str) -> Any:
    """Return a plugin or wrapper whose hooks fit the specification."""
    _manager(name, (part,))
    return part


class _Manager(pluggy.PluginManager):
    """A manager that does not look for hooks in `__init__` and the like: that takes long."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return what an attribute is marked with, or None if it is not a hook."""
        return None if name.startswith("_") else super().parse_hookimpl_opts(plugin, name)


def _manager(name: str, parts: Iterable[Any]) -> pluggy.PluginManager:
    manager = _Manager("rushes")
    manager.add_hookspecs(hookspecs)
    _register(manager, parts, name)
    return manager


def _register(manager: pluggy.PluginManager, parts: Iterable[Any], name: str) -> None:
    """Add plugins to a manager; raises BrokenPluginError if their hooks do not fit."""
    try:
        for part in parts:
            manager.register(part)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise BrokenPluginError(f"{name}: {error}") from error
    except PLUGIN_ERRORS as error:  # reading its attributes may run its own code
        raise BrokenPluginError(f"{name}: {type(error).__name__}: {error}") from error
    for hook in vars(manager.hook).values():
        for implementation in hook.get_hookimpls():
            if _needs_an_instance(implementation):
                raise BrokenPluginError(
                    f"{name}: it is the class {implementation.plugin.__name__}, whose hooks are "
                    "methods; make an instance of it, and name that"
                )
            if inspect.iscoroutinefunction(implementation.function):
                raise BrokenPluginError(
                    f"{name}: its hook {hook.name} is an async function; hooks do no I/O, the "
                    "core awaits what they describe"
                )


def _hooks(declared: Variant, name: str) -> Iterator[Any]:
    """Yield a declaration's hooks as plugins: each function in a namespace of its own."""
    specified = [name for name in hookspecs.__all__ if name != "hookimpl"]
    for hook in declared.hooks:
        called = getattr(hook, "__name__", "")
        if called not in specified:
            near = nearest(called, specified) or specified
            raise BrokenPluginError(
                f"{name}: {hook!r} in `hooks` is not a hook (nearest: {near[0]!r})"
            )
        if not hasattr(hook, "rushes_impl"):
            raise BrokenPluginError(
                f"{name}: the function {called} in `hooks` is not marked with @hookimpl"
            )
        yield SimpleNamespace(**{called: hook})


def _needs_an_instance(implementation: pluggy.HookImpl) -> bool:
    """Whether a hook is a method of a class that was registered itself: it would lack its self."""
    owner, name = implementation.plugin, implementation.function.__name__
    return isinstance(owner, type) and inspect.isfunction(inspect.getattr_static(owner, name, None))


def _own_hooks(manager: pluggy.PluginManager, plugins: Iterable[Any]) -> set[str]:
    """Return the names of the hooks that a plugin has itself."""
    callers = [caller for plugin in plugins for caller in manager.get_hookcallers(plugin) or ()]
    return {caller.name for caller in callers}


def _declared(manager: pluggy.PluginManager, wrappers: list[Any], name: str) -> Variant:
    """Return the declaration that a plugin's hook `variant` makes."""
    try:
        declared = manager.subset_hook_caller("variant", wrappers)()
    except PLUGIN_ERRORS as error:
        raise BrokenPluginError(
            f"{name}: its declaration raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(declared, Variant):
        raise BrokenPluginError(
            f"{name}: it is not a rushes.Variant, and has no hook variant() that returns one"
        )
    return declared


def build(plugin: Any, wrappers: list[Any], name: str) -> LoadedVariant:
    """Register a plugin and the wrappers in a manager of its own, and read the declaration."""
    manager = _manager(name, wrappers)
    declared = plugin
    if not isinstance(plugin, Variant):
        _register(manager, (plugin,), name)
        declared = _declared(manager, wrappers, name)
    if declared.spec != SPEC:
        raise BrokenPluginError(
            f"{name}: it is written for version {declared.spec} of the hook specification; this "
            f"rushes supports version {SPEC}; install compatible releases, or if it is yours, see "
            "what changed in the documentation (docs/hook-specification.md)"
        )
    try:
        hooks = [*_hooks(declared, name)]
    except TypeError as error:
        raise BrokenPluginError(f"{name}: `hooks` is not a tuple of functions") from error
    _register(manager, hooks, name)
    try:
        ready(declared.payload)
    except Exception as error:
        message = f"{name}: msgspec cannot read its payload struct: {error}"
        raise BrokenPluginError(message) from error
    try:
        own = _own_hooks(manager, (plugin, *hooks))
        check_answers(declared, name, own)
        manager.register(Defaults(declared.answers))
        return LoadedVariant(checked(declared, name, own), manager, own, wrappers)
    except BrokenPluginError:
        raise
    except PLUGIN_ERRORS as error:
        raise BrokenPluginError(
            f"{name}: its declaration cannot be read ({type(error).__name__}: {error}); "
            "are its fields and rules of the declared types?"
        ) from error
