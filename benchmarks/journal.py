"""The journal with 100,000 finished tasks: bytes on disk, listing, resuming, durable submits.

The tasks are made through the public journal, from `add` to the fetched file, many at a time. Then
`rushes tasks` and `rushes resume` run as processes of their own. Last, one `AsyncClient` submits
against a scripted network, in turns with bare SQLite that commits each row on its own, on the same
disk: the ratio of the two says more than either. Nothing leaves this machine.
Usage: python benchmarks/journal.py [--tasks N] [--submits N] [--rounds N] [--write]
"""

import argparse
import asyncio
import hashlib
import itertools
import os
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from performance_page import WRITE, write_section
from rushes import AsyncClient, Call, Receipt, Request, Result, SQLiteJournal, Task
from rushes.testing import Network

VARIANT = "toapis/kling-v3"
AT_ONCE = 500
"""Tasks that are under way together while the journal is filled."""
COMMANDS = (("tasks",), ("tasks", "--all"), ("resume",))
RUN = "import sys; from rushes_cli.main import main; sys.argv[0] = 'rushes'; main()"


def lives(number: int) -> Iterator[Task]:
    """Make what is known of one job after each change, as a job at ToAPIs leaves it."""
    name = f"20260102-{secrets.token_hex(6)}"
    prompt = (
        f"A red kite over dunes at dusk, seen from below, take {number}, {secrets.token_hex(16)}"
    )
    facts = {"model": "kling-v3", "prompt": prompt, "duration": 5, "aspect_ratio": "16:9"}
    body = msgspec.json.encode({**facts, "client_business_id": name})
    begun = 1_767_000_000 + number + 0.123
    task = Task(
        id=name,
        variant=VARIANT,
        base_url="https://provider.example",
        client_id=name,
        fingerprint=hashlib.sha256(body).hexdigest(),
        call=Call(
            method="POST",
            url="https://provider.example/v1/videos/generations",
            headers={"Content-Type": "application/json"},
            body=body,
        ),
        created_at=begun,
        updated_at=begun,
        output="/home/someone/videos/",
        estimate=0.42,
    )
    link = (
        f"https://files.provider.example/outputs/2026/01/02/{secrets.token_hex(16)}.mp4"
        f"?expires=1767086400&key={secrets.token_hex(10)}&signature={secrets.token_hex(32)}"
    )
    polled = {"looked_at": begun + 60.2, "look_after": begun + 70.1}
    yield task
    for after, changes in (
        (0.1, {"state": "sending", "sent_at": begun + 0.1, "key_fingerprint": name[-12:]}),
        (1.2, {"state": "queued", "receipt": Receipt(f"task_{secrets.token_hex(12)}")}),
        (10.3, {"state": "in_progress", "progress": 10.0}),
        (60.3, {"state": "completed", "progress": 100.0, "cost": 0.42, **polled}),
        (60.3, {"results": (Result(url=link, expires_at=begun + 86400),)}),
        (62.1, {"file_bytes": 12_345_678, "file_sha256": secrets.token_hex(32)}),
        (62.2, {"file": f"/home/someone/videos/{name}.mp4"}),
    ):
        task = msgspec.structs.replace(task, updated_at=begun + after, **changes)
        yield task


def fill(path: Path, tasks: int) -> float:
    """Record finished tasks; return the seconds that it took."""
    begin = time.monotonic()
    with closing(SQLiteJournal(path)) as journal:
        for first in range(0, tasks, AT_ONCE):
            jobs = [lives(number) for number in range(first, min(first + AT_ONCE, tasks))]
            for step, states in enumerate(zip(*jobs, strict=True)):
                begun = [journal.begin("save" if step else "add", task, task.id) for task in states]
            begun += [journal.begin("release", task.id) for task in states]
            for future in begun:
                future.result()
    return time.monotonic() - begin


def command(home: Path, words: tuple[str, ...]) -> tuple[float, float, float]:
    """Run a command; return its seconds, those of CPU, and the MB of memory it had at most."""
    environment = {**os.environ, "RUSHES_HOME": str(home)}
    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    cpu = usage.ru_utime + usage.ru_stime
    return time.monotonic() - begin, cpu, usage.ru_maxrss / 1024


