"""Killed at any point, and resumed: one bill, no id lost, the file whole or absent.

Every point of a job's life is tried for every kind of provider: before and after each effect, and
between the chunks of the video. Where there are two ways to go on, or to be stopped, each is tried
at every other point, unless all are (`nox -s whole`).
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST
from journal_memory import Memory, MemoryJournal
from rushes import JournalError, OutcomeUnknownError, StillRunningError, Task
from rushes._submit.reconciling import REPLAYED_FOR
from simulation_process import Process, Run
from simulation_provider import KINDS
from simulation_world import Killed, World

JOB = "job-1"


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill loses nothing that was written; only a power cut loses what was not synced."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def worlds(kind: str, tmp_path: Path) -> Iterator[World]:
    """Yield a new world for each kill point."""
    return (World(kind, tmp_path / str(number)) for number in range(100_000))


def kill_points(world: World, verb: Callable[[World], Run]) -> list[str]:
    """List every kill point of an undisturbed run."""
    found: list[str] = []
    world.tick = found.append
    assert verb(world).over
    return found


def inject(world: World, point: int, error: BaseException) -> None:
    """Raise an error at the kill point of this number."""
    left = [point]

    def tick(_: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise error

    world.tick = tick


def generate(world: World) -> Run:
    return Process(world).start("generate", JOB, REQUEST).run()


def resume(world: World) -> Run:
    """Continue the job in a new process, as a user does: by its name, or by asking again."""
    verb, given = ("resume", JOB) if world.task(JOB) else ("generate", REQUEST)
    return Process(world).start(verb, JOB, given).run()


def generate_again(world: World) -> Run:
    """Ask for the same job again in a new process."""
    return generate(world)


def outcome_is_knowable(world: World, before: Task | None) -> bool:
    """Return whether the provider lets us find out what became of a submit."""
    if before is None or before.state not in ("sending", "unknown"):
        return True
    kind, billed = world.kind, bool(world.provider.of(JOB))
    return bool(kind.replays or (kind.findable if billed else kind.rejects))


def assert_outcome(world: World, run: Run, before: Task | None, knowable: bool) -> None:
    """Check how a job ended; `before` is the record with which it was continued."""
    bills, file = world.provider.of(JOB), world.output(JOB)
    assert not world.violations
    assert len(bills) <= 1
    assert run.over
    if not knowable:
        assert isinstance(run.error, OutcomeUnknownError)
        assert run.error.task == world.updates[JOB][-1]
        assert (run.error.task and run.error.task.state) == "unknown"
        assert world.posts[JOB] == len(bills) or world.kind.rejects
        assert not file.exists()
        return
    assert run.error is None
    assert run.result == world.task(JOB) or not run.process.session.journal
    assert run.result
    assert run.result.file == str(file)
    assert len(bills) == 1
    assert file.read_bytes() == bills[0].video
    assert list(file.parent.iterdir()) == [file]
    assert run.result.remote_id == bills[0].ref
    if before and before.receipt:
        assert run.result.receipt == before.receipt


@pytest.mark.parametrize("continue_job", [resume, generate_again])
def test_killed_at_any_point(
    worlds: Iterator[World], continue_job: Callable[[World], Run], whole: bool
) -> None:
    world = next(worlds)
    total = len(kill_points(world, generate))
    assert total > 50
    unknown = 0
    for point in range(total) if whole else range(continue_job is resume, total, 2):
        world = next(worlds)
        inject(world, point, Killed())
        generate(world)
        before, knowable = world.task(JOB), outcome_is_knowable(world, world.task(JOB))
        assert_outcome(world, continue_job(world), before, knowable)
        unknown += not knowable
    assert (unknown == 0) == (world.kind.replays or (world.kind.rejects and world.kind.findable))


def test_killed_at_any_point_and_resumed_days_later(worlds: Iterator[World]) -> None:
    """By then the provider has forgotten keys: a submit must not be replayed, only looked up."""
    world = next(worlds)
    for point in range(len(kill_points(world, generate))):
        world = next(worlds)
        inject(world, point, Killed())
        generate(world)
        world.now += 2 * REPLAYED_FOR
        before, billed = world.task(JOB), bool(world.provider.of(JOB))
        sent = before is not None and before.state == "sending"
        assert_outcome(world, resume(world), before, not sent or (world.kind.findable and billed))


def test_killed_at_any_point_without_a_journal(worlds: Iterator[World]) -> None:
    """Without a journal the last task given to `on_update` is enough to continue."""

    def alone(world: World, verb: str, given: Any) -> Run:
        return Process(world, keeps_journal=False).start(verb, JOB, given).run()

    world = next(worlds)
    total = len(kill_points(world, lambda world: alone(world, "generate", REQUEST)))
    assert total > 20
    for point in range(total):
        world = next(worlds)
        inject(world, point, Killed())
        alone(world, "generate", REQUEST)
        updates = world.updates[JOB]
        before = updates[-1] if updates else None
        knowable = outcome_is_knowable(world, before)
        run = alone(world, "resume", updates[-1]) if updates else alone(world, "generate", REQUEST)
        assert_outcome(world, run, before, knowable)


EVERY = 8
"""Of the points of a second kill, one in this many is tried, in turn, unless all are."""


def test_killed_twice_at_any_points(worlds: Iterator[World], whole: bool) -> None:
    """After one effect is before the next, so each point is tried once."""

    def killed_at(first: int) -> World:
        world = next(worlds)
        inject(world, first, Killed())
        generate(world)
        return world

    world = next(worlds)
    for turn, first in enumerate(_once_each(kill_points(world, generate))):
        world = killed_at(first)
        seconds = _once_each(kill_points(world, resume))
        for second in seconds if whole else seconds[turn % EVERY :: EVERY]:
            world = killed_at(first)
            inject(world, second, Killed())
            resume(world)
            world.tick = lambda point: None
            before, knowable = world.task(JOB), outcome_is_knowable(world, world.task(JOB))
            assert_outcome(world, resume(world), before, knowable)


def _once_each(names: list[str]) -> list[int]:
    return [point for point, name in enumerate(names) if not name.startswith("after")]


@pytest.mark.parametrize("drops", [False, True], ids=["interrupted", "dropped"])
@pytest.mark.parametrize("verb", ["generate", "resume"])
def test_stopped_at_any_point(worlds: Iterator[World], verb: str, drops: bool, whole: bool) -> None:
    """Ctrl-C is raised in the flow, which cleans up; an abandoned flow is closed."""

    def new_world() -> World:
        world = next(worlds)
        if verb == "resume":
            Process(world).start("submit", JOB, REQUEST).run()
        return world

    def run_verb(world: World) -> Run:
        given = REQUEST if verb == "generate" else JOB
        return Process(world).start(verb, JOB, given).run()

    total = len(kill_points(new_world(), run_verb))
    for point in range(total) if whole else range(drops, total, 2):
        world = new_world()
        error: BaseException = GeneratorExit() if drops else KeyboardInterrupt()
        inject(world, point, error)
        assert type(run_verb(world).error) is type(error)
        assert not list(world.folder.rglob("*.part"))
        assert not world.memory.owners
        before, knowable = world.task(JOB), outcome_is_knowable(world, world.task(JOB))
        if before is None or before.unfinished:
            assert_outcome(world, resume(world), before, knowable)


class Failing(MemoryJournal):
    """A journal that is full at one of its writes."""

    def __init__(self, memory: Memory, write: int) -> None:
        super().__init__(memory)
        self.left = write

    def add(self, task: Task, claim: str | None = None) -> Task:
        self.count()
        return super().add(task, claim)

    def save(self, task: Task, claim: str | None = None) -> None:
        self.count()
        super().save(task, claim)

    def count(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise JournalError("the journal is full")


def test_the_journal_fails_at_any_write(worlds: Iterator[World]) -> None:
    """The error carries the task; the job continues from what the caller or the journal knows."""
    for write in count():
        world = next(worlds)
        process = Process(world)
        process.session.journal = journal = Failing(world.memory, write)
        run = process.start("generate", JOB, REQUEST).run()
        if journal.left >= 0:
            break
        assert isinstance(run.error, (JournalError, StillRunningError, OutcomeUnknownError))
        task = run.error.task
        if task and task.receipt and task.unfinished:  # the caller knows more than the journal does
            assert_outcome(world, Process(world).start("resume", JOB, task).run(), task, True)
            continue
        before, knowable = world.task(JOB), outcome_is_knowable(world, world.task(JOB))
        assert_outcome(world, resume(world), before, knowable)
    assert write > 5
