"""Jobs by one worker and by three on one database: throughput, CPU, statements and rows per job.

A provider in a process of its own answers at once and has every video ready at its eighth poll;
`rushes worker` runs as processes of their own on a temporary PostgreSQL server that keeps what it
commits (`fsync`), and counts statements (`pg_stat_statements`). All jobs are handed over at once,
and each is polled every few seconds, so that more than a thousand are under way at a time. What a
million jobs a day need is calculated from that. Nothing leaves this machine.
Usage: python benchmarks/workers.py [--jobs N] [--write]
"""

import argparse
import asyncio
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import crowd
from performance_page import WRITE, write_section
from rushes import PostgresJournal
from rushes_batch import Job
from rushes_batch.engine import Engine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgres_cluster import Cluster, find_programs

VARIANT = "toapis/kling-v3"
REQUEST = {"prompt": "A red kite over dunes", "duration": 5}
TICK = os.sysconf("SC_CLK_TCK")
ENGINE, JOURNAL = "procrastinate", "rushes_"
ADMISSIONS = 300
POLLS = 8
"""Polls of a job: about as many as of one that takes 90 s (the section Polls, sigma 0.5)."""
EVERY = 4.0
"""Seconds between two polls."""
LOOK = 2.0
"""Seconds between two looks at how far the jobs are."""
WORKER = f"""
import functools, rushes
polling = rushes.Polling(first={EVERY}, every={EVERY}, at_most=3600.0)
rushes.AsyncClient = functools.partial(rushes.AsyncClient, polling=polling)
from rushes_batch.command import worker
worker()
"""
"""`rushes worker`, which polls as often whatever the provider advises."""
TAKES, MEGABYTES, PEAK = 90.0, 12.0, 3.0
"""Seconds of a task, size of a video, and how many times the mean the busiest hour has."""


@dataclass(frozen=True)
class Look:
    """How far the jobs are, and the CPU time so far in ms."""

    at: float
    ended: int
    under_way: int
    workers: float
    database: float
    provider: float


@dataclass(frozen=True)
class Run:
    """What some workers did.

    Per job: CPU in ms, statements, `kib` on the disk; jobs and `admissions` in a second. `rate` and
    `busy`, the shares of the processors that workers, database and provider used, are those of the
    time in which the middle half of the jobs ended.
    """

    workers: int
    jobs: int
    most: int
    rate: float
    busy: tuple[float, float, float]
    worker_cpu: float
    database_cpu: float
    journal: float
    engine: float
    commits: float
    other: float
    kib: float
    admissions: float
    mb: float


