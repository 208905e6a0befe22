"""Loading one plugin, so that a broken one is an error message and not a crash."""

import inspect
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pluggy

from rushes import hookspecs
from rushes._payload.constraints import nearest
from rushes._plugins.calling import PLUGIN_ERRORS, LoadedVariant, Wrapper
from rushes._plugins.declaration import checked
from rushes._plugins.declared_answers import check_answers
from rushes._plugins.defaults import Defaults
from rushes._plugins.installed import distribution
from rushes._structs.type_info import ready
from rushes.errors import BrokenPluginError
from rushes.variant import SPEC, Variant

IMPORT_DEADLINE = 20.0
"""Seconds that a plugin's import may take before it counts as hanging."""

_SPECIFIED = [name for name in hookspecs.__all__ if name != "hookimpl"]
"""The names of all hooks."""


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
    """Return a wrapper whose hooks fit; else raise an error that begins with `name`.

    One without a hook is broken: it may have been meant to limit spending.
    """
    _manager((Wrapper(part, name),))
    return part


def check_observer(observer: Any, name: str) -> Any:
    """Return an observer that can be called; else raise an error that begins with `name`."""
    if not callable(observer):
        raise BrokenPluginError(
            f"{name}: it cannot be called; an observer is a function that takes a task, or an "
            "object with such a method __call__"
        )
    return observer


class _Manager(pluggy.PluginManager):
    """A manager that does not look for hooks in `__init__` and the like: that takes long."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return what an attribute is marked with, or None if it is not a hook."""
        return None if name.startswith("_") else super().parse_hookimpl_opts(plugin, name)


def _manager(wrappers: Iterable[Wrapper]) -> pluggy.PluginManager:
    manager = _Manager("rushes")
    manager.add_hookspecs(hookspecs)
    for part, name in wrappers:
        _register(manager, (part,), name)
        callers = manager.get_hookcallers(part) or ()
        if wrong := _unmarked(part, {hook.name for hook in callers if hook.has_spec()}):
            raise BrokenPluginError(f"{name}: {wrong}")
    return manager


def _unmarked(part: Any, hooks: set[str]) -> str | None:
    """Say which hook of a wrapper would never be called, and what to do; None if there is none.

    Beside a marked one, another function may have a hook's name by chance; but none that approves.
    """
    for hook in ("approve",) if hooks else _SPECIFIED:
        if hook not in hooks and callable(inspect.getattr_static(part, hook, None)):
            mark = "@hookimpl" if hook in ("approve", "validate") else "@hookimpl(wrapper=True)"
            none = "" if hooks else "it has no hook: "
            return (
                f"{none}its {hook} is not marked as a hook; write {mark} in the line above "
                f"`def {hook}`, and `from rushes import hookimpl`"
            )
    if hooks:
        return None
    return (
        "it has no hook; a wrapper is an object or a module with functions that are named after "
        "hooks, such as approve, and marked with @hookimpl"
    )


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
    for hook in declared.hooks:
        called = getattr(hook, "__name__", "")
        if called not in _SPECIFIED:
            near = nearest(called, _SPECIFIED) or _SPECIFIED
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


def _declared(manager: pluggy.PluginManager, wrappers: Sequence[Wrapper], name: str) -> Variant:
    """Return the declaration that a plugin's hook `variant` makes."""
    try:
        declared = manager.subset_hook_caller("variant", [part for part, _ in wrappers])()
    except PLUGIN_ERRORS as error:
        raise BrokenPluginError(
            f"{name}: its declaration raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(declared, Variant):
        raise BrokenPluginError(
            f"{name}: it is not a rushes.Variant, and has no hook variant() that returns one"
        )
    return declared


def build(plugin: Any, wrappers: Sequence[Wrapper], name: str) -> LoadedVariant:
    """Register a plugin and the wrappers in a manager of its own, and read the declaration."""
    manager = _manager(wrappers)
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
