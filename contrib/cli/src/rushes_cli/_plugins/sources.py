"""Where a distribution comes from: its source folder, its tests, a digest of its code."""

import hashlib
import importlib.util
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.json import Decoder


class _DirectURL(Struct):
    """What an installer notes of a distribution that it was not told to find by name (PEP 610)."""

    url: str = ""


_decode = Decoder(_DirectURL).decode


def tests_folder(distribution: Distribution) -> Path | None:
    """Return the folder `tests` of the source that a distribution was installed from, if any.

    A distribution that came as a wheel has none: nobody ships tests in one.
    """
    try:
        noted = _decode(distribution.read_text("direct_url.json") or "{}")
    except (OSError, ValueError):
        return None
    parts = urlsplit(noted.url)
    if parts.scheme != "file":
        return None
    folder = Path(unquote(parts.path)) / "tests"
    return folder if folder.is_dir() else None


def digest(entries: list[EntryPoint]) -> str:
    """Return a digest of a distribution: its RECORD, and the source of what its entries name.

    RECORD has the digest of each installed file, but for an editable one only where its source is.
    """
    made = hashlib.sha256()
    if entries and entries[0].dist is not None:
        made.update((entries[0].dist.read_text("RECORD") or "").encode())
    for name in sorted({entry.module.partition(".")[0] for entry in entries}):
        for file in _files(name):
            made.update(f"\n{file.name}\n".encode())
            made.update(file.read_bytes())
    return made.hexdigest()


def _files(package: str) -> Iterator[Path]:
    """Yield the source files of a top-level package, which is not imported for that."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from sorted(Path(folder).rglob("*.py"))
    if not spec.submodule_search_locations and spec.origin:
        yield from (file for file in [Path(spec.origin)] if file.is_file())
