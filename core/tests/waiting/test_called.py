"""Tasks of which the provider tells: polled when it did, in whichever process, and rarely else."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from acme_calling import OLD_SECRET, SECRET, calling, delivery, unsigned
from acme_driver import KEY, REQUEST, Driver, Maker, StoppedClock
from acme_server import Server, answers
from journal_memory import Memory, MemoryJournal
from postgres_cluster import Cluster
from rushes import (
    Client,
    DeliveryError,
    NotOfferedError,
    Polling,
    StillRunningError,
    Task,
    UnknownVariantError,
)
from rushes._session.ears import Ears
from rushes.testing import Clock

HERE = Path(__file__).parents[1]
HOOKS = "http://127.0.0.1:9/hooks"
PROVIDER: Any = {
    "plugins": [calling(polling=Polling(first=5, every=10, at_most=600))],
    "keys": {"acme": KEY, "acme.webhook_secret": SECRET},
}
RENDERING = {"stage": "rendering", "done": "50%"}


class Patient(Clock):
    """A clock of which the first `skipped` pauses take no time, and no other ends by itself.

    It would in a minute, for a test that fails.
    """

    def __init__(self, skipped: int = 0) -> None:
        super().__init__()
        self.skipped = skipped

    def pause(self, seconds: float) -> float:
        self.skipped -= 1
        if self.skipped >= 0:
            return super().pause(seconds)
        self.pauses.append(seconds)
        return 60.0


@pytest.fixture
def called(make: Maker) -> Any:
    """Make a driver whose provider calls."""

    def made(clock: Clock | None = None, **changes: Any) -> Driver:
        settings = {"webhook_url": HOOKS, "polling": None, "clock": clock or Patient()}
        return make(**PROVIDER | settings | changes)

    return made


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Return what is released whenever a flow begins to wait for news."""
    begun, expect = threading.Semaphore(0), Ears.expect

    def expecting(self: Ears, *given: Any) -> None:
        expect(self, *given)
        begun.release()

    monkeypatch.setattr(Ears, "expect", expecting)
    return begun


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def begin(pool: ThreadPoolExecutor, driver: Driver, waiting: threading.Semaphore) -> "Future[Task]":
    """Submit a job and wait for it in a thread; return once it is waited for."""
    task = driver.submit("acme/zoom", REQUEST)
    assert task.webhook
    done = pool.submit(driver.wait, task)
    assert waiting.acquire(timeout=60)
    return done


def receive(driver: Any, *given: Any) -> Task | None:
    """Take a delivery with a client of its own for the thread of the test."""
    task: Task | None = driver.receive("acme", *given)
    return task


def test_the_provider_is_asked_to_call(called: Any, server: Server) -> None:
    called().submit("acme/zoom", REQUEST)
    ((_, _, body),) = server.seen
    assert json.loads(body)["delivery"] == {"notify": f"{HOOKS}/acme"}


