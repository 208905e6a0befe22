"""Stopped midway: what was paid for is kept, what was never sent is sent by a resume."""

import asyncio
from typing import Any

from rushes import Task

from faults.case import UNKNOWN, Expected
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.other_rows import CALLBACKS, CANCELLED, CallbackStop, StalledCall
from faults.runner import Measurement, Recorder, follow_up, run_with_deadline
from faults.selection import parametrize_rows


class Raised(Exception):
    """What a callback raises."""


def stopping(row: CallbackStop, run: FaultRun) -> Any:
    def on_update(task: Task) -> None:
        if task.state == row.state:
            raise KeyboardInterrupt if row.by == "ctrl-c" else Raised("a callback")

    return on_update


def resume(row: CallbackStop | StalledCall, run: FaultRun, expected: Expected) -> Measurement:
    """Check that the task is kept as it must be, and resume it."""
    (task,) = run.recorded()
    assert task.state in expected.states
    assert (task.unfinished, run.bills) == (True, expected.bills)
    run.assert_output(delivered=False)
    run.task = task
    outcome = f"{task.state}, {follow_up(expected, run)}"
    run.assert_invariants()
    assert run.bills == 1
    return Measurement(row.step, row.name, run.provider, run.kind, run.bills, outcome)


@parametrize_rows(CALLBACKS)
def test_a_callback_raises(
    row: CallbackStop, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    # So that one poll finds the video still in progress.
    order = run.sandbox.inject("status-backwards", gateway=provider)
    sent = row.state not in ("recorded", "sending")
    expected = Expected(0, "", (row.state if sent else "recorded",), int(sent), "resumed")

    def scenario() -> Measurement:
        job = (VARIANTS[provider], run.request)
        on_update = stopping(row, run)
        run.attempt("generate", *job, output=run.target, on_update=on_update)
        order.cancel()
        raised = KeyboardInterrupt if row.by == "ctrl-c" else Raised
        assert isinstance(run.error, raised)
        return resume(row, run, expected)

    record(run_with_deadline(scenario))


@parametrize_rows(CANCELLED)
def test_a_coroutine_is_cancelled(
    row: StalledCall, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    order = run.sandbox.inject(row.fault, gateway=provider)
    expected = Expected(0, "", ("queued", "in_progress", "completed"), 1, "resumed")
    if row.fault == "stall-after-create":
        resumed = Expected(7, UNKNOWN.error, ("unknown",), 1, "resumed")
        expected = resumed if run.facts.takes_up else UNKNOWN

    def scenario() -> Measurement:
        job = (VARIANTS[provider], run.request)
        with run.driver() as driver:
            run.perform(
                driver, lambda: driver.cancel_at(order, "generate", *job, output=run.target)
            )
        assert isinstance(run.error, asyncio.CancelledError)
        order.release()
        return resume(row, run, expected)

    record(run_with_deadline(scenario))
