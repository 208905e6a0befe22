"""A key that is withdrawn, or is for another address, while a task is under way."""

from typing import Any

from rushes import Task

from faults.bench import Bench
from faults.case import FOUND_LATER, RUNNING, UNKNOWN, End, Row
from faults.choosing import put_to
from faults.films import VARIANTS
from faults.other_rows import ANOTHER_ADDRESS, ANOTHER_KEY, UNKNOWN_ELSEWHERE
from faults.playing import Measured, Record, afterwards, by_itself


@put_to([ANOTHER_KEY])
def test_another_key(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    def play() -> Measured:
        job = (VARIANTS[provider], bench.request)
        bench.attempt("submit", *job, output=bench.target)
        assert bench.task
        withdrawn = {"keys": {provider: "qv7-that-was-withdrawn"}}
        bench.attempt("resume", bench.task.id, settings=withdrawn)
        assert type(bench.error).__name__ == RUNNING.error
        assert "refused the key from the argument `keys` (HTTP 401)" in str(bench.error)
        outcome = f"exit {RUNNING.exit}, {afterwards(RUNNING, bench)}"
        bench.assert_all()
        return Measured(row.step, row.name, provider, client, bench.bills, outcome)

    measured(by_itself(play))


def taken_up_elsewhere(row: Row, bench: Bench, end: End) -> Measured:
    """Take a task up with a key for another address, where nothing may go; then with its own."""
    assert bench.task
    task, before = bench.task, len(bench.exchanges)
    here = bench.sandbox.base_urls[bench.provider]
    there = here.replace("127.0.0.1", "localhost")  # the same sandbox, at another origin
    settings: Any = {"base_urls": {bench.provider: there}}
    bench.attempt("resume", task.id, settings=settings)
    assert type(bench.error).__name__ == end.error
    if end is not UNKNOWN:  # where nothing can be asked, no key is needed
        assert f"task {task.id} was sent to {here}" in str(bench.error)
        assert f"set {bench.provider.upper()}_BASE_URL={here} together with" in str(bench.error)
    assert len(bench.exchanges) == before
    assert bench.recorded()[0].state in end.states
    outcome = f"exit {end.exit}, {afterwards(end, bench)}"
    bench.assert_all()
    return Measured(row.step, row.name, bench.provider, bench.kind, bench.bills, outcome)


@put_to([ANOTHER_ADDRESS])
def test_another_address(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play() -> Measured:
        bench.attempt("submit", VARIANTS[provider], bench.request, output=bench.target)
        return taken_up_elsewhere(row, bench, RUNNING)

    measured(by_itself(play))


@put_to([UNKNOWN_ELSEWHERE])
def test_an_unknown_submit_and_another_address(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def stop(task: Task) -> None:
        if task.state == "unknown":
            raise LookupError("a callback")  # before anybody is asked what became of it

    def play() -> Measured:
        bench.sandbox.inject("drop-after-create", times=1, gateway=provider)
        job = (VARIANTS[provider], bench.request)
        bench.attempt("submit", *job, output=bench.target, on_update=stop)
        assert isinstance(bench.error, LookupError)
        end = UNKNOWN if provider == "uniall" else FOUND_LATER
        return taken_up_elsewhere(row, bench, end)

    measured(by_itself(play))