class Provider(Network):
    """Accepts every submit."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def _next(self, _request: Any) -> Any:
        self.calls.clear()
        return {"id": f"t-{next(self._numbers)}", "object": "generation.task", "status": "queued"}


def submits(folder: Path, count: int, *, recorded: bool = True) -> float:
    """Submit through one client, all at once; return how many were accepted in a second."""

    async def run() -> float:
        journal = SQLiteJournal(folder / "submits.db") if recorded else None
        given: dict[str, Any] = {"keys": {"toapis": "k"}, "home": folder, "journal": journal}
        given["load_plugins"] = ["toapis"]  # and no wrapper or observer that is installed here
        request = Request("A red kite over dunes")
        async with AsyncClient(transport=Provider(), **given) as client:
            await asyncio.gather(*(client.submit(VARIANT, request) for _ in range(20)))
            begin = time.monotonic()
            await asyncio.gather(*(client.submit(VARIANT, request) for _ in range(count)))
            return count / (time.monotonic() - begin)

    return asyncio.run(run())


def commits(folder: Path, count: int) -> float:
    """Insert rows as large as a record, each in a transaction; return how many in a second."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, row BLOB)")
        begin = time.monotonic()
        for _ in range(count):
            connection.execute("INSERT INTO rows (row) VALUES (?)", (bytes(1000),))
        return count / (time.monotonic() - begin)


def spread(values: list[float], form: str) -> str:
    """Write the least, the middle and the greatest of some values."""
    three = (min(values), statistics.median(values), max(values))
    return " - ".join(format(value, form) for value in three)


def measured(given: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Measure; return rows of the table: what, the figures, the target."""
    path = folder / "journal.db"
    seconds = fill(path, given.tasks)
    size = path.stat().st_size / given.tasks
    yield f"{given.tasks:,} finished tasks, KiB each on disk", f"{size / 1024:.2f}", "≤ 2.5"
    yield "to record them all, s", f"{seconds:.0f}", ""
    runs: dict[tuple[str, ...], list[tuple[float, float, float]]] = {
        words: [] for words in COMMANDS
    }
    for _ in range(given.rounds):
        for words in COMMANDS:
            runs[words].append(command(folder, words))
    for words, found in runs.items():
        name = f"`rushes {' '.join(words)}`"
        target = "" if "--all" in words else "< 0.5"
        yield f"{name}, s", spread([run[0] for run in found], ".2f"), target
        yield f"{name}, s of CPU", spread([run[1] for run in found], ".2f"), ""
        yield f"{name}, MB at most", spread([run[2] for run in found], ".0f"), ""
    rates: dict[str, list[float]] = {"bare": [], "ours": [], "none": [], "ratio": []}
    for _ in range(given.rounds):
        rates["bare"].append(commits(folder, given.submits // 4))
        rates["ours"].append(submits(folder, given.submits))
        rates["none"].append(submits(folder, given.submits, recorded=False))
        rates["ratio"].append(rates["ours"][-1] / rates["bare"][-1])
    yield "bare SQLite, rows a second, a commit each", spread(rates["bare"], ",.0f"), ""
    yield "`AsyncClient.submit`, a second, durable", spread(rates["ours"], ",.0f"), "≥ 1,000"
    yield "as a ratio to bare SQLite", spread(rates["ratio"], ".1f"), "≥ 4"
    yield "`AsyncClient.submit`, a second, without a journal", spread(rates["none"], ",.0f"), ""


def section(rows: list[tuple[str, str, str]], given: argparse.Namespace) -> str:
    """Write the section of the page."""
    lines = [
        "## Journal",
        "",
        f"`python benchmarks/journal.py`, {os.cpu_count()} cores, {given.rounds} rounds in turns:",
        "least - middle - greatest. A submit is durable when it returns: recorded, sent, accepted,",
        "each on the disk (`synchronous=FULL`); bare SQLite commits as many rows, one at a time.",
        "",
        "| what | measured | target |",
        "|---|---|---|",
        *(f"| {what} | {figures} | {target} |" for what, figures, target in rows),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure everything, and print or write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--submits", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rushes-journal-") as folder:
        rows = []
        for row in measured(given, Path(folder)):
            rows.append(row)
            print(*row, sep="   ", flush=True)
    if given.write:
        write_section(section(rows, given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
