"""What is installed: the entry points of every distribution, read so that a broken one is named.

`importlib.metadata.entry_points` reads them all or raises: one malformed file of any distribution
would make every plugin unavailable.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, NamedTuple

VARIANTS, WRAPPERS, OBSERVERS = "rushes", "rushes.wrappers", "rushes.observers"
COMMANDS = "rushes.commands"
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
    """Every entry point of ours, by group, and the distributions that could not be read."""

    groups: Mapping[str, list[EntryPoint]]
    unreadable: list[Unreadable]

    def group(self, name: str) -> list[EntryPoint]:
        """Return the entry points of one group."""
        return self.groups.get(name, [])


def installed() -> Installed:
    """Read the entry points of every distribution; nothing is imported.

    Of two distributions with the same name, the first on the path counts, as for imports.
    """
    groups: dict[str, dict[tuple[str, str, str], EntryPoint]] = {}
    unreadable: list[Unreadable] = []
    seen: set[str] = set()
    for found in distributions():
        name = _name(found)
        if name in seen:
            continue
        seen.add(name)
        try:
            entries = _entries(found)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the others are used
            reason = f"{type(error).__name__}: {error}"
            unreadable.append(Unreadable(name, reason, WRAPPERS.encode() in _content(found)))
            continue
        for entry in entries:
            if entry.group.partition(".")[0] == VARIANTS:
                entries_of_group = groups.setdefault(entry.group, {})
                entries_of_group.setdefault((entry.name, entry.value, name), entry)
    return Installed({name: list(found.values()) for name, found in groups.items()}, unreadable)


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
