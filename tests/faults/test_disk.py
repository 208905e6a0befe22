"""The local disk fails: found before the submit where possible, and the task is kept."""

from collections.abc import Callable

import pytest
from rushes import Task

from faults.case import Expected, Row
from faults.disks import file_size_limit, small_disk
from faults.fault_run import OLDER, FaultRun
from faults.films import VARIANTS
from faults.other_rows import FOLDER_GONE, FULL, FULL_BEFORE, NO_FOLDER
from faults.runner import Measurement, Recorder, follow_up, run_with_deadline
from faults.selection import parametrize_rows

NEVER_SENT = Expected(6, "DiskError", ("recorded",), 0, "resumed")
COMPLETED = Expected(6, "DiskError", ("completed",), 1, "resumed")


def recover(row: Row, run: FaultRun, expected: Expected, repair: Callable[[], None]) -> Measurement:
    """Check that the task is kept as it must be, repair the disk, and follow up."""
    assert type(run.error).__name__ == expected.error, repr(run.error)
    (task,) = run.recorded()
    assert (task.state, run.bills, len(run.posts)) == (
        expected.states[0],
        expected.bills,
        expected.bills,
    )
    repair()
    outcome = f"exit {expected.exit}, {follow_up(expected, run)}"
    run.assert_invariants()
    return Measurement(row.step, row.name, run.provider, run.kind, run.bills, outcome)


def block(run: FaultRun) -> None:
    """Replace the output folder with a file."""
    run.target.unlink()
    run.output_folder.rmdir()
    run.output_folder.write_bytes(OLDER)


def unblock(run: FaultRun) -> None:
    """Restore the output folder."""
    assert run.output_folder.read_bytes() == OLDER
    run.output_folder.unlink()
    run.output_folder.mkdir()


@parametrize_rows([NO_FOLDER])
def test_no_folder(row: Row, provider: str, client: str, run: FaultRun, record: Recorder) -> None:
    def scenario() -> Measurement:
        block(run)
        run.generate()
        assert run.exchanges == []
        return recover(row, run, NEVER_SENT, lambda: unblock(run))

    record(run_with_deadline(scenario))


@parametrize_rows([FOLDER_GONE])
def test_the_folder_is_gone(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def on_update(task: Task) -> None:
        if task.state == "completed":
            block(run)

    def scenario() -> Measurement:
        job = (VARIANTS[provider], run.request)
        run.attempt("generate", *job, output=run.target, on_update=on_update)
        return recover(row, run, COMPLETED, lambda: unblock(run))

    record(run_with_deadline(scenario))


@parametrize_rows([FULL_BEFORE])
def test_a_disk_that_is_full_before(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario(repair: Callable[[], None]) -> Measurement:
        run.target.write_bytes(OLDER)  # this takes the only page
        run.generate()
        assert run.exchanges == []
        run.assert_output(delivered=False)
        return recover(row, run, NEVER_SENT, repair)

    with small_disk(run.output_folder, kilobytes=4) as repair:
        if repair is None:
            pytest.skip("no file system can be mounted here")
        record(run_with_deadline(lambda: scenario(repair)))


@parametrize_rows([FULL])
def test_a_disk_that_is_full(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario(repair: Callable[[], None]) -> Measurement:
        run.target.write_bytes(OLDER)
        run.generate()
        run.assert_output(delivered=False)
        return recover(row, run, COMPLETED, repair)

    def scenario_without_a_disk() -> Measurement:
        with file_size_limit(kilobytes=400):
            run.generate()
        run.assert_output(delivered=False)
        return recover(row, run, COMPLETED, lambda: None)

    with small_disk(run.output_folder, kilobytes=400) as repair:
        record(run_with_deadline(lambda: scenario(repair) if repair else scenario_without_a_disk()))
