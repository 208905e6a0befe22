"""How long a plugin's import takes, in a process that has imported nothing of it before."""

import subprocess
import sys

LIMIT = 0.1
"""Seconds that an import may take: whoever lists variants waits for that of each plugin."""
_TRIES = 5
_PROGRAM = """
import sys, time
from contextlib import suppress
from importlib import import_module
import rushes, rushes.plugins, rushes.vocabulary
for name in dir(rushes):
    with suppress(ImportError):
        getattr(rushes, name)
started = time.perf_counter()
import_module(sys.argv[1])
print(time.perf_counter() - started)
"""
"""What every plugin needs of rushes is imported before the clock is started; what takes an extra
that is not installed, no plugin needs."""


def import_seconds(module: str, limit: float = LIMIT) -> float:
    """Return the seconds that importing a module takes, at best.

    A busy machine makes an import slow, and nothing makes it fast: the shortest of several counts,
    and the first below `limit` is short enough. Raises ImportError, with the last line that was
    printed, if a new process cannot import it.
    """
    best = float("inf")
    for _ in range(_TRIES):
        command = [sys.executable, "-c", _PROGRAM, module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        try:
            seconds = float(done.stdout.split()[-1])
        except (ValueError, IndexError):
            printed = done.stderr.strip().splitlines() or [f"it exits with {done.returncode}"]
            raise ImportError(printed[-1]) from None
        best = min(best, seconds)
        if best <= limit:
            break
    return best
