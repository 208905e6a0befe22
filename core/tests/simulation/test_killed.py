"""Stopped at any moment, and taken up again: one bill, no id lost, the file whole or absent.

Every moment of a job's life is tried, for every kind of provider: before and after each effect, and
between the pieces of the video.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST
from journal_memory import Memory, MemoryJournal
from life_process import Process, Run
from life_provider import KINDS
from life_world import Killed, World
from rushes import JournalError, OutcomeUnknownError, StillRunningError, Task
from rushes._submit.reconciling import REPLAYED_FOR

JOB = "job-1"


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process has written is there; only a power cut takes what was not synced."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def worlds(kind: str, tmp_path: Path) -> Iterator[World]:
    """Make worlds, one for each moment."""
    return (World(kind, tmp_path / str(number)) for number in range(100_000))


def moments(world: World, verb: Callable[[World], Run]) -> list[str]:
    """List every moment of a run that nothing befalls."""
    found: list[str] = []
    world.tick = found.append
    assert verb(world).over
    return found


def befalls(world: World, moment: int, error: BaseException) -> None:
    """Let an error come out of the moment that comes then."""
    left = [moment]

    def tick(_: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise error

    world.tick = tick


def generate(world: World) -> Run:
    return Process(world).start("generate", JOB, REQUEST).run()


def resume(world: World) -> Run:
    """Take the job up in a new process, as a person does: by its name, or by asking again."""
    verb, given = ("resume", JOB) if world.task(JOB) else ("generate", REQUEST)
    return Process(world).start(verb, JOB, given).run()


def again(world: World) -> Run:
    """Ask for the same job again in a new process."""
    return generate(world)


def can_tell(world: World, before: Task | None) -> bool:
    """Whether the provider lets us find out what became of a submit."""
    if before is None or before.state not in ("sending", "unknown"):
        return True
    kind, billed = world.kind, bool(world.provider.of(JOB))
    return bool(kind.replays or (kind.findable if billed else kind.rejects))


def judged(world: World, run: Run, before: Task | None, knows: bool) -> None:
    """Hold the end of a job to the laws; `before` is what the journal said when it was taken up."""
    bills, file = world.provider.of(JOB), world.output(JOB)
    assert not world.wrong
    assert len(bills) <= 1
    assert run.over
    if not knows:
        assert isinstance(run.error, OutcomeUnknownError)
        assert run.error.task == world.told[JOB][-1]
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


@pytest.mark.parametrize("taken_up", [resume, again])
def test_killed_at_any_moment(worlds: Iterator[World], taken_up: Callable[[World], Run]) -> None:
    world = next(worlds)
    total = len(moments(world, generate))
    assert total > 50
    unknown = 0
    for moment in range(total):
        world = next(worlds)
        befalls(world, moment, Killed())
        generate(world)
        before, knows = world.task(JOB), can_tell(world, world.task(JOB))
        judged(world, taken_up(world), before, knows)
        unknown += not knows
    assert (unknown == 0) == (world.kind.replays or (world.kind.rejects and world.kind.findable))


def test_killed_at_any_moment_and_taken_up_days_later(worlds: Iterator[World]) -> None:
    """No key is remembered by then: what cannot be found must not be sent again."""
    world = next(worlds)
    for moment in range(len(moments(world, generate))):
        world = next(worlds)
        befalls(world, moment, Killed())
        generate(world)
        world.now += 2 * REPLAYED_FOR
        before, billed = world.task(JOB), bool(world.provider.of(JOB))
        sent = before is not None and before.state == "sending"
        judged(world, resume(world), before, not sent or (world.kind.findable and billed))


def test_killed_at_any_moment_where_the_caller_keeps_the_tasks(worlds: Iterator[World]) -> None:
    """Without a journal the last task that `on_update` showed is enough to go on."""

    def alone(world: World, verb: str, given: Any) -> Run:
        return Process(world, keeps_journal=False).start(verb, JOB, given).run()

    world = next(worlds)
    total = len(moments(world, lambda world: alone(world, "generate", REQUEST)))
    assert total > 20
    for moment in range(total):
        world = next(worlds)
        befalls(world, moment, Killed())
        alone(world, "generate", REQUEST)
        told = world.told[JOB]
        before = told[-1] if told else None
        knows = can_tell(world, before)
        run = alone(world, "resume", told[-1]) if told else alone(world, "generate", REQUEST)
        judged(world, run, before, knows)


def test_killed_twice_at_any_moments(worlds: Iterator[World]) -> None:
    """What is after an effect is before the next: here each moment is tried once."""

    def killed_at(first: int) -> World:
        world = next(worlds)
        befalls(world, first, Killed())
        generate(world)
        return world

    world = next(worlds)
    for first in _once_each(moments(world, generate)):
        world = killed_at(first)
        for second in _once_each(moments(world, resume)):
            world = killed_at(first)
            befalls(world, second, Killed())
            resume(world)
            world.tick = lambda moment: None
            before, knows = world.task(JOB), can_tell(world, world.task(JOB))
            judged(world, resume(world), before, knows)


def _once_each(names: list[str]) -> list[int]:
    return [moment for moment, name in enumerate(names) if not name.startswith("after")]


@pytest.mark.parametrize("drops", [False, True], ids=["interrupted", "dropped"])
@pytest.mark.parametrize("verb", ["generate", "resume"])
def test_stopped_at_any_moment(worlds: Iterator[World], verb: str, drops: bool) -> None:
    """Ctrl-C is raised in the flow, which tidies up; one that nobody drives on is closed."""

    def begun() -> World:
        world = next(worlds)
        if verb == "resume":
            Process(world).start("submit", JOB, REQUEST).run()
        return world

    def goes(world: World) -> Run:
        given = REQUEST if verb == "generate" else JOB
        return Process(world).start(verb, JOB, given).run()

    for moment in range(len(moments(begun(), goes))):
        world = begun()
        error: BaseException = GeneratorExit() if drops else KeyboardInterrupt()
        befalls(world, moment, error)
        assert type(goes(world).error) is type(error)
        assert not list(world.folder.rglob("*.part"))
        assert not world.memory.owners
        before, knows = world.task(JOB), can_tell(world, world.task(JOB))
        if before is None or before.unfinished:
            judged(world, resume(world), before, knows)


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
    """That is said, with the task; what the caller or the journal knows is taken up later."""
    for write in count():
        world = next(worlds)
        process = Process(world)
        process.session.journal = journal = Failing(world.memory, write)
        run = process.start("generate", JOB, REQUEST).run()
        if journal.left >= 0:
            break
        assert isinstance(run.error, (JournalError, StillRunningError, OutcomeUnknownError))
        told = run.error.task
        if told and told.receipt and told.unfinished:  # the caller knows more than the journal
            judged(world, Process(world).start("resume", JOB, told).run(), told, True)
            continue
        before, knows = world.task(JOB), can_tell(world, world.task(JOB))
        judged(world, resume(world), before, knows)
    assert write > 5
