"""What is installed: the entry points of every distribution, read so that a broken one is named.

`importlib.metadata.entry_points` reads them all or raises: one malformed file of any distribution
would make every plugin unavailable.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, NamedTuple

from rushes.errors import ConfigurationError

VARIANTS, WRAPPERS, OBSERVERS = "rushes", "rushes.wrappers", "rushes.observers"
COMMANDS = "rushes.commands"
LIMIT = "RUSHES_LOAD_PLUGINS"
"""The environment variable: `toapis,rushes-budget`, distributions or providers."""
_BY_PROVIDER = (VARIANTS, "rushes.sandboxes", "rushes.validators")
"""The groups whose entry points are named after a provider, or begin with it and a dot."""
_FILE = "entry_points.txt"


class Unreadable(NamedTuple):
    """A distribution whose entry points cannot be read; none of them is used.

    `may_wrap` says that it may contain a wrapper: its file names that group.
    """

    distribution: str
    reason: str
    may_wrap: bool

    def __str__(self) -> str:
        return (
            f"{self.distribution}: its {_FILE} cannot be read ({self.reason}); "
            "reinstall or uninstall it"
        )


class Installed(NamedTuple):
    """Every entry point of ours, by group, and the distributions that could not be read.

    `left_out` are the entry points that the limit on what is loaded leaves out.
    """

    groups: Mapping[str, list[EntryPoint]]
    unreadable: list[Unreadable]
    left_out: tuple[EntryPoint, ...] = ()

    def group(self, name: str) -> list[EntryPoint]:
        """Return the entry points of one group."""
        return self.groups.get(name, [])


def installed(only: Iterable[str] | None = None) -> Installed:
    """Read the entry points of every distribution; nothing is imported.

    Of two distributions with the same name, the first on the path counts, as for imports. `only`
    limits them to those of some distributions, and to the variants of some providers; by default
    the environment variable RUSHES_LOAD_PLUGINS does. Raises ConfigurationError if one of these
    names is not installed.
    """
    chosen = _chosen(only)
    groups: dict[str, dict[tuple[str, str, str], EntryPoint]] = {}
    left_out: list[EntryPoint] = []
    unreadable: list[Unreadable] = []
    known: set[str] = set()
    seen: set[str] = set()
    for found in distributions():
        name = _name(found)
        if name in seen:
            continue
        seen.add(name)
        try:
            entries = [one for one in _entries(found) if _is_ours(one)]
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the others are used
            if chosen is None or name in chosen:
                known.add(name)
                reason = f"{type(error).__name__}: {error}"
                unreadable.append(Unreadable(name, reason, WRAPPERS.encode() in _content(found)))
            continue
        for entry in entries:
            names = {name, *_provider(entry)}
            known |= names
            if chosen is not None and not names & chosen:
                left_out.append(entry)
                continue
            entries_of_group = groups.setdefault(entry.group, {})
            entries_of_group.setdefault((entry.name, entry.value, name), entry)
    if unknown := (chosen or set()) - known:
        raise ConfigurationError(_unknown(unknown, known, only is None))
    by_group = {name: list(found.values()) for name, found in groups.items()}
    return Installed(by_group, unreadable, tuple(left_out))


def _chosen(only: Iterable[str] | None) -> set[str] | None:
    """Return the names of what is to be loaded, or None if that is everything."""
    if only is None:
        if LIMIT not in os.environ:
            return None
        only = os.environ[LIMIT].split(",")
    names = [only] if isinstance(only, str) else only
    return {normalized(name.strip()) for name in names if name.strip()}


def _is_ours(entry: EntryPoint) -> bool:
    return entry.group.partition(".")[0] == VARIANTS


def _provider(entry: EntryPoint) -> set[str]:
    """Return the provider that an entry point is for, if it is for one: `any` is for all."""
    named = entry.group in _BY_PROVIDER and entry.name != "any"
    return {entry.name.partition(".")[0]} if named else set()


def _unknown(unknown: set[str], known: set[str], by_variable: bool) -> str:
    where = LIMIT if by_variable else "the argument load_plugins"
    words = []
    for name in sorted(unknown):
        near = difflib.get_close_matches(name, sorted(known), n=1)
        words.append(f"{name!r}{f' (nearest: {near[0]})' if near else ''}")
    return (
        f"{where} names {', '.join(words)}, which is neither an installed distribution with "
        f"plugins nor one of their providers (accepted: {', '.join(sorted(known))})"
    )


def distribution(entry: EntryPoint) -> str:
    """Name the distribution of an entry point, normalized for comparison."""
    return _name(entry.dist) if entry.dist else "an unknown distribution"


def version(entry: EntryPoint) -> str | None:
    """Return the version of an entry point's distribution, if known."""
    try:
        return entry.dist.version if entry.dist else None
    except Exception:  # noqa: BLE001 - metadata may be missing, or no text
        return None


def normalized(name: str) -> str:
    """Return a distribution's name, normalized for comparison (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(found: Distribution) -> str:
    """Name a distribution by its folder: reading its metadata would take ten times as long."""
    folder = _folder(found)
    try:
        stem, dot, kind = folder.name.rpartition(".") if folder else ("", "", "")
        if dot and kind in ("dist-info", "egg-info"):
            return normalized(stem.partition("-")[0])
        return normalized(found.metadata["Name"])
    except Exception:  # noqa: BLE001 - metadata may be missing, or no text
        return f"a distribution without a name ({folder or found!r})"


_kept: dict[tuple[Any, ...], list[EntryPoint]] = {}
"""What was read of each file, by its path and state: every client asks for all of them."""


def _entries(found: Distribution) -> list[EntryPoint]:
    folder = _folder(found)
    try:
        now = os.stat(os.path.join(folder, _FILE))  # noqa: PTH116, PTH118 - pathlib takes longer
    except FileNotFoundError:
        return []
    except (OSError, TypeError, ValueError):  # it cannot be looked at, or is in an archive
        return _read(found, folder)
    state = str(folder), now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino
    if state not in _kept:
        _kept[state] = _read(found, folder)
    return _kept[state]


def _read(found: Distribution, folder: Any) -> list[EntryPoint]:
    entries = list(found.entry_points)
    if not entries and folder:
        # There, a file that may not be opened counts as missing.
        with suppress(FileNotFoundError, NotADirectoryError, KeyError):
            folder.joinpath(_FILE).open("rb").close()
    return entries


def _content(found: Distribution) -> bytes:
    folder = _folder(found)
    try:
        return bytes(folder.joinpath(_FILE).read_bytes()) if folder else b""
    except Exception:  # noqa: BLE001 - this is the file that cannot be read
        return b""


def _folder(found: Distribution) -> Any:
    """Return the folder of a distribution's metadata, a path of some kind; None if there is none.

    There is no public name for it.
    """
    return getattr(found, "_path", None)
