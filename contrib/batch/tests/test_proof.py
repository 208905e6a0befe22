"""Workers that are killed, suspended, cut off, and lose their database: each job is paid once.

`nox -s whole` tries it with a few jobs, `nox -s workers` with 500.
"""

import asyncio
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from link import Link
from postgres_cluster import Cluster
from rushes import PostgresJournal, Task
from rushes.journal import LEASE
from rushes_batch import Job
from rushes_batch.engine import Engine
from rushes_sandbox import Sandbox

JOBS = int(os.environ.get("RUSHES_WORKERS", "24"))
PROMPTS = ("A red kite over dunes", "A lantern sways over a wet street")
VARIANTS = {"toapis/kling-v3": 5, "apimart/kling-v3": 3}
AT_MOST = 900 + 2 * JOBS
CONFIGURATION = 3
EVERY = 6.0
"""Seconds between two kills."""
FAULTS = ("503-after-create", "drop-after-create", "status-500", "status-429", "status-drop")
BOUND = Path(__file__).with_name("bound_worker.py")
PAGE = Path(__file__).parents[1] / "README.md"
HEADING = "## Killed, suspended, cut off"


class Worker:
    """A process that runs `rushes worker`; each time it is started it has an address of its own."""

    numbers = itertools.count(2)

    def __init__(self, url: str, sandbox: Sandbox, home: Path) -> None:
        self._port = urlsplit(sandbox.base_urls["toapis"]).port
        self._words = ["--database", url, "--tasks", str(JOBS // 4)]  # one does not take all
        self._words += ["--limit", "toapis=10,20/s", "--limit", "apimart=10,20/s"]
        self._environment = {**os.environ, **sandbox.environment, "RUSHES_HOME": str(home)}
        self._log = home.with_suffix(".log")
        self.start()

    def start(self) -> None:
        number = next(self.numbers)
        address = f"127.0.{number // 250}.{number % 250 + 1}"
        command = [sys.executable, str(BOUND), address, str(self._port), *self._words]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


class Takeovers:
    """How long the tasks of a worker that stopped are nobody's, by the database's clock."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[str, tuple[str, float, str]] = {}
        self.seconds: list[tuple[float, str]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def stopped(self, pid: int, how: str) -> None:
        """Note which tasks at a provider a worker has at the moment."""
        with suppress(psycopg.Error):
            for task, holder, of, lives, now in self._rows():
                if lives and of == pid and holder:
                    self._waiting.setdefault(task, (holder, now, how))

    def holds(self, pid: int) -> bool:
        """Whether a process has tasks at a provider."""
        with suppress(psycopg.Error):  # the database restarts
            return any(lives and of == pid for _, _, of, lives, _ in self._rows())
        return False

    def _rows(self) -> list[tuple[str, str | None, int | None, bool, float]]:
        query = (
            "SELECT id, t.holder, pid, unfinished AND state <> 'unknown', "
            "extract(epoch FROM clock_timestamp())::float8 FROM rushes_tasks AS t "
            "LEFT JOIN rushes_holders AS h ON h.holder = t.holder WHERE state <> 'recorded'"
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            with suppress(psycopg.Error):  # the database restarts
                for task, holder, _, lives, now in self._rows():
                    if task not in self._waiting:
                        continue
                    before, since, how = self._waiting[task]
                    if not lives or (holder and holder != before):
                        del self._waiting[task]
                        self.seconds.append((now - since, how))

    @contextmanager
    def watched(self) -> Iterator["Takeovers"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()


@contextmanager
def workers(urls: list[str], sandbox: Sandbox, folder: Path) -> Iterator[list[Worker]]:
    """Run three workers, each with a home of its own."""
    started: list[Worker] = []
    try:
        for name, url in zip(("one", "two", "three"), urls, strict=True):
            started.append(Worker(url, sandbox, folder / name))
        yield started
    finally:
        for each in started:
            each.process.send_signal(signal.SIGCONT)
            each.kill()


def unfinished(journal: PostgresJournal) -> list[Task]:
    return [task for task in journal.tasks(unfinished=True) if task.state != "unknown"]


def test_every_job_is_paid_once_and_ends(
    postgres: Cluster, rushes_sandbox_folder: Path, tmp_path: Path, whole: bool
) -> None:
    if not whole:
        pytest.skip("it takes minutes; `nox -s whole` includes it")
    url = postgres.empty(tcp=True)
    with (
        Sandbox(
            queue_seconds=2, render_seconds=6, poll_after=None, folder=rushes_sandbox_folder
        ) as sandbox,
        closing(PostgresJournal(url)) as journal,
        Link(postgres.port).opened() as link,
    ):
        assert journal.tasks() == []  # this makes the tables
        jobs = [_job(number, tmp_path) for number in range(JOBS)]

        async def hand_over() -> None:
            async with Engine(url).opened() as engine:
                await engine.defer(jobs)

        asyncio.run(hand_over())
        for fault in FAULTS:
            sandbox.inject(fault, times=max(1, JOBS // 12))
        linked = url.replace(f":{postgres.port}/", f":{link.port}/")
        takeovers = Takeovers(url)
        with workers([url, linked, url], sandbox, tmp_path) as three, takeovers.watched():
            kills = _disturb(three, postgres, link, takeovers)
            end = time.monotonic() + AT_MOST
            while len(journal.tasks()) < JOBS or unfinished(journal):
                states = Counter(task.state for task in journal.tasks())
                logs = "\n".join(each.log[-3000:] for each in three)
                assert time.monotonic() < end, f"{states}\n{logs}"
                for each in three:
                    if each.process.poll() == CONFIGURATION:  # it began while it was cut off
                        each.start()
                    assert each.process.poll() is None, logs
                time.sleep(1)
        tasks = {task.id: task for task in journal.tasks()}
        bills = Counter(made.client_id for made in sandbox.created)
        calls = _callers(sandbox)
    assert set(tasks) == {job.task for job in jobs}
    assert set(bills.values()) == {1}
    assert {task.state for task in tasks.values()} <= {"completed", "unknown"}
    for task in tasks.values():
        assert (task.state == "unknown") or (task.file and Path(task.file).exists())
    at_once = {name: callers for name, callers in calls.items() if _alternate(callers)}
    assert not at_once
    text = _section(kills, bills, Counter(task.state for task in tasks.values()), calls, takeovers)
    print(text)  # noqa: T201 - what `nox -s workers` shows
    if "RUSHES_WORKERS_WRITE" in os.environ:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(HEADING)
        after = rest.partition("\n## ")[2]
        page = f"{before.rstrip()}\n\n{text}" + (f"\n## {after}" if after else "")
        PAGE.write_text(page, encoding="utf-8")


def _disturb(three: list[Worker], postgres: Cluster, link: Link, over: Takeovers) -> int:
    """Kill one now and then while another is suspended, then while another is cut off, then any.

    Each lasts longer than a lease. The database restarts meanwhile. Return the number of kills.
    """
    one, linked, asleep = three

    def restart() -> None:
        postgres.stop()
        postgres.start()

    for each in three:
        _until_it_holds(each, over)
    asleep.process.send_signal(signal.SIGSTOP)
    over.stopped(asleep.process.pid, "suspended")
    kills = _kill_in_turn((one, linked), over, restart)
    asleep.process.send_signal(signal.SIGCONT)
    _until_it_holds(linked, over)
    link.cut()
    over.stopped(linked.process.pid, "cut off")
    kills += _kill_in_turn((one, asleep), over)
    link.mend()
    return kills + _kill_in_turn((one, linked, asleep), over)


def _until_it_holds(worker: Worker, over: Takeovers, within: float = 90.0) -> None:
    """Wait until a worker has tasks at a provider; at the end there may be none left for it."""
    end = time.monotonic() + within
    while not over.holds(worker.process.pid) and time.monotonic() < end:
        time.sleep(0.5)


def _kill_in_turn(
    workers: tuple[Worker, ...], over: Takeovers, second: Callable[[], object] = lambda: None
) -> int:
    begun = time.monotonic()
    for turn in itertools.count():
        time.sleep(EVERY)  # a kill every few seconds is what is tested
        victim = workers[turn % len(workers)]
        _until_it_holds(victim, over, 20)
        victim.process.send_signal(signal.SIGSTOP)  # while it is looked at
        over.stopped(victim.process.pid, "killed")
        victim.kill()
        victim.start()
        if turn == 1:
            second()
        if time.monotonic() - begun > LEASE + 25:
            return turn + 1
    return 0


def _callers(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return for each task the addresses of those who asked about it, in the order of the calls."""
    names = {part: made.id for made in sandbox.created for part in (made.id, made.token)}
    found = defaultdict[str, list[str]](list)
    for exchange in sandbox.exchanges:
        for part in re.split(r"[/?&=,.]", f"{exchange.path}?{exchange.query}"):
            if part in names:
                found[names[part]].append(exchange.client)
                break
    return found


def _alternate(callers: list[str]) -> bool:
    """Whether two processes took turns, so that both followed the task at once.

    One may have it back once the other is gone; then the other asks no more.
    """
    for one, other in itertools.combinations(dict.fromkeys(callers), 2):
        of_both = [caller for caller in callers if caller in (one, other)]
        if len([*itertools.groupby(of_both)]) > 3:
            return True
    return False


@pytest.mark.parametrize(
    ("callers", "at_once"), [("aabb", False), ("aba", False), ("acbcb", True), ("abab", True)]
)
def test_callers_who_take_turns_are_noticed(callers: str, at_once: bool) -> None:
    assert _alternate([*callers]) == at_once


def _section(
    kills: int,
    bills: Counter[str | None],
    states: Counter[str],
    calls: dict[str, list[str]],
    takeovers: Takeovers,
) -> str:
    """Write what was found, for the page."""
    moved = sum(len({*callers}) > 1 for callers in calls.values())
    longest = [
        f"| longest takeover from a worker that was {how}, s "
        f"({sum(1 for _, why in takeovers.seconds if why == how)} takeovers) | "
        f"{max((seconds for seconds, why in takeovers.seconds if why == how), default=0):.0f} |"
        for how in ("killed", "suspended", "cut off")
    ]
    rows = [
        f"| jobs, with faults of the providers | {JOBS} |",
        f"| workers killed (SIGKILL), and started again | {kills} |",
        f"| jobs billed more than once | {sum(count > 1 for count in bills.values())} |",
        *(f"| jobs that ended `{state}` | {count} |" for state, count in sorted(states.items())),
        f"| jobs lost | {JOBS - states.total()} |",
        f"| jobs that passed from one process to another | {moved} |",
        f"| jobs followed by two processes at once | {sum(map(_alternate, calls.values()))} |",
        *longest,
    ]
    return "\n".join(
        [
            HEADING, "",
            f"Three workers share one database. Every {EVERY:.0f} seconds one is killed and",
            "started again. One is suspended for longer than its lease and goes on; after that,",
            "the network of another to the database is cut for as long. The database restarts in",
            "the middle. The sandbox injects faults, counts the bills, and sees by their addresses",
            "which process asks about which job. `nox -s workers` does it again, `nox -s workers",
            "-- --write` writes this.",
            "", "| what | measured |", "|---|---|", *rows, "",
            "A takeover waits for the silence to be noticed (12 seconds), for the lease of a",
            "worker not seen to end (30), and for the next sweep (5). Whoever has just started",
            "takes nothing over for 15 seconds, since it cannot know of an outage before; while",
            "one is suspended or cut off here, those who could take over are killed, too.",
            "",
        ]
    )  # fmt: skip


def _job(number: int, folder: Path) -> Job:
    variant, seconds = list(VARIANTS.items())[number % len(VARIANTS)]
    return Job(
        task=f"job-{number}",
        variant=variant,
        request={"prompt": PROMPTS[number % len(PROMPTS)], "duration": seconds},
        output=str(folder / f"job-{number}.mp4"),
    )
