"""Running the command: in this process, or as a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click.testing
from rushes_cli._app.root import cli

COMMAND = [sys.executable, "-c", "from rushes_cli.main import main; main()"]


class Run:
    """How a run ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def inside(*args: str, stdin: str | bytes | None = None) -> Run:
    """Run the command in this process."""
    result = click.testing.CliRunner().invoke(cli, args, input=stdin)
    return Run(result.exit_code, result.stdout, result.stderr)


def outside(*args: str, stdin: bytes = b"", **env: str) -> Run:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [*COMMAND, *args],
        input=stdin,
        capture_output=True,
        env={**os.environ, **env},
        timeout=300,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def started(*args: str, when: str) -> tuple[subprocess.Popen[str], str]:
    """Run the command as a process of its own, until standard error says `when`."""
    process = subprocess.Popen(
        [*COMMAND, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    printed = ""
    while when not in printed:
        line = process.stderr.readline()
        assert line, f"it ended without printing {when!r}: {printed}"
        printed += line
    return process, printed


def interrupted(*args: str, when: str) -> Run:
    """Run the command as a process of its own; Ctrl-C once standard error says `when`."""
    process, printed = started(*args, when=when)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return Run(process.returncode, out, printed + err)


def distribution(folder: Path, name: str, entry_points: str, **modules: str) -> None:
    """Install a distribution into a folder: what PYTHONPATH needs to find its entry points."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
