"""Bugs found by the random walks, as short tests."""

import os
from pathlib import Path

import pytest
from acme_driver import REQUEST
from rushes import OutcomeUnknownError, RefusedError, ResultError, StillRunningError
from simulation_faults import FAULTS, clip
from simulation_invariants import violated_invariants
from simulation_process import Process
from simulation_world import World

JOB = "one"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(os, "fsync", lambda file: None)
    return World("look-up", tmp_path)


def inject(world: World, route: str, *names: str) -> None:
    world.faults[route].extend(FAULTS[route][name] for name in names)


def test_cancelling_with_an_outdated_task_loses_nothing(world: World) -> None:
    process = Process(world)
    process.start("generate", JOB, REQUEST).run()
    before = world.task(JOB)
    old = next(task for task in world.updates[JOB] if task.state == "queued")
    run = process.start("cancel", JOB, old).run()
    assert run.result == world.task(JOB) == before
    assert not violated_invariants(world, (JOB,))


def test_a_cancel_leaves_the_record_to_the_owner(world: World) -> None:
    """The owner sees the end and fetches the video while the cancel is under way."""
    process = Process(world)
    owner = process.start("generate", JOB, REQUEST)
    while not world.provider.of(JOB):
        owner.step()
    owner.step()
    other = Process(world).start("cancel", JOB, JOB)
    other.run(1)
    owner.run()
    other.run()
    task = world.task(JOB)
    assert task
    assert (task.state, task.file) == ("completed", str(world.output(JOB)))
    assert not violated_invariants(world, (JOB,))


@pytest.mark.parametrize("fault", ["not sent", "lost", "silent"])
def test_a_cancel_without_an_answer_says_so(world: World, fault: str) -> None:
    process = Process(world)
    process.start("submit", JOB, REQUEST).run()
    inject(world, "DELETE clip", fault)
    run = process.start("cancel", JOB, JOB).run()
    assert isinstance(run.error, StillRunningError)
    assert run.error.task == world.task(JOB)


@pytest.mark.parametrize("verb", ["resume", "wait", "cancel"])
def test_an_outdated_task_is_not_believed_although_its_clock_was_ahead(
    world: World, verb: str
) -> None:
    process = Process(world)
    run = process.start("submit", JOB, REQUEST)
    while not world.updates[JOB]:
        run.step()
    (old,) = world.updates[JOB]
    world.set_back = 3600.0
    run.run()
    assert (old.state, world.posts[JOB]) == ("recorded", 1)
    process.start(verb, JOB, old).run()
    assert world.posts[JOB] == 1
    assert not violated_invariants(world, (JOB,))


def test_links_are_not_forgotten_for_a_status_without_any(world: World) -> None:
    """The local file is gone; it is fetched again, the link fails, and the new status has none."""
    process = Process(world)
    process.start("generate", JOB, REQUEST).run()
    world.output(JOB).unlink()
    inject(world, "GET file", "410", "410")
    inject(world, "GET clip", "no link")
    assert isinstance(process.start("fetch", JOB, JOB).run().error, ResultError)
    generate_again = process.start("generate", JOB, REQUEST).run()
    assert generate_again.result
    assert generate_again.result.file == str(world.output(JOB))


@pytest.mark.parametrize(("end", "word"), [("broken", "failed"), ("stopped", "cancelled")])
def test_a_completed_task_with_a_dead_link_keeps_its_state(
    world: World, end: str, word: str
) -> None:
    """The error says that the link has expired, and what the provider calls the task now."""
    process = Process(world)
    inject(world, "GET clip", "a dead link")
    world.faults["GET clip"].append(clip(stage=end, why="fog"))
    error = process.start("generate", JOB, REQUEST).run().error
    now = f"the provider now calls it {word}"
    assert isinstance(error, ResultError)
    assert str(error).endswith(f"the link to the video has expired (HTTP 404); {now}: fog")
    assert error.task
    assert error.task == world.task(JOB)
    assert (error.task.state, error.task.error) == ("completed", f"{now}: fog")

    (billed,) = world.provider.of(JOB)
    billed.end, billed.polls = end, 2
    error = process.start("resume", JOB, JOB).run().error
    assert isinstance(error, ResultError)
    assert str(error).endswith(now)
    assert not violated_invariants(world, (JOB,))

    billed.end = "ready"
    task = process.start("resume", JOB, JOB).run().result
    assert task
    assert (task.file, task.error) == (str(world.output(JOB)), None)


def test_an_available_video_is_fetched_whatever_its_state_is_now(world: World) -> None:
    process = Process(world)
    process.start("submit", JOB, REQUEST).run()
    process.start("wait", JOB, JOB).run()
    (billed,) = world.provider.of(JOB)
    billed.end = "broken"
    task = process.start("resume", JOB, JOB).run().result
    assert task
    assert (task.file, task.error) == (str(world.output(JOB)), None)
    assert not violated_invariants(world, (JOB,))


def test_a_retry_after_on_the_last_day_of_the_calendar(world: World) -> None:
    inject(world, "POST clip", "429 by the last day")
    run = Process(world).start("submit", JOB, REQUEST).run()
    assert isinstance(run.error, RefusedError)
    assert "try again in" in str(run.error)


def test_a_content_range_with_a_huge_number(world: World) -> None:
    inject(world, "GET file", "a part of odd size")
    assert Process(world).start("generate", JOB, REQUEST).run().result


def test_after_the_clock_was_set_back_a_call_has_no_known_age(tmp_path: Path) -> None:
    """It is not replayed until the clock is past it again: the provider may have forgotten it."""
    world = World("reject", tmp_path)
    process = Process(world)
    run = process.start("submit", JOB, REQUEST)
    while not (task := world.task(JOB)) or task.state != "sending":
        run.step()
    process.kill()
    world.set_back = 3600.0
    process = Process(world)
    assert isinstance(process.start("resume", JOB, JOB).run().error, OutcomeUnknownError)
    assert world.posts[JOB] == 0
    world.now += 3600.0
    assert process.start("resume", JOB, JOB).run().result
    assert world.posts[JOB] == len(world.provider.of(JOB)) == 1
