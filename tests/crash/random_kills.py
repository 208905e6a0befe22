"""Random kills: the aim of a kill is drawn from a seed, what it hits depends on timing.

The sandbox holds an answer back or has been polled a number of times; then a random time passes,
and the process is killed wherever it is. What it was doing is read from what it left behind.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rushes import Task
from rushes_sandbox import InjectedFault, Sandbox

from crash.fork_server import HANG_SECONDS, ForkServer, HangError, JobProcess
from crash.jobs import PROMPTS, VARIANTS, Harness, Job

WORKERS = 4
KINDS = ("start", *["submit"] * 3, *["poll"] * 2, *["fetch"] * 3, "anywhere")
"""What the kills are aimed at, in turn; they may hit something else."""
HOLDS = {
    "submit": ("stall-before-create", "stall-after-create"),
    "poll": ("status-stall",),
    "fetch": ("download-stall",),
}
PHASES = {
    None: "start",
    "recorded": "submit",
    "sending": "submit",
    "unknown": "submit",
    "queued": "poll",
    "in_progress": "poll",
    "completed": "fetch",
}
MIN_KILLS_SHARE = 10
"""At least one kill in this many must have hit each of submit, poll and fetch."""


@dataclass(frozen=True)
class KillTrigger:
    """When to kill: `delay` seconds after the process started or reached what is named here.

    `hold` is a fault that holds an answer back; with `release` it is released before the delay.
    `polls` is how many polls the provider must have received.
    """

    delay: float
    hold: str | None = None
    release: bool = False
    polls: int = 0


@dataclass(frozen=True)
class RandomJob:
    """One job, and when its first process and then each resuming one is killed."""

    number: int
    provider: str
    prompt: int
    shared: bool
    triggers: tuple[KillTrigger, ...]


@dataclass
class Tally:
    """The counts of a run."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kills of first processes by phase, and by what the journal said."""
    resuming: Counter[str] = field(default_factory=Counter)
    """Kills of resuming processes, by phase."""
    survived: int = 0
    """Resuming processes that exited before they were killed."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How the jobs were finished, by provider."""
    bills: Counter[int] = field(default_factory=Counter)
    """Jobs by how often they were billed."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add the counts of other jobs."""
        for name in ("kills", "resuming", "outcomes", "bills"):
            getattr(self, name).update(getattr(other, name))
        self.survived += other.survived
        self.failures += other.failures

    def phase(self, name: str) -> int:
        """Return how many first processes were killed in a phase."""
        return sum(count for (phase, _), count in self.kills.items() if phase == name)


def draw_trigger(draw: random.Random, kind: str) -> KillTrigger:
    """Draw a trigger of a kind."""
    if kind == "start":
        return KillTrigger(draw.uniform(0, 0.03))
    if kind == "anywhere":
        return KillTrigger(draw.uniform(0, 0.4))
    if kind == "poll" and draw.random() < 0.6:
        return KillTrigger(draw.uniform(0, 0.04), polls=draw.randint(1, 5))
    hold = draw.choice(HOLDS[kind])
    return KillTrigger(draw.uniform(0, 0.02), hold=hold, release=draw.random() < 0.4)


def draw_job(seed: int, number: int) -> RandomJob:
    """Draw one job; the same seed and number give the same again."""
    draw = random.Random(f"{seed}:{number}")
    triggers = [draw_trigger(draw, KINDS[number % len(KINDS)])]
    while draw.random() < 0.3:
        triggers.append(draw_trigger(draw, draw.choice(("anywhere", "submit", "poll", "fetch"))))
    return RandomJob(
        number=number,
        provider=draw.choice(list(VARIANTS)),
        prompt=draw.randrange(len(PROMPTS)),
        shared=draw.random() < 0.5,
        triggers=tuple(triggers),
    )


