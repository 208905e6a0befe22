"""Who goes on where a process was killed: one other, at once, however many want to."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.jobs import VARIANTS, Job, Stage
from crash.nursery import HANG, Nursery, Victim

SENT_BY = {
    "recorded, not sent": ("after add", "stall-before-create"),
    "in the download": ("before rename", "download-stall"),
}
"""Where the first process is killed, and what the provider keeps back from those that resume."""


@pytest.fixture(scope="module")
def other() -> Iterator[Nursery]:
    """A second nursery: two processes of one job at once."""
    with Nursery() as nursery:
        yield nursery


def killed(stage: Stage, home: Path, task: str, provider: str, stop: str) -> Job:
    """Think of a job and kill its process at a stop."""
    job = stage.job(home, task, provider)
    victim = job.start("generate", stop=stop)
    victim.hear("stopped")
    victim.kill()
    victim.bury()
    return job


def well(*victims: Victim) -> None:
    """Check that processes ended, without an error."""
    for victim in victims:
        ended = victim.ended()
        victim.bury()
        assert ended
        assert ended.error is None, ended


@pytest.mark.parametrize("provider", VARIANTS)
@pytest.mark.parametrize("where", SENT_BY)
def test_two_resumes_at_once_do_the_work_of_one(
    where: str, provider: str, stage: Stage, other: Nursery, tmp_path: Path
) -> None:
    stop, hold = SENT_BY[where]
    job = killed(stage, tmp_path, f"two {stop} {provider}".replace(" ", "-"), provider, stop)
    before = job.seen()
    held = stage.sandbox.inject(hold, gateway=provider)
    first = job.start("resume")
    assert held.wait(HANG)
    second = job.start("resume", nursery=other)
    second.hear("kept-out")
    held.release()
    well(first, second)
    after = job.seen() - before
    assert after["submit"] == (1 if where == "recorded, not sent" else 0)
    assert after["fetch"] == 1
    job.judge_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
def test_two_resumes_that_race_send_once(
    provider: str, stage: Stage, other: Nursery, tmp_path: Path
) -> None:
    for turn in range(3):
        job = killed(stage, tmp_path, f"race-{turn}-{provider}", provider, "after add")
        well(job.start("resume"), job.start("resume", nursery=other))
        assert (job.seen()["submit"], job.seen()["fetch"]) == (1, 1)
        job.judge_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
@pytest.mark.parametrize("where", SENT_BY)
def test_when_the_first_is_killed_the_second_takes_over(
    where: str, provider: str, stage: Stage, other: Nursery, tmp_path: Path
) -> None:
    """The first stays a zombie: its process id is taken, and yet it holds nothing."""
    stop, hold = SENT_BY[where]
    job = killed(stage, tmp_path, f"over {stop} {provider}".replace(" ", "-"), provider, stop)
    held = stage.sandbox.inject(hold, gateway=provider)
    first = job.start("resume")
    assert held.wait(HANG)
    second = job.start("resume", nursery=other)
    second.hear("kept-out")
    first.kill()
    if where == "recorded, not sent" and provider == "uniall":
        ended = second.ended()
        second.bury()
        assert ended
        assert ended.error == "OutcomeUnknownError"
        assert (job.seen()["submit"], job.bills()) == (1, [])
    else:
        well(second)
        job.judge_delivered()
    first.bury()


LEASE = 1.0


@pytest.mark.parametrize("provider", VARIANTS)
def test_one_that_slept_past_its_lease_sends_nothing_when_it_wakes(
    provider: str, stage: Stage, other: Nursery, tmp_path: Path
) -> None:
    """The user gives its job up meanwhile, and orders anew."""
    job = stage.job(tmp_path, f"asleep-{provider}", provider)
    sleeper = job.start("generate", stop="after sending", lease=LEASE)
    sleeper.sleep()
    for _ in range(100):
        giving_up = job.start("resolve", nursery=other)
        ended = giving_up.ended()
        giving_up.bury()
        assert ended
        if ended.error is None:
            break
        assert ended.error == "StillRunningError"  # the lease lasts
    anew = stage.job(tmp_path, f"anew-{provider}", provider)
    well(anew.start("generate", nursery=other))
    sleeper.wake()
    ended = sleeper.ended()
    sleeper.bury()
    assert ended
    assert ended.error == "StillRunningError", ended
    assert (job.seen()["submit"], job.bills()) == (1, [])  # the one is the new order's
    anew.judge_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
def test_one_that_slept_and_was_left_alone_goes_on(
    provider: str, stage: Stage, tmp_path: Path
) -> None:
    job = stage.job(tmp_path, f"rested-{provider}", provider)
    sleeper = job.start("generate", stop="after sending", lease=LEASE)
    sleeper.sleep()
    time.sleep(LEASE)  # how long it sleeps is what this is about
    sleeper.wake()
    well(sleeper)
    assert job.seen()["submit"] == 1
    job.judge_delivered()


def test_a_zombie_holds_nothing_up(stage: Stage, other: Nursery, tmp_path: Path) -> None:
    """A program may never ask after its children; a killed one then keeps its process id."""
    job = stage.job(tmp_path, "zombie", "toapis")
    victim = job.start("generate", stop="after queued")
    victim.hear("stopped")
    victim.kill()
    resuming = job.start("resume", nursery=other)
    well(resuming)
    assert "kept-out" not in resuming.said
    victim.bury()
    job.judge_delivered()
