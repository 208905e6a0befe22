"""What a job costs, beside what it costs elsewhere, in one run.

A job is a submit and four polls of a provider that costs nothing. Each subject runs in a fresh
process on a core of its own, the provider on another; all take turns, round after round. The peers
have an environment of their own, in `.nox/jobs`, made when it is first needed.
Usage: python benchmarks/jobs.py [--rounds N] [--jobs N ...] [--only SUBJECT ...] [--write]
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from performance_page import WRITE, write_section

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent / "job"
ENVIRONMENT = ROOT / ".nox" / "jobs"
PEERS = {
    "aiohttp": "aiohttp==3.14.5",
    "httpx": "httpx==0.28.1",
    "httpx-aiohttp": "httpx-aiohttp==0.2.0",
    "httpx2": "httpx2==2.16.2",
    "pyreqwest": "pyreqwest==0.15.1",
    "genblaze": "genblaze-core==0.3.8",
    "openai": "openai==2.54.0",
    "litellm": "litellm==1.106.2",
}
BASE = "genblaze"
"""The subject that the others are compared with."""

# name: what it is in words, and the peer that it needs
SUBJECTS: dict[str, tuple[str, str | None]] = {
    "bare": ("by hand on a bare asyncio protocol", None),
    "aiohttp": ("by hand on aiohttp", "aiohttp"),
    "genblaze": ("genblaze, its provider on `http.client`", "genblaze"),
    "genblaze-httpx": ("genblaze, its provider on httpx", "genblaze"),
    "transport": ("by hand on rushes' transport (private)", None),
    "openai": ("openai, `videos.create_and_poll`", "openai"),
    "litellm": ("litellm, `avideo_generation`, `avideo_status`", "litellm"),
    "rushes-unrecorded": ("**rushes without a journal**", None),
    "rushes": ("**rushes**", None),
    "rushes-httpcore": ("rushes without httptools", None),
}
IN_THREADS: dict[str, tuple[str, str | None]] = {
    "genblaze-threads": ("genblaze, `invoke`, its provider on `http.client`", "genblaze"),
    "openai-threads": ("openai, `videos.create_and_poll`", "openai"),
    "rushes-unrecorded-threads": ("**rushes, `Client` without a journal**", None),
    "rushes-threads": ("**rushes, `Client`**", None),
}
TRANSPORTS: dict[str, tuple[str, str | None]] = {
    "transport": ("rushes' own, private; with httptools", None),
    "transport-httpcore": ("the same without httptools, on httpcore without its pool", None),
    "aiohttp": ("aiohttp", "aiohttp"),
    "httpx-aiohttp": ("httpx, carried by aiohttp (httpx-aiohttp)", "httpx-aiohttp"),
    "httpx2": ("httpx2", "httpx2"),
    "httpcore": ("httpcore with its pool", "httpx"),
    "httpx": ("httpx", "httpx"),
    "pyreqwest": ("pyreqwest, in Rust", "pyreqwest"),
}
"""What could carry our calls, each in a loop by hand; a table of its own, at one size."""
LARGE = 2000
"""From so many jobs on, subjects that make the run last too long are left out."""
TOO_SLOW = ("genblaze-httpx", "openai", "litellm", "rushes-httpcore")

Figures = dict[tuple[str, str, int], list[float]]
"""Each figure of each round: by subject, by what it says, by the number of jobs at once."""


def installed_peers() -> dict[str, str]:
    """Install the peers, and return why one cannot be, by name."""
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    record = ENVIRONMENT / "peers.json"
    if record.is_file() and json.loads(record.read_text()) == PEERS:
        return {}
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(ENVIRONMENT)], check=True)
    missing = {}
    for name, requirement in PEERS.items():
        command = [uv, "pip", "install", "-q", "--python", str(peers_python()), requirement]
        done = subprocess.run([*command, "--compile-bytecode"], capture_output=True, text=True)
        if done.returncode:
            missing[name] = f"{requirement} cannot be installed"
            print(done.stderr, file=sys.stderr)
    if not missing:
        record.write_text(json.dumps(PEERS))
    return missing


def peers_python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def cores() -> tuple[int, int]:
    """Return the core of the provider and that of the subject."""
    free = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 1]
    return free[0], free[-1]


@contextlib.contextmanager
def provider(core: int) -> Iterator[tuple[str, dict[str, int]]]:
    """Run a provider; give its address, and at the end what it saw."""
    command = [sys.executable, str(HERE / "server.py"), str(core)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        seen: dict[str, int] = {}
        try:
            assert process.stdout
            yield process.stdout.readline().strip(), seen
        finally:
            out, _ = process.communicate()
        seen.update(json.loads(out))


def run(subject: str, peer: str | None, jobs: int, what: str) -> dict[str, Any]:
    """Run one subject once; return its figures, with what the provider saw."""
    for_provider, for_subject = cores()
    python = str(peers_python()) if peer else sys.executable
    with provider(for_provider) as (address, seen):
        command = [python, str(HERE / "subjects.py"), subject, address, str(jobs), what]
        done = subprocess.run(
            [*command, str(for_subject)], capture_output=True, text=True, timeout=900
        )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if seen["submits"] < jobs:
        raise RuntimeError(f"only {seen['submits']} of {jobs} jobs were submitted")
    return {**figures, **seen}


def measured(
    rounds: int, sizes: list[int], only: list[str] | None, missing: dict[str, str]
) -> tuple[Figures, dict[str, str]]:
    """Run every subject in turn, round after round; return the figures, and why one has none."""
    figures: Figures = defaultdict(list)
    broken: dict[str, str] = {}
    every = {**SUBJECTS, **TRANSPORTS, **IN_THREADS}
    for subject, (_, peer) in every.items():
        if peer in missing:
            broken[subject] = missing[peer]
    turns = [
        (subject, jobs, what)
        for what, counts in (("cpu", sizes), ("memory", larger(sizes)))
        for jobs in counts
        for subject in SUBJECTS
        if not (jobs >= LARGE and subject in TOO_SLOW)
    ]
    turns += [(name, larger(sizes)[0], "cpu") for name in TRANSPORTS if name not in SUBJECTS]
    turns += [(subject, 500, "cpu") for subject in IN_THREADS]
    for number in range(rounds):
        for subject, jobs, what in turns:
            if subject in broken or (only and subject not in only) or (what != "cpu" and number):
                continue
            try:
                found = run(subject, every[subject][1], jobs, what)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                broken[subject] = f"did not run: {error}"
                continue
            for name, value in found.items():
                figures[subject, name, jobs].append(value)
            print(f"{time.strftime('%T')} round {number + 1}: {subject}, {jobs}: {found}")
    return figures, broken


def larger(sizes: list[int]) -> list[int]:
    """Return the sizes at which subjects are compared: all but the smallest of several."""
    return sizes[1:] or sizes


def spread(values: list[float]) -> str:
    """Write figures as their median, with their least and most."""
    if not values:
        return "-"
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratio(ones: list[float], others: list[float]) -> str:
    """Write how often a figure contains another of the same round: the median of the rounds."""
    times = [one / other for one, other in zip(ones, others, strict=False)]
    return f"{statistics.median(times):.2f}" if times else "-"


def table(figures: Figures, broken: dict[str, str], sizes: list[int]) -> list[str]:
    """Return the table of the subjects on an event loop."""
    titles = [
        "CPU ms per job",
        *(f"{size:,} at once" for size in sizes),
        *(f"of genblaze's, {size:,}" for size in larger(sizes)),
        f"{sizes[-1]:,} of {sizes[0]:,}",
        "KiB per waiting task, " + ", ".join(f"{size:,}" for size in larger(sizes)),
        "connections at once",
        "requests per job",
    ]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for subject, (words, _) in SUBJECTS.items():
        if subject in broken:
            lines.append(f"| {words} | {broken[subject]} |" + " |" * (len(titles) - 2))
            continue
        costs = [[1000 * s for s in figures[subject, "cpu", size]] for size in sizes]
        bases = [[1000 * s for s in figures[BASE, "cpu", size]] for size in sizes]
        compared = [*zip(costs, bases, strict=True)][-len(larger(sizes)) :]
        kept = [figures[subject, "kib", size][:1] for size in larger(sizes)]
        cells = [
            words,
            *map(spread, costs),
            *(ratio(cost, base) for cost, base in compared),
            ratio(costs[-1], costs[0]),
            ", ".join(f"{found[0]:.1f}" if found else "-" for found in kept),
            str(max((n for size in sizes for n in figures[subject, "at once", size]), default="-")),
            requests(figures, subject, sizes),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def requests(figures: Figures, subject: str, sizes: list[int]) -> str:
    """Write how many requests the provider saw for each job."""
    submits, polls = (
        sum(sum(figures[subject, name, size][:1]) for size in sizes)
        for name in ("submits", "polls")
    )
    return f"{1 + polls / submits:g}" if submits else "-"


def transports_table(figures: Figures, broken: dict[str, str], size: int) -> list[str]:
    """Return the table of loops by hand on what could carry our calls."""
    lines = [
        f"| by hand, {size:,} at once, on | CPU ms per job | of rushes' transport | promises |",
        "|---|---|---|---|",
    ]
    base = figures["transport", "cpu", size]
    for subject, (words, _) in TRANSPORTS.items():
        found = figures[subject, "cpu", size]
        cost = broken.get(subject, spread([1000 * s for s in found]))
        promises = "kept" if subject.startswith("transport") else "none"
        lines.append(f"| {words} | {cost} | {ratio(found, base)} | {promises} |")
    return lines


def threads_table(figures: Figures, broken: dict[str, str]) -> list[str]:
    """Return the table of the subjects in threads."""
    lines = ["| 500 jobs in 50 threads | CPU ms per job | of genblaze's |", "|---|---|---|"]
    base = figures["genblaze-threads", "cpu", 500]
    for subject, (words, _) in IN_THREADS.items():
        found = figures[subject, "cpu", 500]
        cost, times = spread([1000 * s for s in found]), ratio(found, base)
        lines.append(f"| {words} | {broken.get(subject, cost)} | {times} |")
    return lines


def section(figures: Figures, broken: dict[str, str], sizes: list[int], rounds: int) -> str:
    """Return the section of the page."""
    peers = ", ".join(requirement.replace("==", " ") for requirement in PEERS.values())
    before = f"""## A job

