"""Thousands wait on one event loop: what each of them costs, and in which order they go on."""

import asyncio
import gc
import itertools
import os
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from rushes import AsyncClient, DiskError, Polling, SQLiteJournal, Task
from rushes._fetch.target import writable
from rushes._network.alarms import Alarms
from rushes.testing import Network
from stalled_phases import wait_until_async

JOBS = 200
LATER = Polling(first=3600, every=3600, at_most=1e6)


class Provider(Network):
    """Accepts every job, and is never done."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def _next(self, request: Any) -> Any:
        self.calls.clear()
        if request.method == "POST":
            return {"clip": {"ref": f"c-{next(self._numbers)}"}}
        return {"clip": {"ref": request.url.path.rpartition("/")[2], "stage": "rendering"}}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SQLiteJournal]:
    with closing(SQLiteJournal(tmp_path / "journal.db")) as journal:
        yield journal


@pytest.fixture
def settings(journal: SQLiteJournal, tmp_path: Path) -> dict[str, Any]:
    return {
        "plugins": [Zoom()],
        "keys": {"acme": "a-key-of-no-value"},
        "base_urls": {"acme": "https://api.acme.example"},
        "transport": Provider(),
        "journal": journal,
        "polling": LATER,
        "home": tmp_path,
    }


def pausing(client: AsyncClient) -> int:
    """Return how many flows of a client sleep."""
    pauses = vars(client).get("_alarms")
    return len(pauses._waiting) if pauses else 0


async def ended(tasks: list["asyncio.Task[Any]"]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# What one costs


async def waited_for(client: AsyncClient) -> None:
    task = await client.submit("acme/zoom", REQUEST)
    await client.wait(task)


async def waited_for_by_reference(client: AsyncClient) -> None:
    reference = (await client.submit("acme/zoom", REQUEST)).id
    await client.wait(reference)


async def generated(client: AsyncClient) -> None:
    await client.generate("acme/zoom", REQUEST)


async def resumed(client: AsyncClient) -> None:
    reference = (await client.submit("acme/zoom", REQUEST)).id
    await client.resume(reference)


@pytest.mark.parametrize(
    ("job", "first", "most"),
    [
        (waited_for, 3600, 3.8),
        (waited_for, 0, 4.1),
        (waited_for_by_reference, 3600, 4.1),
        (waited_for_by_reference, 0, 4.2),
        (generated, 3600, 4.0),
        (generated, 0, 4.1),
        (resumed, 3600, 4.3),
    ],
)
def test_a_waiting_task_takes_a_few_kilobytes(
    settings: dict[str, Any],
    job: Callable[[AsyncClient], Coroutine[Any, Any, None]],
    first: float,
    most: float,
) -> None:
    """With its record, its claim, and the caller's own asyncio.Task and record.

    One that was polled before has another record than the caller.
    """
    settings["polling"] = Polling(first=first, every=3600, at_most=1e6)

    async def run() -> float:
        async with AsyncClient(**settings) as client:
            first = [asyncio.ensure_future(job(client)) for _ in range(5)]
            await wait_until_async(lambda: pausing(client) == 5)
            gc.collect()
            tracemalloc.start()
            try:
                jobs = [asyncio.ensure_future(job(client)) for _ in range(JOBS)]
                await wait_until_async(lambda: pausing(client) == 5 + JOBS)
                gc.collect()
                size, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            await ended([*first, *jobs])
        return size / JOBS / 1024

    # What the journal's thread has in hand counts, too; on a busy machine it may be much, once.
    assert any(asyncio.run(run()) < most for _ in range(3))


def test_many_pauses_have_one_timer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> int:
        async with AsyncClient(**settings) as client:
            tasks = [await client.submit("acme/zoom", REQUEST) for _ in range(20)]
            loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
            set_timer = loop.call_at

            def counting(*arguments: Any, **named: Any) -> asyncio.TimerHandle:
                timers.append(set_timer(*arguments, **named))
                return timers[-1]

            monkeypatch.setattr(loop, "call_at", counting)
            waiting = [asyncio.ensure_future(client.wait(task)) for task in tasks]
            await wait_until_async(lambda: pausing(client) == 20)
            far = loop.time() + 1000
            left = [one for one in timers if not one.cancelled() and one.when() > far]
            await ended(waiting)
        return len(left)

    assert asyncio.run(run()) == 1


class Recorded(SQLiteJournal):
    """Lists what it is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[str] = []

    def begin(self, method: str, *arguments: Any) -> Any:
        self.asked.append(method)
        return super().begin(method, *arguments)


