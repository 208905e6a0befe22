"""A disk that is full and then has room: a small file system in memory, or a file size limit."""

import contextlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path


def _mount(options: str, folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], None] | None]:
    """Mount a small disk on a folder; yield a function that enlarges it, or None if not permitted.

    The folder's own content is hidden meanwhile.
    """
    if not _mount(f"size={kilobytes}k", folder):
        yield None
        return
    try:
        yield lambda: None if _mount("remount,size=64m", folder) else _fail()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=True)


def _fail() -> None:
    raise AssertionError("the small disk cannot be made larger")


@contextlib.contextmanager
def file_size_limit(kilobytes: int) -> Iterator[None]:
    """Have the system refuse this process to write beyond a file size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
