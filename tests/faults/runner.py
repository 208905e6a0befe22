"""Plays a case: lets it happen, sees what comes of it, takes the fault away and sees again."""

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

from rushes_cli.exits import UNKNOWN, exit_code

from faults.bench import Bench
from faults.case import Case, End

T = TypeVar("T")
DEADLINE = 60.0
"""Seconds within which a case must end by itself, on a busy machine too."""
SHORT = 12.0
"""The same for a case whose own deadlines are a second or two: what drips is not waited for."""


@dataclass(frozen=True)
class Measured:
    """What came of one turn."""

    step: str
    name: str
    provider: str
    client: str
    bills: int
    outcome: str


Record = Callable[[Measured], None]
Play = Callable[[Case], None]


def play(case: Case, bench: Bench) -> Measured:
    """Let a case happen, see what comes of it, then take the fault away and see again."""
    end = case.ends[bench.provider]
    bench.limits = case.limits
    bench.image = bench.home.parent / "frame.png" if case.image else None
    with _struck(case, bench):
        bench.generate(timeout=case.timeout)
    _assert_end(case, end, bench)
    bench.assert_paid_once()
    if case.also:
        case.also(bench)
    bench.limits, code = {}, end.exit
    outcome = ["the video" if code == 0 else f"exit {code}", afterwards(end, bench)]
    bench.assert_all()
    outcome = list(filter(None, outcome))
    return Measured(
        case.step, case.name, bench.provider, bench.kind, bench.bills, ", ".join(outcome)
    )


@contextlib.contextmanager
def _struck(case: Case, bench: Bench) -> Iterator[None]:
    """Order a case's fault, and take it back."""
    order = None
    if case.fault:
        order = bench.sandbox.order(case.fault, times=case.times, gateway=bench.provider)
    if case.strange and bench.relay:
        bench.base_url = f"{bench.relay.address}/{bench.provider}"
    try:
        yield
    finally:
        if order:
            order.cancel()
            order.release()
    assert order is None or order.fault.step == "connect" or order.struck >= (case.times or 1)


def _assert_end(case: Case, end: End, bench: Bench) -> None:
    error = bench.error
    assert (type(error).__name__ if error else "") == end.error, f"{error!r}"
    code = exit_code(error) if error else 0
    assert (code, bench.bills) == (end.exit, end.bills), f"exit code and bills; {error}"
    assert re.search(case.says, str(error)), f"{case.says!r} is not in {error}"
    recorded = bench.recorded()
    assert len(recorded) == len(end.states[:1])
    for task in recorded:
        assert task.state in end.states
        assert task == bench.task
        if end.then in ("resumed", "named", "lost"):
            assert task.unfinished
        if code == UNKNOWN:
            assert task.id in str(error)
    bench.assert_whole(there=code == 0)


def afterwards(end: End, bench: Bench) -> str:
    """Do what can be done once the fault is gone; say what came of it."""
    if end.then == "again":
        bench.generate()
        assert bench.error is None, repr(bench.error)
        return _delivered(bench, "again: the video")
    assert bench.task
    reference, before = bench.task.id, len(bench.exchanges)
    bench.attempt("resume", reference)
    quiet = len(bench.exchanges) == before
    if end.then == "resumed":
        assert bench.error is None, repr(bench.error)
        return _delivered(bench, "resumed: the video")
    if end.then == "nothing":
        assert (bench.error, quiet) == (None, True)
        return ""
    if end.then in ("refused", "ended"):
        expected = "RefusedError" if end.then == "refused" else end.error
        assert (type(bench.error).__name__, quiet) == (expected, True)
        return ""
    assert (type(bench.error).__name__, quiet) == (end.error, True)
    if end.then == "lost":
        bench.attempt("resolve", reference, lost=True)
        assert [task.state for task in bench.recorded()] == ["lost"]
        return "given up"
    bench.attempt("resolve", reference, remote_id=bench.sandbox.created[-1].id)
    bench.attempt("resume", reference)
    assert bench.error is None, repr(bench.error)
    return _delivered(bench, "told the id: the video")


def _delivered(bench: Bench, words: str) -> str:
    assert bench.task
    assert (bench.task.state, bench.task.file) == ("completed", str(bench.target))
    assert bench.bills == 1
    bench.assert_whole(there=True)
    return words


def by_itself(work: Callable[[], T], deadline: float = DEADLINE) -> T:
    """Do something that must end by itself; where it does not, show where it hangs and fail."""
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
