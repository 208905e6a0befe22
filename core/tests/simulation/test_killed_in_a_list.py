"""Several variants in order, killed at any point: never a second video, never two bills at one.

Whatever a provider and the network do, and wherever the process dies: if the second variant was
asked, the first one's job is verifiably over.
"""

import itertools
import os
from pathlib import Path

import msgspec
import pytest
from acme_driver import REQUEST
from hypothesis import given
from hypothesis import strategies as st
from rushes import Answer, RushesError, Variant
from rushes._plugins.registry import Registry
from simulation_faults import FAULTS, HARMFUL
from simulation_process import AT_MOST, Process, Run
from simulation_provider import KINDS, Provider, ProviderKind
from simulation_world import Killed, World

BOTH = ["acme/zoom", "acme/pan"]
OVER = {"broken": "failed", "gone": "expired"}


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda file: None)


class Pan(ProviderKind):
    """The second variant, of the same kind."""

    def __init__(self, kind: ProviderKind) -> None:
        declared: Variant = kind.declaration
        super().__init__(declared.idempotency, declared.look_up)
        self.declaration = msgspec.structs.replace(self.declaration, id="acme/pan")


REGISTRIES = {name: Registry(plugins=[kind, Pan(kind)]) for name, kind in KINDS.items()}


class Ends(Provider):
    """Its first job comes to this end."""

    end = "ready"

    def _created(self, job: str) -> Answer:
        answer = super()._created(job)
        for clip in self.clips.values():
            if not clip.job.endswith("-2") and clip.end == "ready":
                clip.end = self.end
        return answer


class ChainRun(Run):
    """A run that goes from task to task."""

    @property
    def owns(self) -> bool:
        return bool(self.process.session.owned)

    @owns.setter
    def owns(self, owns: bool) -> None:
        pass

    def sleep(self, seconds: float) -> None:
        self.world.now = max(self.world.now, self._since + seconds)

    def _check_end(self) -> None:
        if self.error is not None and not isinstance(self.error, (RushesError, KeyboardInterrupt)):
            self.world.violations.append(f"it ended with {self.error!r}")
        if self.process.session.owned:
            self.world.violations.append("it ended and owns a task still")


def world(kind: str, folder: Path, end: str = "ready") -> World:
    made = World(kind, folder)
    made.registry = REGISTRIES[kind]
    made.provider = provider = Ends(made.kind, lambda: made.now)
    provider.end = end
    return made


def generate(world: World, reference: str | None) -> ChainRun:
    """Give the command, in a new process."""
    process = Process(world)
    flow = process._jobs.generate(
        BOTH, REQUEST, reference, world.output("kite"), False, None,
        lambda task: process._updated(task.id, task),
    )  # fmt: skip
    return ChainRun(process, flow, "generate", "kite", AT_MOST).run()  # type: ignore[return-value]


def assert_safe(world: World) -> None:
    """Check that no job was paid twice, and no second one begun while the first may live."""
    assert not world.violations
    tasks = world.memory.tasks
    for name, posts in world.posts.items():
        assert len(world.provider.of(name)) <= 1, f"{name}: {posts} calls"
    for name in [name for name in tasks if name.endswith("-2")]:
        first = tasks[name.removesuffix("-2")]
        assert first.state in ("refused", "failed", "expired")
        ends = [clip.end for clip in world.provider.of(first.id)]
        assert [OVER[end] for end in ends] == ([] if first.state == "refused" else [first.state])
        assert [one.task for one in tasks[name].tried] == [first.id]
    ready = [clip for clip in world.provider.clips.values() if clip.end == "ready"]
    assert len(ready) <= 1


def points(world: World, reference: str | None) -> int:
    seen: list[str] = []
    world.tick = seen.append
    assert generate(world, reference).error is None
    return len(seen)


def kill_at(world: World, point: int) -> None:
    """Kill the process at the point of this number."""
    left = itertools.count(point, -1)

    def tick(_: str) -> None:
        if next(left) == 0:
            raise Killed

    world.tick = tick


@pytest.mark.parametrize("reference", ["kite", None])
@pytest.mark.parametrize("first", ["refused", *OVER])
@pytest.mark.parametrize("kind", ["none", "replay and look-up"])
def test_killed_at_any_point_a_repeat_goes_on(
    tmp_path: Path, kind: str, first: str, reference: str | None, whole: bool
) -> None:
    """Without a reference, too; unless it cannot be known what became of a submit."""

    def new(number: int) -> World:
        made = world(kind, tmp_path / str(number), first if first in OVER else "ready")
        if first == "refused":
            made.faults["POST clip"].append(FAULTS["POST clip"]["400"])
        return made

    unknown = 0
    every = 1 if whole or kind == "none" else 5
    for point in range(0, points(new(0), reference), every):
        made = new(point + 1)
        kill_at(made, point)
        generate(made, reference)
        made.tick = lambda point: None
        if reference is None and any(task.file for task in made.memory.tasks.values()):
            continue  # it was finished, and is a new job
        run = generate(made, reference)
        assert_safe(made)
        assert len(made.memory.tasks) <= 2, point
        if run.error is None:
            assert run.result
            assert run.result.file == str(made.output("kite"))
            if run.result.tried:
                assert run.result.tried[0].variant == "acme/zoom"
        else:
            unknown += 1
            assert type(run.error).__name__ == "OutcomeUnknownError"
            assert isinstance(run.error, RushesError)
            assert (run.error.task and run.error.task.state) == "unknown"
    assert bool(unknown) is (kind == "none")


FAULT = {route: st.sampled_from(names) for route, names in HARMFUL.items()}


@given(data=st.data())
def test_random_trouble_never_buys_a_second_video(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    end = data.draw(st.sampled_from(["ready", "broken", "gone", "stopped"]))
    made = world(kind, tmp_path_factory.mktemp("world"), end)
    reference: str | None = data.draw(st.sampled_from(["kite", None]))
    for route, faults in FAULT.items():
        for name in data.draw(st.lists(faults, max_size=4)):
            made.faults[route].append(FAULTS[route][name])
    for _ in range(data.draw(st.integers(1, 3))):
        kill_at(made, data.draw(st.integers(0, 120)))
        run = generate(made, reference)
        assert_safe(made)
        if run.result is not None:
            return  # from here on a repeat without a reference is a new job
        made.now += data.draw(st.sampled_from([0.0, 60.0, 3000.0]))
        made.arrive()
    made.tick = lambda point: None
    generate(made, reference)
    made.arrive()
    assert_safe(made)