What a job costs the client: a submit and four polls of a provider on the same machine that answers
at once; all jobs at the same time; user and system time of all threads, after 50 jobs that are not
counted. Each subject is a fresh process on a core of its own, the provider has another, and all
take turns: the median of {rounds} rounds, with the least and the most. Every subject polls every
0.25 seconds. What is written by hand has at most 10 connections, the default of rushes, whose
journal is on; nothing else keeps a record. Ratios are of the same round. Memory is what the process
(its resident set) has grown by when every task is submitted and waits for its next poll, in one
round.
"""
    after = f"""Measured with Python {platform.python_version()} on {os.cpu_count()} cores, with
{peers}. `nox -s jobs` measures again,
`nox -s jobs -- --write` writes this section. Times differ from machine to machine; ratios within
one table, less.
"""
    ours, by_hand = (
        figures[name, "cpu", larger(sizes)[0]] for name in ("rushes-unrecorded", "transport")
    )
    beside = f"Without a journal: {ratio(ours, by_hand)} of the loop by hand on the same transport."
    tables = (
        *table(figures, broken, sizes), "", beside, "",
        *transports_table(figures, broken, larger(sizes)[0]), "", *threads_table(figures, broken),
    )  # fmt: skip
    return "\n".join((before, *tables, "", after))


def main() -> int:
    """Measure, print, and write if asked to; fail if one of ours did not run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, nargs="+", default=[200, 1000, 5000], metavar="N")
    parser.add_argument("--only", nargs="+", choices=[*SUBJECTS, *TRANSPORTS, *IN_THREADS])
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    sizes = sorted(given.jobs)
    figures, broken = measured(given.rounds, sizes, given.only, installed_peers())
    text = section(figures, broken, sizes, given.rounds)
    print(text)
    if given.write:
        write_section(text)
    return 1 if any(name.startswith(("rushes", "transport")) for name in broken) else 0


if __name__ == "__main__":
    sys.exit(main())
