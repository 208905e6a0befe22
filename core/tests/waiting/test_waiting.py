"""Polling a task: as often as the provider advises, however short the waits are."""

from contextlib import closing
from pathlib import Path

import pytest
from acme_driver import REQUEST, Maker, StoppedClock, journal_of
from acme_server import Server, answers, drops
from rushes import Polling, ResultError, StillRunningError, Task

ADVICE = Polling(first=5, every=10, at_most=600)


def test_short_waits_keep_to_the_polling_interval(make: Maker, server: Server) -> None:
    server.last = {"stage": "rendering", "done": "40%"}
    driver = make(polling=ADVICE, clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    seen = []
    for _ in range(20):  # like a user who asks every two seconds
        with pytest.raises(StillRunningError):
            driver.wait(task.id, timeout=0)
        seen.append(server.polls())
        driver.clock.advance(2)
    assert seen == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4]
    assert driver.slept == []
    server.last = None
    driver.clock.advance(10)
    assert driver.wait(task.id, timeout=0).state == "completed"


def test_a_wait_ends_at_its_timeout_and_reports_what_is_known(make: Maker, server: Server) -> None:
    server.last = {"stage": "rendering", "done": "40%"}
    driver = make(polling=ADVICE, clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(
        StillRunningError, match=r"queued; the provider has not been asked about it yet"
    ):
        driver.wait(task, timeout=3)
    assert (sum(driver.slept), server.polls()) == (3, 0)
    with pytest.raises(StillRunningError, match=r"in_progress, 50 %; .* last asked 2 s ago"):
        driver.wait(task.id, timeout=4)
    assert (sum(driver.slept), server.polls()) == (7, 1)
    driver.clock.advance(3600)
    with pytest.raises(StillRunningError, match=r"in_progress, 50 %; .* last asked just now"):
        driver.wait(task.id, timeout=0)
    assert server.polls() == 2


def test_a_retry_after_on_a_poll_is_obeyed_across_waits(make: Maker, server: Server) -> None:
    driver = make(polling=ADVICE, clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    server.on("GET /v1/clips", answers(503, retry_after="300"))
    driver.clock.advance(5)
    for wait in (0, 290):
        with pytest.raises(StillRunningError):
            driver.wait(task.id, timeout=wait)
    assert server.polls() == 1
    driver.clock.advance(11)
    with pytest.raises(StillRunningError):
        driver.wait(task.id, timeout=0)
    assert server.polls() == 2


def test_a_clock_that_was_set_back_does_not_delay_a_poll_for_days(
    make: Maker, server: Server
) -> None:
    server.last = {"stage": "rendering"}
    driver = make(polling=ADVICE, clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    driver.clock.advance(5)
    with pytest.raises(StillRunningError):
        driver.wait(task.id, timeout=0)
    driver.clock.advance(-10 * 24 * 3600)
    with pytest.raises(StillRunningError):
        driver.wait(task.id, timeout=3601)
    assert server.polls() > 1


def test_refresh_polls_once(make: Maker, server: Server) -> None:
    server.last = {"stage": "rendering", "done": "40%"}
    driver = make(polling=ADVICE, clock=StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    updates: list[Task] = []
    for count in (1, 2, 3):
        now = driver.refresh(task.id, on_update=updates.append)
        assert (now.state, server.polls()) == ("in_progress", count)
        assert driver.task(task.id) == now
    assert [task.progress for task in updates] == [50.0]
    server.on("GET /v1/clips", drops)
    with pytest.raises(StillRunningError, match=r"the last poll failed \("):
        driver.refresh(task.id)
    server.last = None
    done = driver.refresh(task.id)
    assert (done.state, done.file, len(done.results)) == ("completed", None, 1)
    done = driver.fetch(done)
    before = len(server.seen)
    assert driver.refresh(task.id) == done
    assert (len(server.seen), driver.slept) == (before, [])


def test_refresh_does_not_poll_a_task_that_another_process_follows(
    make: Maker, server: Server
) -> None:
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    with closing(journal_of(driver)) as journal:
        assert journal.claim(task.id, "another's")
        assert driver.refresh(task.id) == task
    assert server.polls() == 0


def test_each_state_is_reported_once_and_recorded_once(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver = make()
    updates: list[Task] = []
    done = driver.generate(
        "acme/zoom", REQUEST, output=tmp_path / "x.mp4", on_update=updates.append
    )
    states = ["recorded", "sending", "queued", "in_progress", "completed"]
    assert [task.state for task in updates] == states
    history = driver.history(done.id)
    assert [task.state for task in history] == states
    assert history[-1] == done == driver.task(done.id)
    assert done.file


def test_fetching_fresh_links_does_not_report_completed_again(make: Maker, server: Server) -> None:
    server.on("GET /files", *[answers(500)] * 5)
    driver = make()
    states: list[str] = []
    with pytest.raises(ResultError, match="could not be downloaded"):
        driver.generate(
            "acme/zoom", REQUEST, task="mine", on_update=lambda task: states.append(task.state)
        )
    server.stages = [{"stage": "ready", "links": [f"{server.url}/files/other.mp4"]}] * 9
    assert driver.resume("mine", on_update=lambda task: states.append(task.state)).file
    assert states.count("completed") == 1