@pytest.mark.parametrize("place", ["file", "database"])
def test_another_process_that_is_called_wakes_who_waits(
    called: Any,
    server: Server,
    waiting: threading.Semaphore,
    pool: ThreadPoolExecutor,
    place: str,
    home: Path,
    request: pytest.FixtureRequest,
) -> None:
    server.stages, journal, changes = [], "", {}
    if place == "database":
        cluster: Cluster = request.getfixturevalue("postgres")
        journal = cluster.url(path=cluster.new_schema())
        changes = {"journal": journal}
    driver = called(**changes)
    done = begin(pool, driver, waiting)
    headers, body = delivery("c-1", driver.clock.now())
    words = [str(HERE / "receiving_process.py"), str(home), journal, server.url]
    received = subprocess.run(
        [sys.executable, *words],
        input=json.dumps([headers, body.decode()]),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    task = done.result(50)
    assert received.stdout == f"{task.id}\n"
    assert (task.state, server.polls()) == ("completed", 1)
    assert task.took is not None


def test_a_task_that_was_asked_for_once_meanwhile_is_polled_twice(
    called: Any, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor, home: Path
) -> None:
    server.stages = [RENDERING]
    driver = called(Patient(skipped=1))
    done = begin(pool, driver, waiting)
    assert waiting.acquire(timeout=60)  # again, after the poll that finds what a lost call told
    assert driver.slept[0] == pytest.approx(300, abs=60)  # half of the time that it may take
    driver.clock.advance(20)  # another poll may be made
    with Client(home=home, **PROVIDER) as other:
        assert other.receive("acme", *delivery("c-1", time.time())) is not None
    assert (done.result(50).state, server.polls()) == ("completed", 2)


def test_who_goes_on_with_a_task_does_not_ask_before_it_is_told(
    called: Any, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor, home: Path
) -> None:
    """However often it passes from one process to another, it costs two polls at most."""
    server.stages = [RENDERING]
    first = called()
    task = first.submit("acme/zoom", REQUEST)
    first.refresh(task)
    other = called()
    done = pool.submit(other.resume, task.id)
    assert waiting.acquire(timeout=60)
    assert server.polls() == 1
    other.clock.advance(20)  # another poll may be made
    with Client(home=home, **PROVIDER) as receiver:
        assert receiver.receive("acme", *delivery("c-1", time.time())) is not None
    assert (done.result(50).state, server.polls()) == ("completed", 2)


def test_what_was_told_while_nobody_followed_a_task_is_heard_by_who_goes_on(
    called: Any, server: Server
) -> None:
    server.stages = []
    task = called().submit("acme/zoom", REQUEST)
    assert receive(called(), *delivery("c-1", time.time())) is not None
    assert called(StoppedClock()).resume(task.id).state == "completed"
    assert server.polls() == 1


def test_without_news_in_the_journal_who_goes_on_asks_at_once(called: Any, server: Server) -> None:
    server.stages = []
    memory = Memory()
    task = called(journal=MemoryJournal(memory)).submit("acme/zoom", REQUEST)
    driver = called(StoppedClock(), journal=MemoryJournal(memory))
    assert (driver.resume(task.id).state, driver.slept) == ("completed", [])


def test_a_call_right_after_a_poll_keeps_to_the_interval(
    called: Any, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor, home: Path
) -> None:
    server.stages = [RENDERING]
    driver = called(Patient(skipped=1))
    done = begin(pool, driver, waiting)
    assert waiting.acquire(timeout=60)
    driver.clock.skipped = 1
    with Client(home=home, **PROVIDER) as other:
        assert other.receive("acme", *delivery("c-1", time.time())) is not None
    assert (done.result(50).state, server.polls()) == ("completed", 2)
    first, until_told, floor = driver.slept
    assert 0 < floor <= 10 < until_told
    assert first > 10


def test_a_call_that_comes_before_anybody_waits_counts(called: Any, server: Server) -> None:
    server.stages = []
    driver = called()
    task = driver.submit("acme/zoom", REQUEST)
    assert receive(driver, *delivery("c-1", driver.clock.now())) == task
    assert driver.wait(task).state == "completed"
    assert (server.polls(), len(driver.slept)) == (1, 1)


def test_a_call_that_comes_before_the_answer_to_the_submit_counts(
    called: Any, server: Server
) -> None:
    server.stages = []
    driver = called()
    assert receive(driver, *delivery("c-1", driver.clock.now())) is None
    assert driver.wait(driver.submit("acme/zoom", REQUEST)).state == "completed"
    assert (server.polls(), len(driver.slept)) == (1, 1)


def test_a_task_whose_call_is_lost_ends_all_the_same(called: Any, server: Server) -> None:
    server.stages = []
    driver = called(StoppedClock())
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    assert (task.state, driver.slept, server.polls()) == ("completed", [300.0], 1)
    assert task.took is None  # it may have ended long before


def test_a_task_that_nobody_tells_of_is_asked_for_once_more_at_the_end(
    called: Any, server: Server
) -> None:
    server.last = RENDERING
    driver = called(StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError, match="asked just now"):
        driver.wait(task)
    assert (driver.slept, server.polls()) == ([300.0, 300.0], 2)


def test_the_last_poll_says_how_long_polls_have_been_refused(called: Any, server: Server) -> None:
    server.on("GET /v1/clips", answers(404, {}), answers(404, {}))
    driver = called(StoppedClock(), polling=Polling(first=100, every=200, floor=5))
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError, match="every poll has been refused for 120 s"):
        driver.wait(task, timeout=250)
    assert driver.slept == [100, 150]


