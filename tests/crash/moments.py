"""Random moments: where a process is killed is drawn from a seed, when it is killed from a clock.

The sandbox keeps an answer back, or is waited for until it was asked so often; then some random
time passes, and the process is killed wherever it is by then. What it did at that moment is read
from what it leaves behind.
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

from crash.jobs import PROMPTS, VARIANTS, Job, Stage
from crash.nursery import HANG, Hung, Nursery, Victim

LANES = 4
KINDS = ("start", *["submit"] * 3, *["poll"] * 2, *["fetch"] * 3, "anywhere")
"""What the kills are aimed at, in turn; where they fall is another matter."""
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
LEAST = 10
"""One kill in so many, at least, must have fallen into each of submit, poll and fetch."""


@dataclass(frozen=True)
class Moment:
    """When to kill: `delay` seconds after the process was born, or had come to something.

    `hold` is a fault that keeps an answer back; with `release` it lets go before the delay begins.
    `looks` is how many polls must have come in.
    """

    delay: float
    hold: str | None = None
    release: bool = False
    looks: int = 0


@dataclass(frozen=True)
class Plan:
    """One job: where, for what, and when its first process and then each resuming one is killed."""

    number: int
    provider: str
    prompt: int
    shared: bool
    moments: tuple[Moment, ...]


@dataclass
class Tally:
    """What came of all of it."""

    fell: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kills of first processes by phase, and by what the journal said."""
    resuming: Counter[str] = field(default_factory=Counter)
    """Kills of resuming processes, by phase."""
    survived: int = 0
    """Resuming processes that were done before their moment came."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How the jobs went on, by provider."""
    bills: Counter[int] = field(default_factory=Counter)
    """Jobs by how often they were billed."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in what came of one job."""
        for name in ("fell", "resuming", "outcomes", "bills"):
            getattr(self, name).update(getattr(other, name))
        self.survived += other.survived

    def phase(self, name: str) -> int:
        """Return how many first processes were killed in a phase."""
        return sum(count for (phase, _), count in self.fell.items() if phase == name)


def moment(draw: random.Random, kind: str) -> Moment:
    """Draw a moment of a kind."""
    if kind == "start":
        return Moment(draw.uniform(0, 0.03))
    if kind == "anywhere":
        return Moment(draw.uniform(0, 0.4))
    if kind == "poll" and draw.random() < 0.6:
        return Moment(draw.uniform(0, 0.04), looks=draw.randint(1, 5))
    hold = draw.choice(HOLDS[kind])
    return Moment(draw.uniform(0, 0.02), hold=hold, release=draw.random() < 0.4)


def plan(seed: int, number: int) -> Plan:
    """Draw one job; the same seed and number give the same again."""
    draw = random.Random(f"{seed}:{number}")
    moments = [moment(draw, KINDS[number % len(KINDS)])]
    while draw.random() < 0.3:
        moments.append(moment(draw, draw.choice(("anywhere", "submit", "poll", "fetch"))))
    return Plan(
        number=number,
        provider=draw.choice(list(VARIANTS)),
        prompt=draw.randrange(len(PROMPTS)),
        shared=draw.random() < 0.5,
        moments=tuple(moments),
    )


def run(numbers: Iterable[int], seed: int, folder: Path, films: Path) -> Tally:
    """Carry out the plans of these numbers, several side by side; tell what came of them."""
    _render(folder / "first", films)
    tally, lock, free = Tally(), threading.Lock(), iter(numbers)

    def lane() -> None:
        sandbox = Sandbox(queue_seconds=0.1, render_seconds=0.15, poll_after=None, folder=films)
        with sandbox, Nursery() as nursery:
            stage = Stage(sandbox, nursery)
            while True:
                with lock:
                    number = next(free, None)
                if number is None:
                    return
                one = plan(seed, number)
                try:
                    told = carry_out(stage, one, folder)
                except Exception as failure:  # noqa: BLE001 - told with the others at the end
                    tally.failures.append(f"{one}: {type(failure).__name__}: {failure}")
                    return  # what its processes are up to is not known
                with lock:
                    tally.add(told)

    with ThreadPoolExecutor(LANES) as lanes:
        for done in [lanes.submit(lane) for _ in range(LANES)]:
            done.result()
    return tally


def _render(home: Path, films: Path) -> None:
    """Have every film made before the first kill."""
    with Sandbox(queue_seconds=0, render_seconds=0, folder=films) as sandbox, Nursery() as nursery:
        stage = Stage(sandbox, nursery)
        for provider in VARIANTS:
            for prompt in range(len(PROMPTS)):
                stage.job(home, f"{provider}-{prompt}", provider, prompt).resume()


def carry_out(stage: Stage, plan: Plan, folder: Path) -> Tally:
    """Kill one job's processes as planned, judge what each leaves, and bring the job to its end."""
    tally = Tally()
    home = folder / ("shared" if plan.shared else f"home-{plan.number}")
    job = stage.job(home, f"job-{plan.number}", plan.provider, plan.prompt)
    for turn, when in enumerate(plan.moments):
        task = job.record()
        verb = "generate" if task is None else "resume"
        killed = kill_at_moment(job, verb, when)
        task = job.judge()
        said, phase = left(job, task), phase_of(task)
        if turn == 0:
            tally.fell[phase, said] += 1
        elif killed:
            tally.resuming[phase] += 1
        else:
            tally.survived += 1
    tally.outcomes[plan.provider, job.resume()] += 1
    tally.bills[len(job.bills())] += 1
    return tally


def kill_at_moment(job: Job, verb: str, when: Moment) -> bool:
    """Start a process and kill it at a moment; False where it had ended before."""
    before = job.seen()["look"]
    sandbox = job.stage.sandbox
    held = sandbox.inject(when.hold, gateway=job.provider) if when.hold else None
    victim = job.start(verb)
    _come(victim, held, lambda: job.seen()["look"] - before >= when.looks)
    if held and when.release:
        held.release()
    time.sleep(when.delay)
    victim.kill()
    ended = victim.ended()
    victim.bury()
    if held:
        held.cancel()
    unknown = job.provider == "uniall" and "OutcomeUnknownError"
    assert ended is None or ended.error in (None, unknown), ended
    return ended is None


def _come(victim: Victim, held: InjectedFault | None, looked: Callable[[], bool]) -> None:
    """Wait until a process is where its moment begins, or has ended."""
    end = time.monotonic() + HANG
    while not victim.dead:
        if held.wait(0.005) if held else looked():
            return
        if time.monotonic() > end:
            raise Hung(f"it came to nothing within {HANG:g} s: {victim.said}")
        time.sleep(0.001)


def phase_of(task: Task | None) -> str:
    """Say in what phase a task is, by its record."""
    if task is None:
        return "start"
    return "end" if task.file else PHASES[task.state]


def left(job: Job, task: Task | None) -> str:
    """Say what is known of a job whose process is dead."""
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
