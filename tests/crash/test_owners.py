"""Who takes over after a process was killed: exactly one other process, at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.fork_server import HANG_SECONDS, ForkServer, JobProcess
from crash.jobs import VARIANTS, Harness, Job

KILLED_AT = {
    "recorded, not sent": ("after add", "stall-before-create"),
    "in the download": ("before rename", "download-stall"),
}
"""Where the first process is killed, and the fault that holds up those that resume."""


@pytest.fixture(scope="module")
def other() -> Iterator[ForkServer]:
    """Return a second fork server, for two processes of one job at once."""
    with ForkServer() as fork_server:
        yield fork_server


def start_and_kill(harness: Harness, home: Path, task: str, provider: str, stop: str) -> Job:
    """Start a job and kill its process at a stopping point."""
    job = harness.job(home, task.replace(" ", "-"), provider)
    process = job.start("generate", stop=stop)
    process.wait_for("stopped")
    process.kill()
    process.reap()
    return job


def assert_succeeded(*processes: JobProcess) -> None:
    """Check that processes exited without an error."""
    for process in processes:
        report = process.wait()
        process.reap()
        assert report
        assert report.error is None, report


@pytest.mark.parametrize("provider", VARIANTS)
@pytest.mark.parametrize("where", KILLED_AT)
def test_two_resumes_at_once_do_the_work_of_one(
    where: str, provider: str, harness: Harness, other: ForkServer, tmp_path: Path
) -> None:
    stop, hold = KILLED_AT[where]
    job = start_and_kill(harness, tmp_path, f"two {stop} {provider}", provider, stop)
    before = job.call_counts()
    held = harness.sandbox.inject(hold, gateway=provider)
    first = job.start("resume")
    assert held.wait(HANG_SECONDS)
    second = job.start("resume", fork_server=other)
    second.wait_for("kept-out")
    held.release()
    assert_succeeded(first, second)
    after = job.call_counts() - before
    assert after["submit"] == (1 if where == "recorded, not sent" else 0)
    assert after["fetch"] == 1
    job.check_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
def test_two_resumes_that_race_send_once(
    provider: str, harness: Harness, other: ForkServer, tmp_path: Path
) -> None:
    for turn in range(3):
        job = start_and_kill(harness, tmp_path, f"race-{turn}-{provider}", provider, "after add")
        assert_succeeded(job.start("resume"), job.start("resume", fork_server=other))
        assert (job.call_counts()["submit"], job.call_counts()["fetch"]) == (1, 1)
        job.check_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
@pytest.mark.parametrize("where", KILLED_AT)
def test_when_the_first_is_killed_the_second_takes_over(
    where: str, provider: str, harness: Harness, other: ForkServer, tmp_path: Path
) -> None:
    """The first stays a zombie: its process id is still taken, but it holds nothing."""
    stop, hold = KILLED_AT[where]
    job = start_and_kill(harness, tmp_path, f"over {stop} {provider}", provider, stop)
    held = harness.sandbox.inject(hold, gateway=provider)
    first = job.start("resume")
    assert held.wait(HANG_SECONDS)
    second = job.start("resume", fork_server=other)
    second.wait_for("kept-out")
    first.kill()
    if where == "recorded, not sent" and provider == "uniall":
        report = second.wait()
        second.reap()
        assert report
        assert report.error == "OutcomeUnknownError"
        assert (job.call_counts()["submit"], job.bills()) == (1, [])
    else:
        assert_succeeded(second)
        job.check_delivered()
    first.reap()


LEASE = 1.0


@pytest.mark.parametrize("provider", VARIANTS)
def test_a_process_that_slept_past_its_lease_sends_nothing_when_it_wakes(
    provider: str, harness: Harness, other: ForkServer, tmp_path: Path
) -> None:
    """Meanwhile the user gives the job up and starts a new one."""
    job = harness.job(tmp_path, f"asleep-{provider}", provider)
    sleeper = job.start("generate", stop="after sending", lease=LEASE)
    sleeper.wait_until_suspended()
    for _ in range(100):
        giving_up = job.start("resolve", fork_server=other)
        report = giving_up.wait()
        giving_up.reap()
        assert report
        if report.error is None:
            break
        assert report.error == "OwnedElsewhereError"  # the lease still holds
    restarted = harness.job(tmp_path, f"restarted-{provider}", provider)
    assert_succeeded(restarted.start("generate", fork_server=other))
    sleeper.continue_suspended()
    report = sleeper.wait()
    sleeper.reap()
    assert report
    assert report.error == "OwnedElsewhereError", report
    assert (job.call_counts()["submit"], job.bills()) == (1, [])  # the one submit is the new job's
    restarted.check_delivered()


@pytest.mark.parametrize("provider", VARIANTS)
def test_a_process_that_slept_undisturbed_continues(
    provider: str, harness: Harness, tmp_path: Path
) -> None:
    job = harness.job(tmp_path, f"rested-{provider}", provider)
    sleeper = job.start("generate", stop="after sending", lease=LEASE)
    sleeper.wait_until_suspended()
    time.sleep(LEASE)  # sleeping for a whole lease is what is tested
    sleeper.continue_suspended()
    assert_succeeded(sleeper)
    assert job.call_counts()["submit"] == 1
    job.check_delivered()


def test_a_zombie_does_not_block_a_resume(
    harness: Harness, other: ForkServer, tmp_path: Path
) -> None:
    """If a program never waits for its children, a killed one keeps its process id."""
    job = harness.job(tmp_path, "zombie", "toapis")
    process = job.start("generate", stop="after queued")
    process.wait_for("stopped")
    process.kill()
    resuming = job.start("resume", fork_server=other)
    assert_succeeded(resuming)
    assert "kept-out" not in resuming.lines
    process.reap()
    job.check_delivered()
