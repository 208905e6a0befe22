"""Faults while polling a task: tolerated, and never mistaken for its end."""

import threading
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from acme_declared import declared
from acme_driver import KEY, REQUEST, Maker, SteppingClock, StoppedClock
from acme_server import Behaviour, Server, answers, cuts, drops, stalls
from acme_zoom import Zoom
from rushes import (
    Answer,
    Call,
    Client,
    ConfigurationError,
    MissingKeyError,
    Polling,
    Receipt,
    ResultError,
    Steps,
    StillRunningError,
    Task,
    TaskEndedError,
    Timeouts,
    Variant,
    hookimpl,
)

BRIEF: dict[str, Behaviour] = {
    "500": answers(500),
    "502 HTML": answers(502, "<html>Bad gateway</html>"),
    "429": answers(429, retry_after="1"),
    "404": answers(404, {"error": {"message": "not found"}}),
    "402": answers(402),
    "dropped": drops,
    "stalled": stalls,
    "HTML": answers(200, "<html>"),
    "cut JSON": answers(200, '{"clip": {"sta'),
    "cut body": cuts(b'{"clip": {"stage": "ready"}}', 10),
    "empty": answers(200),
    "null": answers(200, "null"),
    "unknown word": answers(200, {"clip": {"stage": "pondering"}}),
    "another's task": answers(200, {"clip": {"ref": "c-99", "stage": "broken"}}),
    "a number for a word": answers(200, {"clip": {"stage": 3}}),
}


@pytest.mark.parametrize("fault", BRIEF)
def test_one_fault_is_tolerated(make: Maker, server: Server, fault: str) -> None:
    server.on("GET /v1/clips", BRIEF[fault])
    brief = Timeouts(read=0.5) if fault == "stalled" else Timeouts()
    task = make(timeouts=brief).resume(make().submit("acme/zoom", REQUEST))
    assert task.state == "completed"
    assert task.file
    assert server.posts() == 1


@pytest.mark.parametrize("fault", ["500", "unknown word", "404", "another's task", "dropped"])
def test_a_lasting_fault_does_not_end_the_task(make: Maker, server: Server, fault: str) -> None:
    server.on("GET /v1/clips", *[BRIEF[fault]] * 1000)
    driver = make(clock=SteppingClock())
    with pytest.raises(StillRunningError, match="the last poll failed") as caught:
        driver.generate("acme/zoom", REQUEST, timeout=100)
    assert caught.value.task is not None
    assert driver.task(caught.value.task.id).state == "queued"
    server.script.clear()
    assert driver.resume(caught.value.task.id).file
    assert server.posts() == 1


def test_another_client_resumes_after_a_timeout(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    server.stages = [{"stage": "rendering"}] * 1000
    with pytest.raises(StillRunningError) as caught:
        make(clock=SteppingClock()).generate(
            "acme/zoom", REQUEST, timeout=100, output=tmp_path / "kite.mp4"
        )
    assert caught.value.task is not None
    server.stages = []
    task = make().resume(caught.value.task.id)
    assert task.file == str(tmp_path / "kite.mp4")
    assert server.posts() == 1


@pytest.mark.parametrize("timeout", [0, -1, 0.0])
def test_a_timeout_of_zero_or_less_does_not_wait(
    make: Maker, server: Server, timeout: float
) -> None:
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError):
        driver.wait(task, timeout=timeout)


@pytest.mark.parametrize(
    ("stage", "state"), [("broken", "failed"), ("stopped", "cancelled"), ("gone", "expired")]
)
def test_a_task_that_the_provider_ended_keeps_the_reason(
    make: Maker, server: Server, stage: str, state: str
) -> None:
    server.stages = [{"stage": "rendering", "done": 40}, {"stage": stage, "why": "too windy"}]
    driver = make()
    with pytest.raises(TaskEndedError, match="too windy") as caught:
        driver.generate("acme/zoom", REQUEST)
    task = caught.value.task
    assert task is not None
    assert (task.state, task.error, task.progress) == (state, "too windy", 40)
    assert driver.task(task.id) == task
    assert driver.tasks(unfinished=True) == []
    calls = len(server.lines)
    with pytest.raises(TaskEndedError, match="too windy"):
        driver.resume(task.id)
    assert len(server.lines) == calls


