"""What is installed, and whether it works: every entry point of the four groups, each guarded."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from rushes_cli import clients
from rushes_cli.lazy import OURS, load_command


@dataclass(frozen=True)
class Plugin:
    """One entry point and how it fares; `problem` is None where it works."""

    group: str
    name: str
    distribution: str | None
    version: str | None
    problem: str | None

    @property
    def status(self) -> str:
        """One word for it."""
        return "broken" if self.problem else "ok"


def inventory() -> list[Plugin]:
    """Load every plugin; the reason why one is broken is told, not raised."""
    from rushes.registry import COMMANDS, OBSERVERS, VARIANTS, WRAPPERS, distinct

    found = []
    for group in (VARIANTS, WRAPPERS, OBSERVERS, COMMANDS):
        entries = distinct(entry_points(group=group))
        for entry in sorted(entries, key=lambda entry: entry.name):
            rivals = [other for other in entries if other.name == entry.name]
            found.append(
                Plugin(
                    group=group,
                    name=entry.name,
                    distribution=entry.dist.name if entry.dist else None,
                    version=entry.dist.version if entry.dist else None,
                    problem=_problem(_LOADERS[group], entry, rivals),
                )
            )
    return found


def _problem(
    load: Callable[[EntryPoint, list[EntryPoint]], object],
    entry: EntryPoint,
    rivals: list[EntryPoint],
) -> str | None:
    from rushes import RushesError

    try:
        load(entry, rivals)
    except RushesError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a plugin may break in ways that nobody foresaw
        return f"{type(error).__name__}: {error}"
    return None


def _variant(entry: EntryPoint, _rivals: list[EntryPoint]) -> None:
    from rushes import BrokenPluginError
    from rushes.trial import trial

    variant = entry.name.replace(".", "/", 1)
    registry = clients.make_client().registry
    if variant not in registry.ids():
        raise BrokenPluginError(f"{entry.name!r} is no name for a variant: 'provider.model' is one")
    trial(registry.get(variant))


def _wrapper(entry: EntryPoint, _rivals: list[EntryPoint]) -> None:
    from rushes.loading import described, fitting, import_in_time

    fitting(import_in_time(entry), described(entry))


def _observer(entry: EntryPoint, _rivals: list[EntryPoint]) -> None:
    from rushes.loading import import_in_time

    import_in_time(entry)


def _command(entry: EntryPoint, rivals: list[EntryPoint]) -> None:
    from rushes import BrokenPluginError

    if entry.name in OURS:
        raise BrokenPluginError(f"rushes has a command {entry.name!r} itself; that one is used")
    load_command(rivals)


_LOADERS = {
    "rushes": _variant,
    "rushes.wrappers": _wrapper,
    "rushes.observers": _observer,
    "rushes.commands": _command,
}
