"""Distributions that a test installs, into a folder of its own."""

import textwrap
from pathlib import Path

GOOD = """
import msgspec
from rushes import hookimpl
from acme_zoom import Zoom
class Own(Zoom):
    def __init__(self, name):
        self.declaration = msgspec.structs.replace(Zoom.declaration, id=name)
plugin = Own({id!r})
"""

WRAPPER = """
from rushes import hookimpl
class Wrapper:
    @hookimpl(wrapper=True)
    def submit(self, {argument}):
        call = yield
        print("wrapped")
        return call
plugin = Wrapper()
"""


class Site:
    """A folder on sys.path to which distributions are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, code: str, **groups: dict[str, str]) -> None:
        """Write a module and its distribution's metadata."""
        (self.folder / f"{name}.py").write_text(textwrap.dedent(code))
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            line
            for group, entries in groups.items()
            for line in (
                f"[{group.replace('_', '.')}]",
                *(f"{k} = {v}" for k, v in entries.items()),
            )
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install(site: Site, name: str, code: str, variant: str = "") -> str:
    """Install a distribution with one variant; return its id."""
    variant = variant or f"{name}/zoom"
    entry = variant.replace("/", ".", 1)
    site.install(name, code, rushes={entry: f"{name}:plugin"})
    return variant
