"""Run one faulty job in a separate process; print how much more memory it took than a good one.

`python -m faults.memory_child PROVIDER CLIENT BASE_URL FOLDER IMAGE`; the key is in KEY. It makes
one video without any fault, prints a line, and continues when it receives one: the fault is
injected in between.
"""

import functools
import json
import os
import resource
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rushes import Image, RushesError, Timeouts

from faults.client_driver import ClientDriver
from faults.films import VARIANTS
from faults.providers import PROVIDERS

STATUS = Path("/proc/self/status")


def megabytes(line: str) -> float:
    """Read a line of the process's status in megabytes."""
    found = next(row for row in STATUS.read_text().splitlines() if row.startswith(line))
    return int(found.split()[1]) / 1024


def begin() -> float:
    """Return the memory in use, and have the system reset the peak.

    The peak that `getrusage` reports starts with that of the parent process;
    https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html describes the reset.
    """
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")
        return megabytes("VmRSS:")
    return peak()


def peak() -> float:
    """Return the most memory used since `begin`, in megabytes."""
    if STATUS.exists():
        return megabytes("VmHWM:")
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(provider: str, kind: str, base_url: str, folder: str, image: str) -> None:
    """Make one video without a fault, and one with it."""
    # A context for each client would count as memory of the job.
    vars(httpx)["create_ssl_context"] = functools.cache(httpx.create_ssl_context)
    images = [Image(image, role="first_frame")] if image else []
    request = msgspec.structs.replace(PROVIDERS[provider].request, images=images)
    settings: dict[str, Any] = {"keys": {provider: os.environ["KEY"]}, "home": Path(folder)}
    settings["base_urls"] = {provider: base_url}
    film = Path(folder, "film.mp4")
    with closing(ClientDriver(kind, **settings)) as driver:
        driver.call("generate", VARIANTS[provider], request, output=film)
    short = Timeouts(submit=2, poll=1, upload=1, download=1)
    driver = ClientDriver(kind, timeouts=short, **settings)
    before = begin()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    error = ""
    try:
        driver.call("generate", VARIANTS[provider], request, output=film)
    except RushesError as failure:
        error = type(failure).__name__
    driver.close()
    sys.stdout.write(json.dumps({"error": error, "growth": peak() - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