def test_completed_without_a_video_is_a_result_error(make: Maker, server: Server) -> None:
    server.last = {"stage": "ready", "links": []}
    driver = make()
    with pytest.raises(ResultError, match="no address") as caught:
        driver.generate("acme/zoom", REQUEST)
    assert caught.value.task is not None
    assert driver.tasks(unfinished=True) == [caught.value.task]
    server.last = None
    assert driver.resume(caught.value.task.id).file


@pytest.mark.parametrize(
    ("done", "progress"),
    [("50%", 50), (None, None), (150, None), ("abc", None), (-3, None), ("7", 7), (True, None)],
)
def test_progress_is_a_percentage_or_nothing(
    make: Maker, server: Server, done: Any, progress: float | None
) -> None:
    server.stages = [{"stage": "rendering", "done": done}]
    seen: list[Task] = []
    make().generate("acme/zoom", REQUEST, on_update=seen.append)
    assert next(task.progress for task in seen if task.state == "in_progress") == progress


def test_progress_of_nan_is_ignored(make: Maker, server: Server) -> None:
    server.on("GET /v1/clips", answers(200, '{"clip":{"stage":"rendering","done":NaN}}'))
    assert make().generate("acme/zoom", REQUEST).progress == 100


def test_progress_within_a_state_only_grows(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "rendering", "done": done} for done in (10, 60, 60, 30)]
    seen: list[Task] = []
    make().generate("acme/zoom", REQUEST, on_update=seen.append)
    assert [task.progress for task in seen if task.state == "in_progress"] == [10, 60]


def test_a_status_never_goes_back(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "rendering", "done": 60}, {"stage": "waiting", "done": 5}]
    server.stages += [{"stage": "rendering", "done": 20}]
    seen: list[Task] = []
    make().generate("acme/zoom", REQUEST, on_update=seen.append)
    assert [task.progress for task in seen if task.state == "in_progress"] == [60]


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_refused_while_polling_keeps_the_task(
    make: Maker, server: Server, status: int
) -> None:
    server.on("GET /v1/clips", answers(status, {"error": {"message": KEY}}))
    driver = make()
    with pytest.raises(StillRunningError, match="key from the argument") as caught:
        driver.generate("acme/zoom", REQUEST)
    assert caught.value.task is not None
    assert KEY not in str(caught.value)
    assert make(keys={"acme": "another"}).resume(caught.value.task.id).file
    assert server.seen[-2][1]["authorization"] == "Bearer another"


def test_a_redirected_poll_is_tolerated_and_reported_if_it_lasts(
    make: Maker, server: Server
) -> None:
    redirect = answers(302, location=f"https://elsewhere.example/?{KEY}")
    server.on("GET /v1/clips", redirect, answers(304))
    assert make().generate("acme/zoom", REQUEST).file
    server.on("GET /v1/clips", *[redirect] * 1000)
    driver = make(clock=SteppingClock())
    with pytest.raises(StillRunningError, match=r"redirects to https://elsewhere") as caught:
        driver.generate("acme/zoom", REQUEST, timeout=100)
    assert KEY not in str(caught.value)
    server.script.clear()
    assert caught.value.task is not None
    assert driver.resume(caught.value.task.id).file


def test_resuming_without_a_key_says_so_and_changes_nothing(make: Maker, server: Server) -> None:
    task = make().submit("acme/zoom", REQUEST)
    driver = make(keys={})
    with pytest.raises(MissingKeyError, match="ACME_API_KEY"):
        driver.resume(task.id)
    assert driver.task(task.id) == task


def test_retry_after_is_obeyed_and_zero_makes_no_hot_loop(make: Maker, server: Server) -> None:
    status = {"clip": {"stage": "rendering"}}
    server.on("GET /v1/clips", answers(200, status, retry_after="7"))
    server.on("GET /v1/clips", answers(200, status, retry_after="0"))
    driver = make()
    driver.generate("acme/zoom", REQUEST)
    assert driver.slept[0] == 7
    assert driver.slept[1] == 1


def test_fetching_a_task_that_is_not_ready(make: Maker, server: Server) -> None:
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError):
        driver.fetch(task)


