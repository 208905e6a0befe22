"""A client polls less once it knows how long such tasks take, and never later than asked."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_driver import REQUEST, Driver, Maker, StoppedClock, journal_of
from acme_server import Server
from journal_memory import Memory, MemoryJournal
from rushes import JournalError, Polling, Request, SQLiteJournal, StillRunningError, Task
from rushes._wait.schedule import REMEMBERED

LONGER = Request("A red kite over dunes", duration=10)


def remember(driver: Driver, seconds: float) -> str:
    """Record tasks like those of REQUEST, of which each took about as long; return their kind."""
    sample = driver.submit("acme/zoom", REQUEST, task="sample")
    with closing(journal_of(driver)) as journal:
        for number in range(REMEMBERED):
            journal.add(_completed(sample, number, seconds + number / 10))
    return sample.workload


def _completed(sample: Task, number: int, took: float) -> Task:
    return msgspec.structs.replace(
        sample, id=f"known-{number}", client_id=f"known-{number}", state="completed", took=took,
        created_at=sample.created_at + number, file="/known.mp4",
    )  # fmt: skip


def untouched(**more: Any) -> dict[str, Any]:
    """Return settings with the provider's advice: first after 5 s, then every 10 s."""
    return {"polling": None, "clock": StoppedClock(), **more}


def test_the_first_poll_waits_until_such_tasks_end(make: Maker, server: Server) -> None:
    driver = make(**untouched())
    remember(driver, 80)
    server.stages = [{"stage": "rendering"}] * 2
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    assert 60 < driver.slept[0] < 90
    assert driver.slept[1:] == [10, 10]
    assert task.took == pytest.approx(sum(driver.slept) - 5, abs=0.1)


def test_tasks_that_are_not_finished_hide_none_that_are(make: Maker, server: Server) -> None:
    """Who generates in bulk has more of them than a schedule is made from."""
    driver = make(**untouched())
    remember(driver, 80)
    sample = driver.submit("acme/zoom", REQUEST, task="newer")
    with closing(journal_of(driver)) as journal:
        for number in range(2 * REMEMBERED + 1):
            name, created_at = f"other-{number}", sample.created_at + 1000 + number
            another = {"id": name, "client_id": name, "created_at": created_at}
            journal.add(msgspec.structs.replace(sample, **another))
    server.stages = []
    driver.wait(driver.submit("acme/zoom", REQUEST))
    assert 60 < driver.slept[0] < 90


def test_another_kind_of_task_is_not_compared(make: Maker, server: Server) -> None:
    driver = make(**untouched())
    kind = remember(driver, 80)
    server.stages = []
    task = driver.submit("acme/zoom", LONGER)
    assert task.workload != kind
    driver.wait(task)
    assert driver.slept[0] < 30


def test_the_interval_of_an_embedder_is_exact(make: Maker, server: Server) -> None:
    driver = make(**untouched(polling=Polling(first=3, every=7)))
    remember(driver, 80)
    server.stages = [{"stage": "rendering", "done": f"{done}%"} for done in (1, 2, 3)]
    driver.wait(driver.submit("acme/zoom", REQUEST))
    assert driver.slept == [3, 7, 7, 7]


def test_a_short_wait_looks_at_its_end_if_the_provider_allows_it(
    make: Maker, server: Server
) -> None:
    driver = make(**untouched())
    remember(driver, 80)
    server.last = {"stage": "rendering"}
    before, task = server.polls(), driver.submit("acme/zoom", REQUEST)
    for seconds, count in ((4, 0), (2, 1), (3, 1), (10, 2), (0, 2)):
        with pytest.raises(StillRunningError):
            driver.wait(task.id, timeout=seconds)
        assert server.polls() - before == count
    assert sum(driver.slept) == 19


def test_a_resumed_wait_continues_the_schedule(make: Maker, server: Server) -> None:
    first = make(**untouched())
    remember(first, 80)
    server.stages = [{"stage": "rendering"}]
    task = first.submit("acme/zoom", REQUEST)
    with pytest.raises(StillRunningError):
        first.wait(task, timeout=20)
    again = make(**untouched(clock=first.clock))
    again.slept.clear()
    again.wait(task.id)
    assert 60 < 20 + again.slept[0] < 90
    assert len(again.slept) == 1


def test_what_a_task_took_is_recorded_and_found(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "rendering"}]
    driver = make(**untouched())
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    with closing(journal_of(driver)) as journal:
        assert [kept.took for kept in journal.tasks(variant="acme/zoom", limit=10)] == [task.took]
    assert task.took is not None
    assert 0 < task.took < sum(driver.slept)


def test_a_task_that_nobody_followed_teaches_nothing(make: Maker, server: Server) -> None:
    server.stages = []
    driver = make(**untouched())
    task = driver.submit("acme/zoom", REQUEST)
    driver.clock.advance(7200)
    assert driver.wait(task).took is None


@pytest.mark.parametrize("kind", ["none", "in memory", "broken"])
def test_a_client_learns_from_its_own_tasks(
    make: Maker, server: Server, tmp_path: Path, kind: str
) -> None:
    class Broken(SQLiteJournal):
        def tasks(self, **_: Any) -> list[Task]:
            raise JournalError("no")

    journals: dict[str, Any] = {
        "none": None,
        "in memory": MemoryJournal(Memory()),
        "broken": Broken(tmp_path / "own.db"),
    }
    driver = make(**untouched(journal=journals[kind]))
    firsts = []
    for number in range(30):
        before = len(driver.slept)
        task = driver.submit("acme/zoom", REQUEST, task=f"t{number}")
        server.stages = [{"stage": "rendering"}] * 4
        driver.wait(task)
        firsts.append(driver.slept[before])
    assert firsts[0] < 20
    assert firsts[-1] > 2 * firsts[0]


def test_the_journal_is_asked_once(make: Maker, server: Server, tmp_path: Path) -> None:
    asked = []

    class Counting(SQLiteJournal):
        def tasks(self, **given: Any) -> list[Task]:
            asked.append((given["variant"], given["limit"]))
            return super().tasks(**given)

    driver = make(**untouched(journal=Counting(tmp_path / "own.db")))
    for number in range(3):
        driver.wait(driver.submit("acme/zoom", REQUEST, task=f"t{number}"))
    assert asked == [("acme/zoom", REMEMBERED)]
