"""What is installed: the entry points of every distribution, read so that a broken one is named.

`importlib.metadata.entry_points` reads them all or raises: one malformed file of whatever
distribution would keep every plugin out.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, NamedTuple

VARIANTS, WRAPPERS, OBSERVERS = "rushes", "rushes.wrappers", "rushes.observers"
COMMANDS = "rushes.commands"
_FILE = "entry_points.txt"


class Unreadable(NamedTuple):
    """A distribution whose entry points cannot be read; nothing of it is used.

    `may_wrap` says that it may bring a wrapper: its file names that group.
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

    Of two distributions of one name the first on the path counts, as it does for imports.
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
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, others go on
            reason = f"{type(error).__name__}: {error}"
            unreadable.append(Unreadable(name, reason, WRAPPERS.encode() in _content(found)))
            continue
        for entry in entries:
            if entry.group.partition(".")[0] == VARIANTS:
                known = groups.setdefault(entry.group, {})
                known.setdefault((entry.name, entry.value, name), entry)
    return Installed({name: list(found.values()) for name, found in groups.items()}, unreadable)


def distribution(entry: EntryPoint) -> str:
    """Name the distribution that brings an entry point, in the form that names are compared in."""
    return _name(entry.dist) if entry.dist else "an unknown distribution"


def version(entry: EntryPoint) -> str | None:
    """Return the version of the distribution that brings an entry point, where it says one."""
    try:
        return entry.dist.version if entry.dist else None
    except Exception:  # noqa: BLE001 - metadata may be missing, or no text
        return None


def normalized(name: str) -> str:
    """Return a distribution's name in the one form that names are compared in (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(found: Distribution) -> str:
    """Name a distribution by its folder: to read its metadata would take ten times as long."""
    folder = _folder(found)
    try:
        stem, dot, kind = folder.name.rpartition(".") if folder else ("", "", "")
        if dot and kind in ("dist-info", "egg-info"):
            return normalized(stem.partition("-")[0])
        return normalized(found.metadata["Name"])
    except Exception:  # noqa: BLE001 - metadata may be missing, or no text
        return f"a distribution without a name ({folder or found!r})"


def _entries(found: Distribution) -> list[EntryPoint]:
    entries = list(found.entry_points)
    folder = _folder(found)
    if not entries and folder:
        # A file that may not be opened counts as none there.
        with suppress(FileNotFoundError, NotADirectoryError, KeyError):
            folder.joinpath(_FILE).open("rb").close()
    return entries


def _content(found: Distribution) -> bytes:
    folder = _folder(found)
    try:
        return bytes(folder.joinpath(_FILE).read_bytes()) if folder else b""
    except Exception:  # noqa: BLE001 - this is what cannot be read
        return b""


def _folder(found: Distribution) -> Any:
    """Return where a distribution's metadata lies, a path of some kind; None where it is nowhere.

    No public name leads to it.
    """
    return getattr(found, "_path", None)
