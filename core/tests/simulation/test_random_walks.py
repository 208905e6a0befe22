"""Random walks of two jobs: processes work on them concurrently, are stopped and killed.

The provider, the network and the clocks misbehave. The invariants are checked after every step; at
the end the faults stop, and every job that can be delivered must be.
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
from rushes._submit.reconciling import CLOCKS_DIFFER, REPLAYED_FOR
from simulation_faults import FAULTS, HARMFUL
from simulation_invariants import violated_invariants
from simulation_process import Process, Run
from simulation_provider import KINDS
from simulation_world import World

JOBS = ("one", "two")
OTHER = Request("A lamp in the rain")
SLOTS = 3
NEVER = 3000
ENDS = {"broken": "failed", "stopped": "cancelled", "gone": "expired"}
"""The states of the provider's final stages without a video."""


def draw_faults(route: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw the faults of the next calls of a kind."""
    name = st.sampled_from(HARMFUL[route]) | st.sampled_from(sorted(FAULTS[route]))
    return st.lists(st.tuples(st.just(route), name), min_size=1, max_size=4)


faults = st.lists(st.sampled_from(sorted(FAULTS)).flatmap(draw_faults), max_size=3).map(
    lambda found: [fault for several in found for fault in several]
)
jobs, slots = st.sampled_from(JOBS), st.integers(0, SLOTS - 1)
steps = st.integers(0, 40) | st.just(NEVER)
timeouts = st.sampled_from([None, 0.0, 7.0, 60.0])


class RandomWalk(RuleBasedStateMachine):
    """Three slots for a running flow: two in one process, one in another."""

    @initialize(kind=st.sampled_from(sorted(KINDS)), faults=faults, steps=steps)
    def begins(self, kind: str, faults: list[tuple[str, str]], steps: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(kind, self.folder)
        self.processes = [Process(self.world), Process(self.world)]
        self.runs: list[Run | None] = [None] * SLOTS
        self.start(0, "generate", "one", REQUEST, None)
        self.go(0, faults, steps)

    def go(self, slot: int, faults: list[tuple[str, str]], steps: int) -> None:
        """Perform effects of the flow in a slot."""
        for route, fault in faults:
            self.world.faults[route].append(FAULTS[route][fault])
        run = self.runs[slot]
        if run is not None:
            run.run(steps)

    def start(self, slot: int, verb: str, job: str, given: Any, timeout: float | None) -> Run:
        """Start a verb in a slot; a flow that was running there is abandoned."""
        process = self.processes[slot // 2]
        run = self.runs[slot] = process.start(verb, job, given, timeout)
        return run

    @rule(
        slot=slots, verb=st.sampled_from(["submit", "generate"]), job=jobs, other=st.booleans(),
        timeout=timeouts, faults=faults, steps=steps,
    )  # fmt: skip
    def asks(
        self, slot: int, verb: str, job: str, other: bool, timeout: float | None,
        faults: list[tuple[str, str]], steps: int,
    ) -> None:  # fmt: skip
        """Request a job; its reference may be in use, perhaps for another request."""
        busy = self.runs[slot]
        if busy is None or busy.over:
            request = OTHER if other and self.world.task(job) else REQUEST
            busy = self.start(slot, verb, job, request, timeout)
            if request is OTHER:
                busy.run()
                assert isinstance(busy.error, RequestError)
        self.go(slot, faults, steps)

    @rule(
        slot=slots, verb=st.sampled_from(["resume", "wait", "fetch", "cancel"]), job=jobs,
        old=st.integers(0, 20), timeout=timeouts, faults=faults, steps=steps,
    )  # fmt: skip
    def takes_up(
        self, slot: int, verb: str, job: str, old: int, timeout: float | None,
        faults: list[tuple[str, str]], steps: int,
    ) -> None:  # fmt: skip
        """Continue a job by its reference or by a task that was once reported."""
        busy = self.runs[slot]
        if self.world.task(job) and (busy is None or busy.over):
            updates = self.world.updates[job]
            self.start(slot, verb, job, updates[old] if old < len(updates) else job, timeout)
        self.go(slot, faults, steps)

    @rule(slot=slots, job=jobs, lost=st.booleans(), steps=steps)
    def resolves(self, slot: int, job: str, lost: bool, steps: int) -> None:
        """Resolve a submit truthfully, or give it up."""
        busy, bills = self.runs[slot], self.world.provider.of(job)
        if self.world.task(job) and (busy is None or busy.over) and (lost or bills):
            given = job if lost else bills[0].ref
            self.start(slot, "lost" if lost else "found", job, given, None)
        self.go(slot, [], steps)

    @rule(slot=slots, faults=faults, steps=steps)
    def goes_on(self, slot: int, faults: list[tuple[str, str]], steps: int) -> None:
        self.go(slot, faults, steps)

    @rule(slot=slots, performed=st.booleans(), steps=steps)
    def is_interrupted(self, slot: int, performed: bool, steps: int) -> None:
        """Press Ctrl-C during an effect: before it has happened, or after."""
        run = self.runs[slot]
        if run is not None and not run.over:
            run.throw(KeyboardInterrupt(), performed=performed)
        self.go(slot, [], steps)

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
                clip.end, clip.polls = end, 2

    @rule()
    def what_was_late_arrives(self) -> None:
        self.world.arrive()

    @invariant()
    def invariants_hold(self) -> None:
        broken = violated_invariants(self.world, JOBS)
        assert not broken, broken

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.check_final_outcomes()
        finally:
            shutil.rmtree(self.folder)

    def check_final_outcomes(self) -> None:
        """Resume every job once no fault is left, and check its final outcome."""
        self.world.arrive()
        self.world.faults.clear()
        for process in self.processes:
            process.kill()
        for clip in self.world.provider.clips.values():
            clip.polls = max(clip.polls, 2)
        for job in JOBS:
            before = self.world.task(job)
            if before is None:
                continue
            bills = self.world.provider.of(job)
            run = Process(self.world).start("resume", job, job).run()
            self.invariants_hold()
            assert run.over
            self.check_outcome(job, before, bool(bills), run)

    def check_outcome(self, job: str, before: Any, billed: bool, run: Run) -> None:
        """Check the final outcome of a job."""
        task, kind = self.world.task(job), self.world.kind
        bills = self.world.provider.of(job)
        assert task
        if task.state == "lost":
            assert isinstance(run.error, ConfigurationError)
        elif task.state == "refused":
            assert before.state == "refused"
            assert isinstance(run.error, RefusedError)
        elif task.state == "cancelled" and not bills:  # cancelled before it was sent
            assert before.state == "cancelled"
            assert isinstance(run.error, TaskEndedError)
        elif task.state == "unknown":
            assert isinstance(run.error, OutcomeUnknownError)
            # A call that seems to be from the future has no known age, and is not replayed.
            age = self.world.now - self.world.set_back - (before.sent_at or before.created_at)
            remembered = -CLOCKS_DIFFER < age < REPLAYED_FOR
            assert not (kind.replays and remembered)
            assert not (kind.findable and billed)
            assert not (kind.rejects and remembered and not billed)
        elif task.state == "completed" and (before.file or bills[0].link in links(task)):
            assert run.error is None
            assert task.file == str(self.world.output(job))
            assert self.world.output(job).read_bytes() == bills[0].video
        elif task.state == "completed":
            # It was reported ready with dead links before it ended otherwise.
            assert isinstance(run.error, ResultError)
            assert str(run.error).endswith(f"now calls it {ENDS[bills[0].end]}")
            assert not task.file
        else:
            assert ENDS[bills[0].end] == task.state
            assert isinstance(run.error, TaskEndedError)


def links(task: Task) -> list[str | None]:
    """Return the addresses of a task's video."""
    return [result.url for result in task.results]


@pytest.fixture(autouse=True, scope="module")
def no_power_cut() -> Any:
    """A kill loses nothing that was written; only a power cut loses what was not synced."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


TestRandomWalk = RandomWalk.TestCase
TestRandomWalk.settings = settings(stateful_step_count=20)