def run(
    numbers: Iterable[int], seed: int, folder: Path, films: Path, database: str | None = None
) -> Tally:
    """Run the jobs of these numbers, several at once; return the counts.

    Their journals are files, some of them shared, or all together the one at a database's address.
    """
    _render(folder / ("first" if database is None else "first-in-database"), films)
    tally, lock, free = Tally(), threading.Lock(), iter(numbers)

    def worker() -> None:
        sandbox = Sandbox(queue_seconds=0.1, render_seconds=0.15, poll_after=None, folder=films)
        with sandbox, ForkServer() as fork_server:
            harness = Harness(sandbox, fork_server, database)
            while True:
                with lock:
                    number = next(free, None)
                if number is None:
                    return
                job = draw_job(seed, number)
                try:
                    counts = run_job(harness, job, folder)
                except Exception as failure:  # noqa: BLE001 - reported with the others at the end
                    tally.failures.append(f"{job}: {type(failure).__name__}: {failure}")
                    return  # its processes are in an unknown state
                with lock:
                    tally.add(counts)

    with ThreadPoolExecutor(WORKERS) as workers:
        for done in [workers.submit(worker) for _ in range(WORKERS)]:
            done.result()
    return tally


def _render(home: Path, films: Path) -> None:
    """Render every film before the first kill."""
    with (
        Sandbox(queue_seconds=0, render_seconds=0, folder=films) as sandbox,
        ForkServer() as fork_server,
    ):
        harness = Harness(sandbox, fork_server)
        for provider in VARIANTS:
            for prompt in range(len(PROMPTS)):
                harness.job(home, f"{provider}-{prompt}", provider, prompt).resume()


def run_job(harness: Harness, drawn: RandomJob, folder: Path) -> Tally:
    """Kill one job's processes as drawn, check what each leaves behind, and finish the job."""
    tally = Tally()
    home = folder / ("shared" if drawn.shared else f"home-{drawn.number}")
    job = harness.job(home, f"job-{drawn.number}", drawn.provider, drawn.prompt)
    for turn, trigger in enumerate(drawn.triggers):
        task = job.record()
        verb = "generate" if task is None else "resume"
        killed = kill_at_trigger(job, verb, trigger)
        task = job.check_invariants()
        left, phase = left_behind(job, task), phase_of(task)
        if turn == 0:
            tally.kills[phase, left] += 1
        elif killed:
            tally.resuming[phase] += 1
        else:
            tally.survived += 1
    tally.outcomes[drawn.provider, job.resume()] += 1
    tally.bills[len(job.bills())] += 1
    return tally


def kill_at_trigger(job: Job, verb: str, trigger: KillTrigger) -> bool:
    """Start a process and kill it when triggered; return False if it had exited before."""
    before = job.call_counts()["poll"]
    sandbox = job.harness.sandbox
    held = sandbox.inject(trigger.hold, gateway=job.provider) if trigger.hold else None
    process = job.start(verb)
    _wait_for_trigger(process, held, lambda: job.call_counts()["poll"] - before >= trigger.polls)
    if held and trigger.release:
        held.release()
    time.sleep(trigger.delay)
    process.kill()
    report = process.wait()
    process.reap()
    if held:
        held.cancel()
    unknown = job.provider == "uniall" and "OutcomeUnknownError"
    assert report is None or report.error in (None, unknown), report
    return report is None


def _wait_for_trigger(
    process: JobProcess, held: InjectedFault | None, polled: Callable[[], bool]
) -> None:
    """Wait until a process has reached what its trigger names, or has exited."""
    end = time.monotonic() + HANG_SECONDS
    while not process.exited:
        if held.wait(0.005) if held else polled():
            return
        if time.monotonic() > end:
            raise HangError(
                f"its trigger was not reached within {HANG_SECONDS:g} s: {process.lines}"
            )
        time.sleep(0.001)


def phase_of(task: Task | None) -> str:
    """Return the phase a task is in, by its record."""
    if task is None:
        return "start"
    return "end" if task.file else PHASES[task.state]


def left_behind(job: Job, task: Task | None) -> str:
    """Describe what a killed process left behind."""
    if task is None:
        return "nothing recorded"
    if task.file:
        return "all recorded"
    if task.state == "sending":
        return f"sending, {'created' if job.bills() else 'nothing created'}"
    if task.state == "completed":
        if job.output.exists():
            return "completed, film in place"
        begun = any(job.output.parent.glob(".*.part"))
        return f"completed, {'film begun' if begun else 'nothing fetched'}"
    return task.state
