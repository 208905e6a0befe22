"""Running a case: inject its fault, check the outcome, remove the fault and try again."""

import contextlib
import faulthandler
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from typing import TypeVar

from rushes_cli.exit_codes import UNKNOWN, exit_code

from faults.case import Case, Expected
from faults.fault_run import FaultRun

T = TypeVar("T")
DEADLINE = 60.0
"""Seconds in which a case must end by itself, even on a busy machine."""
SHORT = 12.0
"""The same for a case with deadlines of a second or two, shorter than a dripping answer."""


@dataclass(frozen=True)
class Measurement:
    """The outcome of one run."""

    step: str
    name: str
    provider: str
    client: str
    bills: int
    outcome: str


Recorder = Callable[[Measurement], None]
CaseRunner = Callable[[Case], None]


def run_case(case: Case, run: FaultRun) -> Measurement:
    """Run a case with its fault, check the outcome, then remove the fault and follow up."""
    expected = case.expected[run.provider]
    run.limits = case.limits
    run.image = run.home.parent / "frame.png" if case.image else None
    with _inject_fault(case, run):
        run.generate(timeout=case.timeout)
    _assert_outcome(case, expected, run)
    run.assert_paid_once()
    if case.verify:
        case.verify(run)
    run.limits, code = {}, expected.exit
    outcome = ["the video" if code == 0 else f"exit {code}", follow_up(expected, run)]
    run.assert_invariants()
    words = ", ".join(filter(None, outcome))
    return Measurement(case.step, case.name, run.provider, run.kind, run.bills, words)


@contextlib.contextmanager
def _inject_fault(case: Case, run: FaultRun) -> Iterator[None]:
    """Inject a case's fault, and remove it afterwards."""
    order = None
    if case.fault:
        order = run.sandbox.inject(case.fault, times=case.times, gateway=run.provider)
    if case.wrong_certificate and run.relay:
        run.base_url = f"{run.relay.address}/{run.provider}"
    try:
        yield
    finally:
        if order:
            order.cancel()
            order.release()
    assert order is None or order.fault.step == "connect" or order.hits >= (case.times or 1)


def _assert_outcome(case: Case, expected: Expected, run: FaultRun) -> None:
    error = run.error
    assert (type(error).__name__ if error else "") == expected.error, f"{error!r}"
    code = exit_code(error) if error else 0
    assert (code, run.bills) == (expected.exit, expected.bills), f"exit code and bills; {error}"
    assert re.search(case.message, str(error)), f"{case.message!r} is not in {error}"
    recorded = run.recorded()
    assert len(recorded) == len(expected.states[:1])
    for task in recorded:
        assert task.state in expected.states
        assert task == run.task
        if expected.follow_up in ("resumed", "named", "lost"):
            assert task.unfinished
        if code == UNKNOWN:
            assert task.id in str(error)
    run.assert_output(delivered=code == 0)


def follow_up(expected: Expected, run: FaultRun) -> str:
    """Do what can be done once the fault is gone; return the outcome in words."""
    if expected.follow_up == "again":
        run.generate()
        assert run.error is None, repr(run.error)
        return _delivered(run, "again: the video")
    assert run.task
    reference, before = run.task.id, len(run.exchanges)
    run.attempt("resume", reference)
    quiet = len(run.exchanges) == before
    if expected.follow_up == "resumed":
        assert run.error is None, repr(run.error)
        return _delivered(run, "resumed: the video")
    if expected.follow_up == "nothing":
        assert (run.error, quiet) == (None, True)
        return ""
    if expected.follow_up in ("refused", "ended"):
        name = "RefusedError" if expected.follow_up == "refused" else expected.error
        assert (type(run.error).__name__, quiet) == (name, True)
        return ""
    assert type(run.error).__name__ == expected.error
    assert quiet or "look-up" in run.facts.takes_up
    if expected.follow_up == "lost":
        run.attempt("resolve", reference, lost=True)
        assert [task.state for task in run.recorded()] == ["lost"]
        return "given up"
    remote_id = run.sandbox.created[-1].id
    memo = run.facts.memo(run.sandbox.base_urls[run.provider], remote_id)
    run.attempt("resolve", reference, remote_id=remote_id, memo=memo)
    run.attempt("resume", reference)
    assert run.error is None, repr(run.error)
    return _delivered(run, "resolved by id: the video")


def _delivered(run: FaultRun, words: str) -> str:
    assert run.task
    assert (run.task.state, run.task.file) == ("completed", str(run.target))
    assert run.bills == 1
    run.assert_output(delivered=True)
    return words


def run_with_deadline(work: Callable[[], T], deadline: float = DEADLINE) -> T:
    """Run something that must end by itself; fail and show where it hangs if it does not."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised in the test
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True, name="case").start()
    try:
        return outcome.result(deadline)
    except TooLate:
        if outcome.done():
            raise
        faulthandler.dump_traceback(sys.__stderr__ or 2, all_threads=True)
        raise AssertionError(f"it hangs: no end within {deadline:g} seconds") from None