def test_how_long_tasks_took_says_when_a_call_is_lost(called: Any, server: Server) -> None:
    server.stages = []
    driver = called()
    for _ in range(2):
        task = driver.submit("acme/zoom", REQUEST)
        driver.clock.advance(40)
        receive(driver, *delivery(task.remote_id, driver.clock.now()))
        assert driver.wait(task).took == pytest.approx(40, abs=30)
    driver.clock.skipped = 1
    driver.wait(driver.submit("acme/zoom", REQUEST))
    assert driver.slept[-1] == pytest.approx(80, abs=60)  # twice that
    assert len(driver.slept) == 3


def test_a_poll_that_fails_is_made_again_as_ever(called: Any, server: Server) -> None:
    server.stages = []
    server.on("GET /v1/clips", answers(500), answers(500))
    driver = called(StoppedClock())
    assert driver.wait(driver.submit("acme/zoom", REQUEST)).state == "completed"
    first, *later = driver.slept
    assert first == 300.0
    assert server.polls() == 3
    assert all(10 <= pause <= 120 for pause in later)


def test_who_is_called_too_early_polls_as_ever(
    called: Any, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor
) -> None:
    server.stages = [RENDERING, RENDERING]
    driver = called()
    task = driver.submit("acme/zoom", REQUEST)
    receive(driver, *delivery("c-1", driver.clock.now()))
    done = pool.submit(driver.wait, task)
    assert waiting.acquire(timeout=60)
    driver.clock.skipped = 100
    assert done.result(100).state == "completed"
    assert server.polls() == 3
    assert sum(driver.slept[1:]) < 300


def test_what_wants_to_be_polled_exactly_is(called: Any, server: Server) -> None:
    server.stages = [RENDERING, RENDERING]
    driver = called(StoppedClock(), polling=Polling(first=3, every=7, at_most=100))
    assert driver.wait(driver.submit("acme/zoom", REQUEST)).state == "completed"
    assert driver.slept == [3, 7, 7]