def cpu_ms(pid: int, *, ended: bool = False) -> float:
    """Return the CPU time of a process, with that of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / TICK * 1000


def database_cpu_ms(cluster: Cluster) -> float:
    """Return the CPU time of the server, with all its processes."""
    server = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    total = cpu_ms(server, ended=True)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(") ")[2].split()[1]
            total += cpu_ms(int(stat.parent.name)) if int(parent) == server else 0.0
        except OSError:
            continue  # it has just ended
    return total


@contextmanager
def database() -> Iterator[Cluster]:
    """Run a server that keeps what it commits and counts statements."""
    programs = find_programs()
    assert programs is not None, "PostgreSQL is not installed"
    with tempfile.TemporaryDirectory(prefix="rushes-workers-") as shared:
        cluster = Cluster(programs, Path(shared))
        try:
            settings = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}
            settings |= {"shared_buffers": "'128MB'", "max_wal_size": "'1GB'"}
            settings |= {"shared_preload_libraries": "'pg_stat_statements'"}
            for name, value in settings.items():
                cluster.execute(f"ALTER SYSTEM SET {name} = {value}")
            cluster.stop()
            cluster.start()
            cluster.execute("CREATE EXTENSION pg_stat_statements")
            yield cluster
        finally:
            cluster.remove()


@contextmanager
def provider() -> Iterator[tuple[str, int]]:
    """Run the provider; return its address, and the id of its process."""
    here, there = multiprocessing.Pipe()
    spawning = multiprocessing.get_context("spawn")
    process = spawning.Process(target=provide, args=(there,), daemon=True)
    process.start()
    assert process.pid is not None
    yield here.recv(), process.pid
    here.send("enough")
    here.recv()
    process.join(10)


def provide(pipe: Connection) -> None:
    """Serve in a process of its own, until the other side stops it."""
    crowd.POLLS = POLLS
    crowd.provide(0.0, pipe)


@contextmanager
def workers(count: int, url: str, place: str, folder: Path) -> Iterator[list[int]]:
    """Run workers; return the ids of their processes once all of them have found the engine."""
    words = [sys.executable, "-c", WORKER, "--database", url]
    words += ["--limit", "toapis=100000,100000/s", "--tasks", "5000"]
    given = {**os.environ, "TOAPIS_API_KEY": "k", "TOAPIS_BASE_URL": place}
    started = []
    for number in range(count):
        home = folder / f"worker-{number}"
        with (folder / f"worker-{number}.log").open("wb") as log:
            environment = {**given, "RUSHES_HOME": str(home)}
            started.append(subprocess.Popen(words, env=environment, stderr=log))
    try:
        while asyncio.run(alive(url)) < count:
            time.sleep(0.5)
        yield [each.pid for each in started]
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


async def alive(url: str) -> int:
    async with Engine(url).opened() as engine:
        return int((await engine.status())["workers"])


async def hand_over(url: str, jobs: int) -> None:
    async with Engine(url).opened() as engine:
        await engine.defer(
            Job(task=f"job-{n:06}", variant=VARIANT, request=dict(REQUEST)) for n in range(jobs)
        )


def measured(
    cluster: Cluster, provider: tuple[str, int], folder: Path, count: int, jobs: int
) -> Run:
    """Let so many workers make the videos."""
    url, (place, server) = cluster.empty(), provider
    schema = re.search(r"search_path%3D(\w+)", url)
    assert schema is not None
    size = (
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' "
        f"AND relname LIKE '{JOURNAL}%' AND relnamespace = '{schema[1]}'::regnamespace"
    )
    with closing(PostgresJournal(url)) as journal:
        assert journal.tasks() == []
        with workers(count, url, place, folder) as pids:
            time.sleep(3)  # until nothing of their start is left
            cluster.execute("SELECT pg_stat_statements_reset()")

            def look() -> Look:
                states = f"SELECT state, count(*) FROM {schema[1]}.rushes_tasks GROUP BY 1"
                found = {str(state): int(str(tasks)) for state, tasks in cluster.execute(states)}
                ended = found.pop("completed", 0)
                return Look(
                    time.monotonic(),
                    ended,
                    sum(found.values()),
                    sum(map(cpu_ms, pids)),
                    database_cpu_ms(cluster),
                    cpu_ms(server),
                )

            looks = [look()]
            asyncio.run(hand_over(url, jobs))
            while looks[-1].ended < jobs:
                time.sleep(LOOK)
                looks.append(look())
            resident = max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
            counted: dict[str, float] = dict.fromkeys(("journal", "engine", "commits", "other"), 0)
            for query, calls in cluster.execute(
                "SELECT query, calls FROM pg_stat_statements "
                "WHERE query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE '%GROUP BY 1'"
            ):
                counted[kind(str(query))] += int(str(calls)) / jobs
        begin = time.monotonic()
        for number in range(ADMISSIONS):
            journal.admit(f"none-{number}", "none/key", slots=2 * ADMISSIONS, per_second=1e6)
        admissions = ADMISSIONS / (time.monotonic() - begin)
        kib = float(str(cluster.execute(size)[0][0])) / 1024 / jobs
    first, last = looks[0], looks[-1]
    rate, busy = middle(looks, jobs)
    return Run(
        workers=count,
        jobs=jobs,
        most=max(look.under_way for look in looks),
        rate=rate,
        busy=busy,
        worker_cpu=(last.workers - first.workers) / jobs,
        database_cpu=(last.database - first.database) / jobs,
        kib=kib,
        admissions=admissions,
        mb=resident * os.sysconf("SC_PAGE_SIZE") / 2**20,
        **counted,
    )


def middle(looks: list[Look], jobs: int) -> tuple[float, tuple[float, float, float]]:
    """Return what ended in a second, and how busy all were, while the middle half ended."""
    since = max((each for each in looks if each.ended <= jobs / 4), key=lambda each: each.at)
    until = min((each for each in looks if each.ended >= jobs * 3 / 4), key=lambda each: each.at)
    seconds = until.at - since.at
    whole = seconds * 1000 * (os.cpu_count() or 1)
    busy = (
        (until.workers - since.workers) / whole,
        (until.database - since.database) / whole,
        (until.provider - since.provider) / whole,
    )
    return (until.ended - since.ended) / seconds, busy


def kind(query: str) -> str:
    """Return whose statement it is."""
    if query.strip().upper() == "COMMIT":
        return "commits"
    if ENGINE in query:
        return "engine"
    return "journal" if JOURNAL in query else "other"


def table(runs: list[Run]) -> list[str]:
    """Write what was measured."""
    rows = {
        "jobs under way at once, at most": [f"{run.most:,}" for run in runs],
        "jobs ended in a second": [f"{run.rate:.0f}" for run in runs],
        "processors in use: workers, database, provider": [
            ", ".join(f"{share:.0%}" for share in run.busy) for run in runs
        ],
        "CPU of the workers, ms per job": [f"{run.worker_cpu:.1f}" for run in runs],
        "CPU of the database, ms per job": [f"{run.database_cpu:.1f}" for run in runs],
        "statements of the journal per job": [f"{run.journal:.1f}" for run in runs],
        "statements of the engine per job": [f"{run.engine:.1f}" for run in runs],
        "others per job (BEGIN and its settings)": [f"{run.other:.1f}" for run in runs],
        "commits per job (one for many jobs)": [f"{run.commits:.2f}" for run in runs],
        "journal on the disk, KiB per job": [f"{run.kib:.1f}" for run in runs],
        "admissions with one key in a second": [f"{run.admissions:.0f}" for run in runs],
        "memory of a worker at the end, MB": [f"{run.mb:.0f}" for run in runs],
    }
    names = " | ".join(f"{run.workers} worker{'s' * (run.workers > 1)}" for run in runs)
    return [
        f"| {runs[0].jobs:,} jobs | {names} |",
        "|---" * (len(runs) + 1) + "|",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()),
    ]


def calculated(run: Run) -> list[str]:
    """Calculate what more jobs a day need."""
    days = (10_000, 100_000, 1_000_000)
    rates = [PEAK * day / 86400 for day in days]
    statements = run.journal + run.engine + run.other + run.commits
    rows = {
        "jobs a second": [f"{rate:.2f}" for rate in rates],
        f"tasks at the providers at once ({TAKES:.0f} s each)": [
            f"{rate * TAKES:,.0f}" for rate in rates
        ],
        f"polls a second ({POLLS} per task)": [f"{rate * POLLS:.1f}" for rate in rates],
        "statements a second": [f"{rate * statements:,.0f}" for rate in rates],
        "cores of the database": [f"{rate * run.database_cpu / 1000:.2f}" for rate in rates],
        "cores of the workers": [f"{rate * run.worker_cpu / 1000:.2f}" for rate in rates],
        "the journal grows in a day, GB": [f"{day * run.kib / 2**20:.2f}" for day in days],
        f"videos in a day, GB ({MEGABYTES:.0f} MB each)": [
            f"{day * MEGABYTES / 1000:,.0f}" for day in days
        ],
        "network of the workers, Mbit/s": [f"{rate * MEGABYTES * 8:,.0f}" for rate in rates],
    }
    return [
        f"| at the busiest hour | {' | '.join(f'{day:,} jobs a day' for day in days)} |",
        "|---" * (len(days) + 1) + "|",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()),
    ]


def section(runs: list[Run]) -> str:
    """Write the section of the page."""
    return "\n".join(
        [
            "## Workers",
            "",
            f"`python benchmarks/workers.py`, {os.cpu_count()} cores for all of it: the workers,",
            "the database (with `fsync`) and a provider that answers at once and has each video,",
            f"of 4 KB, ready at poll number {POLLS}. All jobs are handed over at once, limits are",
            f"asked for, never reached. Each job is polled every {EVERY:.0f} s, so that many are",
            "under way; once all of them are, polls limit what ends in a second. That and how",
            "busy the processors are is counted while the middle half of the jobs ends.",
            "",
            *table(runs),
            "",
            "What limits it beyond, calculated from the last column: the busiest hour has",
            f"{PEAK:.0f} times the mean, each job goes to its end.",
            "",
            *calculated(runs[-1]),
            "",
            "So one database is enough for a million jobs a day, and the first limits are others:",
            "",
            "- *The providers.* Each limits how many tasks an account has at once; thousands at",
            "  once need a contract. With `--limit`, what is more waits in the queue.",
            "- *The videos.* Their bytes are more than all else together; workers on machines",
            "  with networks and disks of their own divide them.",
            "- *One key.* All who send with one key take turns at one row of the database, a",
            "  commit each: the admissions in a second above, far more than a provider accepts.",
            "- *Rows.* A finished job is one row, which `rushes purge` forgets. The sweep for lost",
            "  jobs reads what is unfinished every 5 seconds, not what has ended.",
            "- *Connections.* A worker has up to 14; `max_connections` is 100 by default.",
            "",
        ]
    )


def main() -> int:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2500)
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    runs = []
    with database() as cluster, tempfile.TemporaryDirectory(prefix="rushes-workers-") as name:
        for count in (1, 3):
            folder = Path(name) / str(count)
            folder.mkdir()
            with provider() as serving:
                assert urlsplit(serving[0]).hostname == "127.0.0.1"
                runs.append(measured(cluster, serving, folder, count, given.jobs))
            print(runs[-1], flush=True)
    text = section(runs)
    print(text)
    if given.write:
        write_section(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
