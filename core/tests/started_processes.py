"""Processes that a test of a journal starts, and talks to line by line."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "journal_processes.py"


class Processes:
    """Starts processes that use a journal, and leaves none running."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start `journal_processes.py` with these arguments."""
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill every process that is still running."""
        for process in self._started:
            process.kill()
            process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line that a process writes, without its end."""
    assert process.stdout
    return process.stdout.readline().rstrip("\n")
