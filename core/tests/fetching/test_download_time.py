"""A download that is too slow is retried; one that we stop for lack of time is still running."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST, Driver, Maker, SteppingClock, StoppedClock
from acme_server import VIDEO, Behaviour, Handler, Server, answers, drops, stalls
from bare_session import make_session
from journal_tasks import with_results
from rushes import Answer, ResultError, StillRunningError, Task, Timeouts
from rushes._fetch.download import ATTEMPTS, MAX_RESULTS, fetch
from rushes._fetch.part_file import MEASURED_OVER, MIN_SPEED, PartFile
from rushes._flow import Do, Interrupted, Sleep, Stalled, Stream, drive


class Clock:
    """Moves when a test moves it, and by `step` whenever it is read."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def begun(folder: Path, clock: Clock, end: float = math.inf) -> PartFile:
    part = PartFile(folder / "x.mp4", "kite", elapsed=clock, end=end)
    part.begin(Answer(200, {"content-length": "1000000", "etag": '"v1"'}))
    return part


def test_a_download_below_the_least_speed_has_stalled(tmp_path: Path) -> None:
    clock = Clock()
    part = begun(tmp_path, clock)
    share = bytes(MIN_SPEED)
    for _ in range(3 * int(MEASURED_OVER)):  # just fast enough
        clock.now += 1
        part.write(share)
    for _ in range(int(MEASURED_OVER) - 1):
        clock.now += 1
        part.write(share[1:])
    clock.now += 1
    with pytest.raises(Stalled, match="less than 1,024 per second"):
        part.write(share[1:])
    # What arrived is kept, and the next attempt is measured afresh.
    size = part.size
    assert part.headers()["Range"] == f"bytes={size}-"
    content_range = f"bytes {size}-999999/1000000"
    part.begin(Answer(206, {"content-range": content_range, "etag": '"v1"'}))
    clock.now += MEASURED_OVER - 1
    part.write(b"x")
    clock.now += 1
    with pytest.raises(Stalled):
        part.write(b"x")
    part.discard()


def test_a_fast_start_does_not_make_up_for_a_slow_rest(tmp_path: Path) -> None:
    clock = Clock()
    part = begun(tmp_path, clock)
    part.write(bytes(500_000))
    clock.now += MEASURED_OVER
    part.write(b"x")
    clock.now += MEASURED_OVER
    with pytest.raises(Stalled):
        part.write(b"x")
    part.discard()


def test_a_complete_file_is_neither_too_slow_nor_too_late(tmp_path: Path) -> None:
    clock = Clock()
    part = begun(tmp_path, clock, end=500)
    part.write(bytes(999_000))
    clock.now += 1000
    part.write(bytes(1000))
    assert part.missing is None
    part.discard()


def test_nothing_is_accepted_after_the_deadline(tmp_path: Path) -> None:
    clock = Clock()
    part = begun(tmp_path, clock, end=5)
    part.write(b"x")
    clock.now = 5
    with pytest.raises(Interrupted, match="time for the download is over"):
        part.write(b"x")
    part.discard()


def completed(driver: Driver) -> Task:
    return driver.wait(driver.submit("acme/zoom", REQUEST))


