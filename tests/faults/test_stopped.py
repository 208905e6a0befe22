"""Stopped in the middle: what was paid is kept, what was never sent is sent by a resume."""

import asyncio
from typing import Any

from rushes import Task

from faults.bench import Bench
from faults.case import UNKNOWN, End
from faults.choosing import put_to
from faults.films import VARIANTS
from faults.other_rows import CALLBACKS, CANCELLED, Held, Stop
from faults.playing import Measured, Record, afterwards, by_itself


class Raised(Exception):
    """What a callback raises."""


def stopping(row: Stop, bench: Bench) -> Any:
    def on_update(task: Task) -> None:
        if task.state == row.state:
            raise KeyboardInterrupt if row.by == "ctrl-c" else Raised("a callback")

    return on_update


def taken_up(row: Stop | Held, bench: Bench, end: End) -> Measured:
    """See that the task is kept as it must be, and take it up."""
    (task,) = bench.recorded()
    assert task.state in end.states
    assert (task.unfinished, bench.bills) == (True, end.bills)
    bench.assert_whole(there=False)
    bench.task = task
    outcome = f"{task.state}, {afterwards(end, bench)}"
    bench.assert_all()
    assert bench.bills == 1
    return Measured(row.step, row.name, bench.provider, bench.kind, bench.bills, outcome)


@put_to(CALLBACKS)
def test_a_callback_raises(
    row: Stop, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    # So that there is a look at which the video is still being made.
    order = bench.sandbox.inject("progress-percent", gateway=provider)
    sent = row.state not in ("recorded", "sending")
    end = End(0, "", (row.state if sent else "recorded",), int(sent), "resumed")

    def play() -> Measured:
        job = (VARIANTS[provider], bench.request)
        on_update = stopping(row, bench)
        bench.attempt("generate", *job, output=bench.target, on_update=on_update)
        order.cancel()
        expected = KeyboardInterrupt if row.by == "ctrl-c" else Raised
        assert isinstance(bench.error, expected)
        return taken_up(row, bench, end)

    measured(by_itself(play))


@put_to(CANCELLED)
def test_a_coroutine_is_cancelled(
    row: Held, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    order = bench.sandbox.inject(row.fault, gateway=provider)
    end = End(0, "", ("queued", "in_progress", "completed"), 1, "resumed")
    if row.fault == "stall-after-create":
        resumed = End(7, UNKNOWN.error, ("unknown",), 1, "resumed")
        end = UNKNOWN if provider == "uniall" else resumed

    def play() -> Measured:
        job = (VARIANTS[provider], bench.request)
        with bench.hand() as hand:
            bench.doing(hand, lambda: hand.cancelled(order, "generate", *job, output=bench.target))
        assert isinstance(bench.error, asyncio.CancelledError)
        order.release()
        return taken_up(row, bench, end)

    measured(by_itself(play))