def test_a_delivery_that_says_it_goes_on_wakes_nobody(called: Any, server: Server) -> None:
    driver = called(StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    journal = driver.client._session.journal
    for stage in ("waiting", "rendering"):
        assert receive(driver, *delivery("c-1", driver.clock.now(), stage=stage)) == task
    assert journal.news(0)[1] == []
    receive(driver, *delivery("c-1", driver.clock.now(), stage="ready"))
    assert journal.news(0)[1] == [("acme", "c-1")]
    assert driver.task(task.id) == task  # a delivery changes nothing


def test_an_event_that_comes_again_is_forgotten(called: Any, server: Server) -> None:
    driver = called(StoppedClock())
    task = driver.submit("acme/zoom", REQUEST)
    journal = driver.client._session.journal
    for event in ("e-1", "e-1", "e" * 300, "e" * 300, "\a", "\a", "e-1"):
        assert receive(driver, *delivery("c-1", driver.clock.now(), event=event)) == task
    assert len(journal.news(0)[1]) == 3


def test_of_a_task_that_has_ended_there_is_no_news(called: Any, server: Server) -> None:
    server.stages = []
    driver = called(StoppedClock())
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    assert receive(driver, *delivery("c-1", driver.clock.now(), event="late")) == task
    assert driver.client._session.journal.news(0)[1] == []


def test_while_a_secret_is_replaced_both_are_right(called: Any, server: Server) -> None:
    keys = {"acme": KEY, "acme.webhook_secret": SECRET, "acme.old_webhook_secret": OLD_SECRET}
    driver = called(StoppedClock(), keys=keys)
    now = driver.clock.now()
    for secret in (SECRET, OLD_SECRET):
        assert receive(driver, *delivery("c-1", now, secret=secret)) is None
    with pytest.raises(DeliveryError, match="did not sign it"):
        receive(driver, *delivery("c-1", now, secret="another"))


def test_what_is_forged_or_late_wakes_nobody(called: Any, server: Server) -> None:
    driver = called(StoppedClock())
    driver.submit("acme/zoom", REQUEST)
    now = driver.clock.now()
    headers, body = delivery("c-1", now)
    for forged in (
        delivery("c-1", now, secret="guessed"),
        delivery("c-1", now - 400),
        delivery("c-1", now + 400),
        (headers, body.replace(b"c-1", b"c-2")),
        ({}, body),
        ({"Acme-Time": 5, b"x": "y"}, body),
        (headers, b""),
    ):
        with pytest.raises(DeliveryError, match="is not believed"):
            receive(driver, *forged)
    with pytest.raises(DeliveryError, match="at most 1,048,576"):
        receive(driver, headers, b" " * (1024 * 1024 + 1))
    assert driver.client._session.journal.news(0)[1] == []


def test_a_missing_secret_is_named(called: Any) -> None:
    driver = called(keys={"acme": KEY})
    with pytest.raises(DeliveryError, match="set ACME_WEBHOOK_SECRET"):
        receive(driver, *delivery("c-1", driver.clock.now()))


def test_who_delivers_must_be_known(called: Any, make: Maker) -> None:
    driver = called()
    with pytest.raises(UnknownVariantError, match="no installed plugin has a variant of 'emca'"):
        driver.receive("emca", {}, b"{}")
    with pytest.raises(NotOfferedError, match="reads no deliveries"):
        make().receive("acme", {}, b"{}")


def test_an_unsigned_delivery_is_a_reason_to_look(called: Any, server: Server) -> None:
    server.stages = []
    driver = called(plugins=[calling(unsigned)])
    journal = driver.client._session.journal
    assert receive(driver, {}, delivery("c-1", 0)[1]) is None
    assert journal.news(0)[1] == []  # anybody can send that
    task = driver.submit("acme/zoom", REQUEST)
    for _ in range(2):  # what it is called proves nothing
        assert receive(driver, {}, delivery("c-1", 0)[1]) == task
    assert len(journal.news(0)[1]) == 2
    assert driver.wait(task).state == "completed"
    assert (server.polls(), len(driver.slept)) == (1, 1)


def test_only_what_reads_for_its_variant_wakes_a_task(called: Any, server: Server) -> None:
    """Variants of one provider may be told in different ways, one of them unsigned."""
    driver = called(StoppedClock(), plugins=[calling(), calling(unsigned, "pan")])
    task = driver.submit("acme/zoom", REQUEST)
    journal, now = driver.client._session.journal, driver.clock.now()
    assert receive(driver, {}, delivery("c-1", now)[1]) is None
    assert journal.news(0)[1] == []
    assert receive(driver, *delivery("c-1", now)) == task
    assert journal.news(0)[1] == [("acme", "c-1")]


def test_a_journal_without_news_wakes_in_its_own_process(
    called: Any, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor, home: Path
) -> None:
    server.stages = []
    driver = called(journal=MemoryJournal(Memory()))
    if driver.client.__class__.__name__ == "AsyncClient":
        pytest.skip("its loop waits in another thread")
    done = begin(pool, driver, waiting)
    assert receive(driver, *delivery("c-1", driver.clock.now())) is not None
    assert (done.result(50).state, server.polls()) == ("completed", 1)


def test_a_wait_can_be_stopped_while_news_is_waited_for(
    called: Any, make: Maker, server: Server, waiting: threading.Semaphore, pool: ThreadPoolExecutor
) -> None:
    if make.kind == "async":
        pytest.skip("there a task is cancelled")
    driver, stop = called(), threading.Event()
    task = driver.submit("acme/zoom", REQUEST)
    done = pool.submit(driver.wait, task, stop=stop)
    assert waiting.acquire(timeout=60)
    stop.set()
    with pytest.raises(StillRunningError, match="stopped waiting"):
        done.result(50)
    assert driver.client._session.ears._waiting == {}
