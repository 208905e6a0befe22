"""Whether another process of this machine has provably ended."""

import functools
import os
import platform
import sys
import uuid
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@functools.cache
def machine() -> str:
    """Name the scope in which a process id is unique.

    On Linux that is a pid namespace since the machine was started: containers number their
    processes separately (man 7 pid_namespaces). Elsewhere it is the machine.
    """
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def restarted_since(place: str) -> bool:
    """Whether a place on this machine dates from before its restart, or is on another machine."""
    return sys.platform == "linux" and place.split()[0] != machine().split()[0]


def process_ended(place: str, pid: int) -> bool:
    """Whether a process has provably ended; one that is not visible from here may be alive."""
    if place != machine() or sys.platform == "win32":  # there, signal 0 is Ctrl-C
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it belongs to another user, so it exists
    return _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process is a zombie or dead (man 5 proc)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] in (["Z"], ["X"])
