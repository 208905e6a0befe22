"""Lives of two jobs, walked at random: processes work on them at once, are stopped and killed.

The provider, the network and the clocks do what they may. After every step the laws are looked at;
at the end all faults are over, and every job that can be delivered is.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from life_faults import FAULTS, HARMFUL
from life_laws import broken_laws
from life_process import Process, Run
from life_provider import KINDS
from life_world import World
from rushes import (
    ConfigurationError,
    OutcomeUnknownError,
    RefusedError,
    Request,
    RequestError,
    ResultError,
    Task,
    TaskEndedError,
)
from rushes._submit.reconciling import REPLAYED_FOR

JOBS = ("one", "two")
OTHER = Request("A lamp in the rain")
PLACES = 3
NEVER = 3000
ENDS = {"broken": "failed", "stopped": "cancelled", "gone": "expired"}
"""What the provider's words mean for a clip that has no video."""


def befalling(route: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw what befalls the next calls of a kind, one after the other."""
    name = st.sampled_from(HARMFUL[route]) | st.sampled_from(sorted(FAULTS[route]))
    return st.lists(st.tuples(st.just(route), name), min_size=1, max_size=4)


faults = st.lists(st.sampled_from(sorted(FAULTS)).flatmap(befalling), max_size=3).map(
    lambda found: [fault for several in found for fault in several]
)
jobs, places = st.sampled_from(JOBS), st.integers(0, PLACES - 1)
steps = st.integers(0, 40) | st.just(NEVER)
timeouts = st.sampled_from([None, 0.0, 7.0, 60.0])


class Life(RuleBasedStateMachine):
    """Three places where a flow may be under way: two in one process, one in another."""

    @initialize(kind=st.sampled_from(sorted(KINDS)), faults=faults, steps=steps)
    def begins(self, kind: str, faults: list[tuple[str, str]], steps: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(kind, self.folder)
        self.processes = [Process(self.world), Process(self.world)]
        self.runs: list[Run | None] = [None] * PLACES
        self.start(0, "generate", "one", REQUEST, None)
        self.go(0, faults, steps)

    def go(self, place: int, faults: list[tuple[str, str]], steps: int) -> None:
        """Perform effects of the flow at a place."""
        for route, fault in faults:
            self.world.faults[route].append(FAULTS[route][fault])
        run = self.runs[place]
        if run is not None:
            run.run(steps)

    def start(self, place: int, verb: str, job: str, given: Any, timeout: float | None) -> Run:
        """Start a verb at a place; what was under way there is left alone to the end of time."""
        process = self.processes[place // 2]
        run = self.runs[place] = process.start(verb, job, given, timeout)
        return run

    @rule(
        place=places, verb=st.sampled_from(["submit", "generate"]), job=jobs, other=st.booleans(),
        timeout=timeouts, faults=faults, steps=steps,
    )  # fmt: skip
    def asks(
        self, place: int, verb: str, job: str, other: bool, timeout: float | None,
        faults: list[tuple[str, str]], steps: int,
    ) -> None:  # fmt: skip
        """Ask for a job, which may be known by this name already, or be another one."""
        busy = self.runs[place]
        if busy is None or busy.over:
            request = OTHER if other and self.world.task(job) else REQUEST
            busy = self.start(place, verb, job, request, timeout)
            if request is OTHER:
                busy.run()
                assert isinstance(busy.error, RequestError)
        self.go(place, faults, steps)

    @rule(
        place=places, verb=st.sampled_from(["resume", "wait", "fetch", "cancel"]), job=jobs,
        old=st.integers(0, 20), timeout=timeouts, faults=faults, steps=steps,
    )  # fmt: skip
    def takes_up(
        self, place: int, verb: str, job: str, old: int, timeout: float | None,
        faults: list[tuple[str, str]], steps: int,
    ) -> None:  # fmt: skip
        """Take a job up, by its name, or by what was told of it once."""
        busy = self.runs[place]
        if self.world.task(job) and (busy is None or busy.over):
            told = self.world.told[job]
            self.start(place, verb, job, told[old] if old < len(told) else job, timeout)
        self.go(place, faults, steps)

    @rule(place=places, job=jobs, lost=st.booleans(), steps=steps)
    def resolves(self, place: int, job: str, lost: bool, steps: int) -> None:
        """Say what became of a submit: the truth, where it is not given up."""
        busy, bills = self.runs[place], self.world.provider.of(job)
        if self.world.task(job) and (busy is None or busy.over) and (lost or bills):
            given = job if lost else bills[0].ref
            self.start(place, "lost" if lost else "found", job, given, None)
        self.go(place, [], steps)

    @rule(place=places, faults=faults, steps=steps)
    def goes_on(self, place: int, faults: list[tuple[str, str]], steps: int) -> None:
        self.go(place, faults, steps)

    @rule(place=places, performed=st.booleans(), steps=steps)
    def is_interrupted(self, place: int, performed: bool, steps: int) -> None:
        """Press Ctrl-C while an effect is performed: before it has happened, or after."""
        run = self.runs[place]
        if run is not None and not run.over:
            run.throw(KeyboardInterrupt(), performed=performed)
        self.go(place, [], steps)

    @rule(which=st.integers(0, 1))
    def is_killed(self, which: int) -> None:
        self.processes[which].kill()
        self.processes[which] = Process(self.world)

    @rule(seconds=st.sampled_from([1.0, 50.0, 700.0, 7200.0, 2 * REPLAYED_FOR]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(seconds=st.sampled_from([0.0, 5.0, 3600.0]))
    def somebody_sets_the_clock_back(self, seconds: float) -> None:
        self.world.set_back = seconds

    @rule(job=jobs, end=st.sampled_from(["broken", "stopped", "gone"]))
    def the_provider_ends_it(self, job: str, end: str) -> None:
        for clip in self.world.provider.of(job):
            if clip.end == "ready":
                clip.end, clip.looks = end, 2

    @rule()
    def what_was_late_arrives(self) -> None:
        self.world.arrive()

    @invariant()
    def the_laws_hold(self) -> None:
        broken = broken_laws(self.world, JOBS)
        assert not broken, broken

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.all_ends_well()
        finally:
            shutil.rmtree(self.folder)

    def all_ends_well(self) -> None:
        """When no fault is left, whoever takes a job up gets what can be had."""
        self.world.arrive()
        self.world.faults.clear()
        for process in self.processes:
            process.kill()
        for clip in self.world.provider.clips.values():
            clip.looks = max(clip.looks, 2)
        for job in JOBS:
            before = self.world.task(job)
            if before is None:
                continue
            bills = self.world.provider.of(job)
            run = Process(self.world).start("resume", job, job).run()
            self.the_laws_hold()
            assert run.over
            self.ends(job, before, bool(bills), run)

    def ends(self, job: str, before: Any, billed: bool, run: Run) -> None:
        """Hold the last end of a job to what it must be."""
        task, kind = self.world.task(job), self.world.kind
        bills = self.world.provider.of(job)
        assert task
        if task.state == "lost":
            assert isinstance(run.error, ConfigurationError)
        elif task.state == "refused":
            assert before.state == "refused"
            assert isinstance(run.error, RefusedError)
        elif task.state == "cancelled" and not bills:  # given up before it was sent
            assert before.state == "cancelled"
            assert isinstance(run.error, TaskEndedError)
        elif task.state == "unknown":
            assert isinstance(run.error, OutcomeUnknownError)
            remembered = self.world.now - self.world.set_back - before.created_at < REPLAYED_FOR
            assert not (kind.replays and remembered)
            assert not (kind.findable and billed)
            assert not (kind.rejects and remembered and not billed)
        elif task.state == "completed" and (before.file or bills[0].link in links(task)):
            assert run.error is None
            assert task.file == str(self.world.output(job))
            assert self.world.output(job).read_bytes() == bills[0].video
        elif task.state == "completed":
            # It was said to be ready, with links that lead nowhere, before it ended otherwise.
            assert isinstance(run.error, ResultError)
            assert str(run.error).endswith(f"now calls it {ENDS[bills[0].end]}")
            assert not task.file
        else:
            assert ENDS[bills[0].end] == task.state
            assert isinstance(run.error, TaskEndedError)


def links(task: Task) -> list[str | None]:
    """Return the addresses that a task's video is said to have."""
    return [result.url for result in task.results]


@pytest.fixture(autouse=True, scope="module")
def no_power_cut() -> Any:
    """What a killed process has written is there; only a power cut takes what was not synced."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=20)
