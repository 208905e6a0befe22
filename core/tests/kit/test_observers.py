"""The kit for observers: a good observer passes, and each bad one fails the test meant for it."""

import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rushes import Task, Variant
from rushes.observers import Ended, Step
from rushes.testing import ObserverConformance

TESTS = sorted(name for name in dir(ObserverConformance) if name.startswith("test_"))


class Good:
    """Counts, and reads a clock."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.took: list[float] = []

    def __call__(self, task: Task) -> None:
        self.states[task.state] += 1

    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended | None:
        begun = time.monotonic()
        if step == "fetch":
            return None
        return lambda outcome, error: self.took.append(time.monotonic() - begun)


def prints(task: Task) -> None:
    print(task.id, ascii(task.error), file=sys.stderr)  # noqa: T201


class WantsReceipts(Good):
    def __call__(self, task: Task) -> None:
        assert task.receipt
        self.states[task.receipt.remote_id] += 1


class WantsOrder(Good):
    def __call__(self, task: Task) -> None:
        if task.state == "completed" and not self.states["queued"]:
            raise ValueError("completed before it was queued")
        super().__call__(task)


class Sleeps(Good):
    def __call__(self, task: Task) -> None:
        time.sleep(0.001)


class Runs(Good):
    def __call__(self, task: Task) -> None:
        subprocess.run([sys.executable, "-c", ""], check=False)


class SleepsAtTheEnd(Good):
    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended:
        return lambda outcome, error: time.sleep(0.001)


async def awaited(task: Task) -> None:
    """Would never run."""


class OneThread(Good):
    def __call__(self, task: Task) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("another thread")


class WantsTasks(Good):
    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended | None:
        assert task
        return super().step(step, variant, task)


class ReadsStates(Good):
    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended:
        return lambda outcome, error: print(getattr(outcome, "state"))  # noqa: B009, T201


class GivesWords(Good):
    def step(self, step: Step, variant: Variant, task: Task | None) -> Any:
        return "begun"


class RaisesWhereJobsFail(Good):
    """Takes whatever is made up, and fails at what a real client tells."""

    def __call__(self, task: Task) -> None:
        if task.error and "402" in task.error and task.created_at != 1.8e9:
            raise KeyError(task.id)


class Exits(Good):
    def __call__(self, task: Task) -> None:
        raise SystemExit(1)


def failures(observer: Any, *tests: str) -> dict[str, str]:
    parts = {"observer": observer, "__test__": False}
    kit: Any = type("Kit", (ObserverConformance,), parts)()
    found = {}
    for name in tests or TESTS:
        try:
            getattr(kit, name)()
        except AssertionError as error:
            found[name] = str(error)
    return found


@pytest.mark.parametrize("observer", [Good(), prints, lambda task: None], ids=["good", "f", "l"])
def test_a_good_observer_passes(observer: Any) -> None:
    assert failures(observer) == {}


@pytest.mark.parametrize(
    ("observer", "test", "sentence"),
    [
        (WantsReceipts(), "test_it_takes_any_task_in_any_order", "raises AssertionError for a tas"),
        (WantsOrder(), "test_it_takes_any_task_in_any_order", "completed before it was queued"),
        (Exits(), "test_it_takes_any_task_in_any_order", "raises SystemExit for a task that is"),
        (Sleeps(), "test_it_does_not_wait", "waits in the client's thread: time.sleep"),
        (Runs(), "test_it_does_not_wait", "waits in the client's thread: subprocess.Popen"),
        (SleepsAtTheEnd(), "test_it_does_not_wait", "waits in the client's thread: time.sleep"),
        (awaited, "test_it_is_called_and_not_awaited", "awaited is async"),
        ("words", "test_it_is_called_and_not_awaited", "str cannot be called with a task"),
        (OneThread(), "test_it_may_be_told_from_several_threads", "RuntimeError('another thread')"),
        (WantsTasks(), "test_it_takes_any_step_and_any_end", "raises AssertionError for the step"),
        (ReadsStates(), "test_it_takes_any_step_and_any_end", "AttributeError for the end of the"),
        (GivesWords(), "test_it_takes_any_step_and_any_end", "gives 'begun' for the step check"),
        (RaisesWhereJobsFail(), "test_jobs_go_the_same_way_with_both_clients", "raises in a job t"),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_bad_observer_is_detected(observer: Any, test: str, sentence: str) -> None:
    found = failures(observer, test)
    assert sentence in found.get(test, "NOTHING FAILED")


def test_an_observer_may_write_to_a_file(tmp_path: Path) -> None:
    def writes(task: Task) -> None:
        with (tmp_path / "tasks.log").open("a") as file:
            file.write(f"{task.id} {task.state}\n")

    assert failures(writes, "test_it_does_not_wait") == {}
    assert (tmp_path / "tasks.log").read_text().startswith("job-1 recorded\n")
