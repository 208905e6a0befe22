"""A key that is withdrawn, or configured for another address, during a task."""

from typing import Any

from faults.case import FOUND_LATER, RUNNING, UNKNOWN, Expected, Row
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.other_rows import ANOTHER_ADDRESS, ANOTHER_KEY, UNKNOWN_ELSEWHERE
from faults.runner import Measurement, Recorder, follow_up, run_with_deadline
from faults.selection import parametrize_rows


@parametrize_rows([ANOTHER_KEY])
def test_another_key(row: Row, provider: str, client: str, run: FaultRun, record: Recorder) -> None:
    def scenario() -> Measurement:
        job = (VARIANTS[provider], run.request)
        run.attempt("submit", *job, output=run.target)
        assert run.task
        withdrawn = {"keys": {provider: "qv7-that-was-withdrawn"}}
        run.attempt("resume", run.task.id, settings=withdrawn)
        assert type(run.error).__name__ == RUNNING.error
        status = run.facts.refuses_keys_with
        assert f"refused the key from the argument `keys` (HTTP {status}: " in str(run.error)
        outcome = f"exit {RUNNING.exit}, {follow_up(RUNNING, run)}"
        run.assert_invariants()
        return Measurement(row.step, row.name, provider, client, run.bills, outcome)

    record(run_with_deadline(scenario))


def resume_elsewhere(row: Row, run: FaultRun, expected: Expected) -> Measurement:
    """Resume a task with a key for another address, which sends nothing; then with its own."""
    assert run.task
    task, before = run.task, len(run.exchanges)
    here = run.sandbox.base_urls[run.provider]
    there = here.replace("127.0.0.1", "localhost")  # the same sandbox, at another origin
    settings: Any = {"base_urls": {run.provider: there}}
    run.attempt("resume", task.id, settings=settings)
    assert type(run.error).__name__ == expected.error
    if expected is not UNKNOWN:  # where nothing can be requested, no key is needed
        assert f"task {task.id} was sent to {here}" in str(run.error)
        assert f"set {run.provider.upper()}_BASE_URL={here} together with" in str(run.error)
    assert len(run.exchanges) == before
    assert run.recorded()[0].state in expected.states
    outcome = f"exit {expected.exit}, {follow_up(expected, run)}"
    run.assert_invariants()
    return Measurement(row.step, row.name, run.provider, run.kind, run.bills, outcome)


@parametrize_rows([ANOTHER_ADDRESS])
def test_another_address(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        run.attempt("submit", VARIANTS[provider], run.request, output=run.target)
        return resume_elsewhere(row, run, RUNNING)

    record(run_with_deadline(scenario))


@parametrize_rows([UNKNOWN_ELSEWHERE])
def test_an_unknown_submit_and_another_address(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        run.leave_unknown()
        expected = FOUND_LATER if run.facts.takes_up else UNKNOWN
        return resume_elsewhere(row, run, expected)

    record(run_with_deadline(scenario))
