"""What a job consists of: calls of functions by part, CPU by thread, what the journal executes.

The jobs, the provider and the environment of the peers are those of `jobs.py`.
Usage: python benchmarks/job_parts.py [--write]
"""

import json
import subprocess
import sys
from typing import Any

from jobs import HERE, cores, installed_peers, peers_python, provider
from performance_page import print_section

PROFILED = 300
"""Jobs under the profiler, on a loop all at once; what is counted hardly depends on it."""
CROWD = 1000
"""Jobs at once for CPU and commits, which do."""
IN_THREADS = 500
"""Jobs in threads, where their waits are counted."""
ON_A_LOOP = {
    "transport": "by hand on rushes' transport",
    "rushes-unrecorded": "rushes without a journal",
    "rushes": "rushes",
}
FOR_THREADS = {
    "genblaze-threads": "genblaze, its provider on `http.client`",
    "rushes-unrecorded-threads": "rushes, `Client` without a journal",
    "rushes-threads": "rushes, `Client`",
}

Parts = dict[str, list[float]]
"""For each part of a job: calls of Python's functions, of C's, seconds of CPU."""


def run(what: str, name: str, jobs: int) -> Any:
    """Run one subject in a process of its own; return what it found."""
    for_provider, for_subject = cores()
    python = str(peers_python()) if name.startswith("genblaze") else sys.executable
    with provider(for_provider) as (address, _):
        command = [python, str(HERE / "parts.py"), what, name, address, str(jobs)]
        done = subprocess.run(
            [*command, str(for_subject)], capture_output=True, text=True, timeout=900
        )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def whole(parts: Parts, kind: int) -> float:
    return sum(part[kind] for part in parts.values())


def parts_table(profiles: dict[str, Parts]) -> list[str]:
    """Return the table of the parts of jobs on an event loop."""

    def cell(parts: Parts, name: str) -> str:
        calls, _, seconds = parts[name]
        return f"{calls:.0f}, {seconds / whole(parts, 2):.0%}" if calls >= 0.5 else "-"

    return [
        row("calls per job, share of CPU", *ON_A_LOOP.values()),
        "|---" * (1 + len(ON_A_LOOP)) + "|",
        *(
            row(name, *(cell(parts, name) for parts in profiles.values()))
            for name in profiles["rushes"]
        ),
        row("all", *(f"{whole(parts, 0):,.0f}" for parts in profiles.values())),
        row("functions in C, all", *(f"{whole(parts, 1):,.0f}" for parts in profiles.values())),
    ]


def threads_table() -> list[str]:
    """Return the table of the CPU of threads."""
    lines = [
        row(f"CPU ms per job, {CROWD:,} at once", "the loop's thread", "other threads"),
        "|---|---|---|",
    ]
    for name, words in ON_A_LOOP.items():
        found = run("threads", name, CROWD)
        lines.append(row(words, f"{1000 * found['first']:.2f}", f"{1000 * found['others']:.2f}"))
    return lines


def in_threads_table() -> list[str]:
    """Return the table of jobs in threads."""
    lines = [
        row(
            "per job",
            "calls of Python's functions",
            "of C's",
            f"waits of a thread, {IN_THREADS} jobs in 50 threads",
        ),
        "|---|---|---|---|",
    ]
    for name, words in FOR_THREADS.items():
        parts = run("profile", name, PROFILED)["parts"]
        crowd = run("stops", name, IN_THREADS)
        calls = (f"{whole(parts, kind):,.0f}" for kind in (0, 1))
        lines.append(row(words, *calls, f"{crowd['stops']:.0f}"))
    return lines


def section() -> str:
    """Measure everything; return the section of the page."""
    if missing := installed_peers():
        sys.exit("\n".join(missing.values()))
    found = {name: run("profile", name, PROFILED) for name in ON_A_LOOP}
    profiles, most = {name: one["parts"] for name, one in found.items()}, found["rushes"]["most"]
    journal, poll = run("statements", "rushes", CROWD), run("poll", "rushes", 0)
    new = run("connection", "rushes", 0)
    steps = ", ".join(f"{name} {micros:.1f}" for name, micros in poll.items())
    before = f"""## The parts of a job

The jobs of the section above under a profiler, {PROFILED} at once: calls of Python's functions for
each job, each time that a generator goes on counted, and the share of the CPU. What is written in C
counts where it is called. A profiler makes calls look dearer than they are. Calls of `Client` are
counted in one thread, one job after another.
"""
    after = f"""
No function of ours takes more than {most:.1%} of the loop's thread, with the functions in C that it
calls. The journal executes {journal["statements"]:.0f} statements for each of {CROWD:,} jobs at
once, and makes {journal["commits"]:.2f} commits, each for all that was asked while the one before
was under way. To make the call of a poll takes {sum(poll.values()):.0f} µs:
{steps}.

All of it is over plain HTTP, to an address. A new connection to a real provider, one for each
submit, takes more: {new["name"] / 1000:.2f} ms to look its name up, in a thread of its own, and
{new["tls"] / 1000:.2f} ms for the client's side of the handshake, which is OpenSSL's.

Made by `python benchmarks/job_parts.py --write`.
"""
    tables = [*parts_table(profiles), "", *threads_table(), "", *in_threads_table()]
    return "\n".join((before, *tables, after))


if __name__ == "__main__":
    print_section(__doc__, section)
