"""The grades of plugins that were computed on this machine, kept in the home folder.

A grade holds for what was graded: a distribution's version and code, and the version of rushes,
which brings the kit. Of anything else nothing is known.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from rushes_cli._plugins.sources import digest
from rushes_cli._runtime.home import home

if TYPE_CHECKING:
    from rushes.plugins import Installed

_MOST = 16 * 1024 * 1024
"""Bytes of the file that are read."""
LEVELS = ("none", "bronze", "silver", "gold")
"""The grades, in rising order; each requires what the one before it does, and more."""


class Check(Struct, frozen=True):
    """One requirement of a grade: its name, whether it is met, and what was found."""

    level: str
    name: str
    passed: bool
    words: str


class Grade(Struct, frozen=True):
    """A variant's grade, when it was computed, and what it was computed from."""

    variant: str
    date: str
    checks: tuple[Check, ...]

    @property
    def level(self) -> str:
        """The highest level that is met completely, with all below it."""
        reached = LEVELS[0]
        for level in LEVELS[1:]:
            checks = [check.passed for check in self.checks if check.level == level]
            if not checks or not all(checks):
                break
            reached = level
        return reached


class Identity(Struct, frozen=True):
    """What was graded: a distribution's version and code, and the version of rushes."""

    version: str | None
    digest: str
    rushes: str


class _Kept(Struct):
    identity: Identity
    grades: dict[str, Grade]


_decode = msgspec.json.Decoder(dict[str, _Kept]).decode


def identity_of(entries: list[EntryPoint]) -> Identity:
    """Identify what is installed of a distribution, by its entry points."""
    import rushes
    from rushes.plugins import version

    return Identity(version(entries[0]), digest(entries), rushes.__version__)


def grades_of(installed: "Installed") -> dict[str, str]:
    """Return the level of each variant that was graded as it is installed now."""
    from rushes.plugins import VARIANTS

    kept = _read()
    found: dict[str, str] = {}
    for name, entries in by_distribution(installed, VARIANTS).items():
        if name in kept and kept[name].identity == identity_of(entries):
            found |= {variant: grade.level for variant, grade in kept[name].grades.items()}
    return found


def by_distribution(installed: "Installed", group: str) -> dict[str, list[EntryPoint]]:
    """Return the entry points of a group by their distribution."""
    from rushes.plugins import distribution

    found: dict[str, list[EntryPoint]] = {}
    for entry in installed.group(group):
        found.setdefault(distribution(entry), []).append(entry)
    return found


def keep(distribution: str, identity: Identity, grades: Mapping[str, Grade]) -> None:
    """Keep the grades of a distribution's variants, beside those that still hold."""
    from rushes.files import replacing

    kept = _read()
    before = kept.get(distribution)
    same = before.grades if before is not None and before.identity == identity else {}
    kept[distribution] = _Kept(identity, {**same, **grades})
    path = home() / "grades.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))


def _read() -> dict[str, _Kept]:
    """Return what is kept; a file that cannot be read is as good as none: it is made again."""
    from rushes.files import read_regular

    try:
        return _decode(read_regular(home() / "grades.json", _MOST))
    except (OSError, ValueError):
        return {}