def drips(handler: Handler) -> None:
    """Send the whole video, one byte every 10 ms."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(VIDEO)))
    handler.send_header("ETag", '"v1"')
    handler.end_headers()
    for byte in VIDEO:
        if handler.server.release.wait(0.01):
            return
        handler.wfile.write(bytes([byte]))


def test_a_slow_download_is_continued_where_it_stopped(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    task = completed(make())
    clock = SteppingClock(5)  # after ten readings the speed is judged
    driver = make(timeouts=Timeouts(download=100_000), clock=clock)
    server.on("GET /files", drips)
    done = driver.fetch(task, tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO
    assert done.file_bytes == len(VIDEO)
    files = [headers for line, headers, _ in server.seen if "/files/" in line]
    assert len(files) == 2
    assert 1 <= int(files[1]["range"].removeprefix("bytes=").rstrip("-")) < 20


@pytest.mark.parametrize("behaviour", [drips, stalls])
def test_a_download_that_always_stalls_can_be_resumed(
    make: Maker, server: Server, tmp_path: Path, behaviour: Behaviour
) -> None:
    task = completed(make())
    driver = make(timeouts=Timeouts(read=0.2, download=100_000), clock=SteppingClock(5))
    server.on("GET /files", *[behaviour] * 9)
    with pytest.raises(StillRunningError, match=r"downloaded in 5 attempts.*resume it") as caught:
        driver.fetch(task, tmp_path / "x.mp4")
    assert caught.value.task is not None
    assert caught.value.task.state == "completed"
    assert sum("/files/" in line for line in server.lines) == ATTEMPTS
    assert list(tmp_path.glob("*.mp4")) == []
    assert list(tmp_path.glob(".*.part")) == []
    server.script.clear()
    assert driver.resume(task.id, output=tmp_path / "x.mp4").file


@pytest.mark.parametrize("behaviour", [drops, answers(500)])
def test_a_download_that_stalls_and_then_fails_has_failed(
    make: Maker, server: Server, tmp_path: Path, behaviour: Behaviour
) -> None:
    driver = make(timeouts=Timeouts(read=0.2))
    task = completed(driver)
    server.on("GET /files", stalls, *[behaviour] * 9)
    with pytest.raises(ResultError):
        driver.fetch(task, tmp_path / "x.mp4")


Perform = Callable[[Any], Any]


@pytest.fixture
def fetching(tmp_path: Path) -> Any:
    """Fetch on a clock that the test moves; the test supplies the outcome of each download."""
    clock = StoppedClock()
    session = make_session(tmp_path, clock=clock)

    def run(task: Task, stream: Perform, end: float | None = None) -> Task:
        def perform(effect: Any) -> Any:
            if isinstance(effect, Stream):
                return stream(effect)
            if isinstance(effect, Sleep):
                clock.advance(effect.seconds)
            return effect.work() if isinstance(effect, Do) else None

        loaded = session.registry.get("acme/zoom")
        place = tmp_path / "x.mp4"
        flow = fetch(session, loaded, task, place, None, overwrite=True, end=end)
        return drive(flow, perform, lambda error: None)

    run.clock = clock  # type: ignore[attr-defined]
    return run


def test_the_callers_timeout_beats_a_longer_download_timeout(fetching: Any) -> None:
    seen: list[tuple[float, float | None]] = []

    def stream(effect: Stream) -> Answer:
        seen.append((effect.total, effect.patience))
        fetching.clock.advance(10)
        raise Interrupted("cut")

    with pytest.raises(StillRunningError, match=r"within 25 seconds: cut") as caught:
        fetching(with_results("https://cdn.example/x"), stream, end=25.0)
    assert caught.value.task is not None
    assert seen[0] == (25.0, 25.0)
    assert len(seen) == 3
    assert all(total == patience and 0 < total <= 25 for total, patience in seen)


def test_without_time_left_nothing_is_requested(fetching: Any) -> None:
    fetching.clock.advance(9)
    with pytest.raises(StillRunningError, match=r"within 0 seconds: no time was left"):
        fetching(with_results("https://cdn.example/x"), None, end=5.0)


def test_only_the_first_of_very_many_results_are_tried(fetching: Any) -> None:
    tried: list[str] = []

    def stream(effect: Stream) -> Answer:
        tried.append(effect.call.url)
        return Answer(302, {"location": "file:///x"})

    urls = [f"https://cdn.example/{number}" for number in range(30_000)]
    with pytest.raises(ResultError, match=r"of 30,000 results, the first 10 were tried"):
        fetching(with_results(*urls), stream)
    assert tried == urls[:MAX_RESULTS]


def test_the_deadline_is_checked_between_results(fetching: Any) -> None:
    tried: list[str] = []

    def stream(effect: Stream) -> Answer:
        tried.append(effect.call.url)
        fetching.clock.advance(10)
        return Answer(302, {"location": "file:///x"})

    with pytest.raises(StillRunningError, match="within 25 seconds"):
        fetching(with_results(*(f"https://cdn.example/{n}" for n in range(9))), stream, end=25.0)
    assert len(tried) == 3


def test_waiting_for_a_connection_does_not_extend_the_deadline(fetching: Any) -> None:
    """The time spent waiting is not added to the download's."""

    def stream(effect: Stream) -> Answer:
        effect.sink.begin(Answer(200, {"content-length": str(len(VIDEO))}))
        for at in range(0, len(VIDEO), 100):
            fetching.clock.advance(1)
            effect.sink.write(VIDEO[at : at + 100])
        return Answer(200)

    with pytest.raises(StillRunningError, match="time for the download is over"):
        fetching(with_results("https://cdn.example/x"), stream, end=5.0)
