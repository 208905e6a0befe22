"""Distributions that a test installs into a folder of its own, and programs that use them."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Self

import rushes

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

CHECK_AND_SUBMIT = """
import acme_zoom, rushes
client = rushes.Client(plugins=[acme_zoom.Zoom()], keys={"acme": "k"},
                       base_urls={"acme": "http://127.0.0.1:9"})
print(client.check("acme/zoom", rushes.Request("x")).valid)
try:
    client.submit("acme/zoom", rushes.Request("x"))
except rushes.BrokenPluginError as error:
    print(error)
print(client.tasks())
"""
"""A program that submits although a wrapper is broken: nothing listens at its address."""


class Site:
    """A folder on sys.path to which distributions are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, parent: Path) -> Self:
        """Create an empty folder for distributions, on no path yet."""
        folder = parent / "site"
        folder.mkdir()
        return cls(folder)

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

    def run(self, program: str) -> list[str]:
        """Run a program that sees these distributions; return the lines it prints."""
        tests, core = Path(__file__).parent, Path(rushes.__file__).parents[1]
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={
                "PYTHONPATH": f"{self.folder}:{tests}:{core}",
                "RUSHES_HOME": str(self.folder.parent / "home"),
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def install(site: Site, name: str, code: str, variant: str = "") -> str:
    """Install a distribution with one variant; return its id."""
    variant = variant or f"{name}/zoom"
    entry = variant.replace("/", ".", 1)
    site.install(name, code, rushes={entry: f"{name}:plugin"})
    return variant