def test_cancelling(make: Maker, server: Server) -> None:
    driver = make()
    server.stages = [{"stage": "waiting"}, {"stage": "stopped"}]
    task = driver.cancel(driver.submit("acme/zoom", REQUEST))
    assert task.state == "cancelled"
    polled = "GET /v1/clips/c-1"
    assert server.lines[1:] == [polled, "DELETE /v1/clips/c-1", polled]
    with pytest.raises(ConfigurationError, match="nothing to cancel"):
        driver.cancel(task)
    server.on("DELETE", answers(409, {"message": f"too late, {KEY}"}))
    with pytest.raises(StillRunningError, match=r"did not cancel .*HTTP 409: too late") as caught:
        driver.cancel(driver.submit("acme/zoom", REQUEST))
    assert KEY not in str(caught.value)


def test_a_task_that_continues_despite_cancel_is_not_called_cancelled(
    make: Maker, server: Server
) -> None:
    server.stages = [{"stage": "waiting"}, {"stage": "rendering", "done": "50%"}]
    driver = make()
    task = driver.cancel(driver.submit("acme/zoom", REQUEST))
    assert task.state == "in_progress"
    assert driver.wait(task).state == "completed"


def test_a_task_that_has_ended_is_not_cancelled(make: Maker, server: Server) -> None:
    """At some providers the same call erases the task, with its video."""
    driver = make()
    server.stages = []
    task = driver.cancel(driver.submit("acme/zoom", REQUEST))
    assert task.state == "completed"
    assert not [line for line in server.lines if line.startswith("DELETE")]
    assert driver.fetch(task).file


@pytest.mark.parametrize("status", [404, 500, 200])
def test_nothing_is_cancelled_if_its_state_is_unknown(
    make: Maker, server: Server, status: int
) -> None:
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    server.on("GET /v1/clips", answers(status, {"error": {"message": "no"}}))
    with pytest.raises(StillRunningError, match="is not cancelled: it is unknown whether"):
        driver.cancel(task)
    assert not [line for line in server.lines if line.startswith("DELETE")]


def test_polling_stops_when_the_provider_has_not_known_the_task_for_long(
    make: Maker, server: Server
) -> None:
    server.on("GET /v1/clips", *[answers(404, {})] * 1000)
    driver = make(clock=SteppingClock())
    with pytest.raises(StillRunningError, match="every poll has been refused for 120 s") as caught:
        driver.generate("acme/zoom", REQUEST)
    server.script.clear()
    assert caught.value.task
    assert driver.resume(caught.value.task.id).file
    assert server.posts() == 1


@pytest.mark.parametrize(("timeout", "calls"), [(None, 3), (55, 4), (30, 3), (20, 2)])
def test_the_calls_of_a_poll_share_its_time(
    make: Maker, server: Server, timeout: float | None, calls: int
) -> None:
    """The first call has 30 seconds, the others have together as much, and none more than is left.

    A call takes 12 seconds here.
    """
    clock = StoppedClock()

    @hookimpl
    def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
        while True:
            yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))
            clock.advance(12)

    task = make().submit("acme/zoom", REQUEST)
    polling = Polling(first=0, every=60)
    driver = make(plugins=[declared(hooks=(poll,))], clock=clock, polling=polling)
    server.stages = [{"stage": "rendering"}] * 1000
    with pytest.raises(StillRunningError, match="the calls before it took all of its time"):
        driver.refresh(task) if timeout is None else driver.wait(task, timeout=timeout)
    assert server.lines.count("GET /v1/clips/c-1") == calls
    server.stages = []
    assert make().resume(task.id).file


def test_another_thread_can_stop_a_wait(server: Server, home: Path) -> None:
    stop = threading.Event()
    settings: Any = {"plugins": [Zoom()], "base_urls": {"acme": server.url}, "home": home}
    with Client(**settings, keys={"acme": KEY}, polling=Polling(first=3600)) as client:
        task = client.submit("acme/zoom", REQUEST)
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(StillRunningError, match="stopped waiting"):
            client.wait(task, stop=stop)
    assert "GET /v1/clips/c-1" not in server.lines


@pytest.mark.parametrize("word", ["broken", "stopped"])
def test_a_completed_task_that_is_later_called_failed_is_still_fetched(
    make: Maker, server: Server, word: str
) -> None:
    driver = make()
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    server.on("GET /v1/clips", answers(200, {"clip": {"ref": "c-1", "stage": word}}))
    assert driver.resume(task.id).file
    assert server.script["GET /v1/clips"] == deque()