def test_the_journal_is_asked_only_what_must_be_known(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    journal = Recorded(tmp_path / "other.db")

    async def run() -> None:
        async with AsyncClient(**{**settings, "journal": journal}) as client:
            task = await client.submit("acme/zoom", REQUEST)
            assert journal.asked == ["take_up_or_add", "save", "conclude"]
            journal.asked.clear()
            waiting = asyncio.ensure_future(client.wait(task))
            await wait_until_async(lambda: pausing(client) == 1)
            assert journal.asked == ["claim"]
            await ended([waiting])
        assert journal.asked == ["claim", "release"]

    asyncio.run(run())


def test_a_task_of_another_journal_is_recorded_first(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    async def run() -> Task:
        async with AsyncClient(**settings) as client:
            return await client.submit("acme/zoom", REQUEST)

    async def elsewhere(task: Task) -> None:
        with closing(SQLiteJournal(tmp_path / "other.db")) as other:
            async with AsyncClient(**{**settings, "journal": other}) as client:
                waiting = asyncio.ensure_future(client.wait(task))
                await wait_until_async(lambda: pausing(client) == 1)
                assert [found.id for found in other.tasks()] == [task.id]
                assert other.claim(task.id, "another") is None
                await ended([waiting])

    asyncio.run(elsewhere(asyncio.run(run())))


def test_a_cancelled_wait_releases_its_claim(
    settings: dict[str, Any], journal: SQLiteJournal
) -> None:
    async def run() -> None:
        async with AsyncClient(**settings) as client:
            task = await client.submit("acme/zoom", REQUEST)
            waiting = asyncio.ensure_future(client.wait(task))
            await wait_until_async(lambda: pausing(client) == 1)
            assert journal.claim(task.id, "another") is None
            await ended([waiting])
            assert journal.claim(task.id, "another") is not None

    asyncio.run(run())


# Where videos are written


def test_jobs_that_begin_together_test_the_folder_once(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tested: list[Path] = []

    def counted(session: Any, target: Path, *, overwrite: bool) -> None:
        tested.append(target)
        writable(session, target, overwrite=overwrite)

    monkeypatch.setattr("rushes._submit.sending.writable", counted)
    monkeypatch.setattr("rushes._submit.sending.STILL_ROOM", 1e6)

    async def run(client: AsyncClient, **more: Any) -> None:
        submits = [client.submit("acme/zoom", REQUEST, **more) for _ in range(20)]
        await asyncio.gather(*submits)

    async def all_runs() -> None:
        async with AsyncClient(**settings) as client:
            await run(client)
            assert len(tested) == 1
            await run(client)
            assert len(tested) == 1
            await run(client, output=f"{settings['home']}/mine/")
        assert len(tested) == 21

    asyncio.run(all_runs())


@pytest.mark.skipif(os.name == "nt", reason="folders have other rights there")
def test_a_folder_that_cannot_be_written_stops_all(settings: dict[str, Any]) -> None:
    (settings["home"] / "videos").write_bytes(b"")

    async def run() -> list[Any]:
        async with AsyncClient(**settings) as client:
            submits = [client.submit("acme/zoom", REQUEST) for _ in range(5)]
            return await asyncio.gather(*submits, return_exceptions=True)

    failures = asyncio.run(run())
    assert [type(failure) for failure in failures] == [DiskError] * 5
    assert {failure.task.state for failure in failures} == {"recorded"}
    assert len({failure.task.id for failure in failures}) == 5


def test_a_name_that_is_taken_is_found_whatever_the_folder(settings: dict[str, Any]) -> None:
    async def run() -> None:
        async with AsyncClient(**settings) as client:
            await client.submit("acme/zoom", REQUEST)
            (settings["home"] / "videos" / "mine.mp4").mkdir(parents=True)
            with pytest.raises(DiskError, match="is a folder"):
                await client.submit("acme/zoom", REQUEST, task="mine")

    asyncio.run(run())


# In which order they go on


class Loop:
    """As much of an event loop as pauses need; a test moves its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None], Any]] = []
        self._real = asyncio.new_event_loop()

    def time(self) -> float:
        return self.now

    def create_future(self) -> asyncio.Future[bool]:
        return self._real.create_future()

    def call_at(self, when: float, ring: Callable[[], None]) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, ring, (), self._real)
        self.timers.append((when, ring, handle))
        return handle

    def live(self) -> list[tuple[float, Callable[[], None], Any]]:
        return [timer for timer in self.timers if not timer[2].cancelled()]

    def move_to(self, now: float) -> None:
        """Ring every timer until then."""
        while due := [timer for timer in self.live() if timer[0] <= now]:
            first = min(due, key=lambda timer: timer[0])
            self.timers.remove(first)
            self.now = max(self.now, first[0])
            first[1]()
        self.now = now

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    with closing(Loop()) as loop:
        yield loop


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_pauses_end_in_time_in_order_and_only_if_somebody_waits(
    given: list[tuple[int, bool]],
) -> None:
    with closing(Loop()) as loop:
        pauses: Any = Alarms(loop)  # type: ignore[arg-type]
        begun = [(seconds, pauses.pause(seconds)) for seconds, _ in given]
        for (_, end), (_, cancelled) in zip(begun, given, strict=True):
            if cancelled:
                end.cancel()
        for now in range(10):
            assert len(loop.live()) <= 1
            loop.move_to(now + 0.5)
            for (seconds, end), (_, cancelled) in zip(begun, given, strict=True):
                assert end.cancelled() == cancelled
                assert end.done() == (cancelled or seconds <= now)
        assert not loop.live()


def test_of_two_that_end_at_once_the_older_goes_on_first() -> None:
    async def run() -> list[int]:
        pauses, order = Alarms(asyncio.get_running_loop()), list[int]()

        async def waiting(number: int, seconds: float) -> None:
            await pauses.pause(seconds)
            order.append(number)

        asyncio.get_running_loop().time = lambda: 5.0  # type: ignore[method-assign]
        tasks = [asyncio.ensure_future(waiting(n, s)) for n, s in enumerate((0, -1, 0, -2, 0))]
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == [3, 1, 0, 2, 4]


def test_a_shorter_pause_moves_the_timer_forward(loop: Loop) -> None:
    pauses: Any = Alarms(loop)  # type: ignore[arg-type]
    late, soon = pauses.pause(100), pauses.pause(1)
    assert [when for when, _, _ in loop.live()] == [1]
    loop.move_to(1)
    assert soon.done()
    assert not late.done()
    assert [when for when, _, _ in loop.live()] == [100]


def test_what_has_ended_rings_no_more(loop: Loop) -> None:
    alarms: Any = Alarms(loop)  # type: ignore[arg-type]
    first, *rest = [alarms.pause(seconds) for seconds in range(1, 100)]
    last = alarms.pause(1000)
    for end in rest:
        end.cancel()
    loop.move_to(1)
    assert first.done()
    assert not last.done()
    assert [when for when, _, _ in loop.live()] == [1000]


def test_a_wait_that_takes_too_long_is_false(loop: Loop) -> None:
    alarms: Any = Alarms(loop)  # type: ignore[arg-type]
    late, unlimited, over = (loop.create_future() for _ in range(3))
    over.set_result(True)
    waits = [alarms.within(late, 5), alarms.within(unlimited, None), alarms.within(over, 5)]
    assert waits == [late, unlimited, over]
    loop.move_to(4)
    assert not late.done()
    loop.move_to(5)
    assert late.result() is False
    assert over.result() is True
    assert not unlimited.done()


def test_cancelled_pauses_are_forgotten(loop: Loop) -> None:
    pauses: Any = Alarms(loop)  # type: ignore[arg-type]
    kept = pauses.pause(50)
    for _ in range(10_000):
        pauses.pause(1000).cancel()
    assert len(pauses._waiting) < 300
    loop.move_to(50)
    assert kept.done()
