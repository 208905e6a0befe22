"""Distributions that `rushes new-plugin` wrote, used without being installed by an installer."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from rushes_cli._template.answers import QUESTIONS, Answers

TEMPLATES = Path(__file__).parents[1] / "src" / "rushes_cli" / "_template" / "files"


def options(answers: Answers) -> list[str]:
    """Return what is given on the command line besides the provider."""
    return [
        word
        for question in QUESTIONS
        for word in (question.option, getattr(answers, question.name))
    ]


def findable(folder: Path) -> str:
    """Make a distribution findable as an installed one is; return the path that it needs."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    info = folder / "src" / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(folder / "src"), *([before] if before else [])])


def run_tests(folder: Path, *words: str, **environ: str) -> str:
    """Run a distribution's tests; return what pytest printed. Fails if they do."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": findable(folder), **environ},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
