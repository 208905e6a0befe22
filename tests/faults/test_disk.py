"""Our own disk fails: found out before the submit where it can be, and the task is kept."""

from collections.abc import Callable

import pytest
from rushes import Task

from faults.bench import OLDER, Bench
from faults.case import End, Row
from faults.choosing import put_to
from faults.disks import short_files, small_disk
from faults.films import VARIANTS
from faults.other_rows import FOLDER_GONE, FULL, FULL_BEFORE, NO_FOLDER
from faults.playing import Measured, Record, afterwards, by_itself

NEVER_SENT = End(6, "DiskError", ("recorded",), 0, "resumed")
COMPLETED = End(6, "DiskError", ("completed",), 1, "resumed")


def failed(row: Row, bench: Bench, end: End, mend: Callable[[], None]) -> Measured:
    """See that the task is kept as it must be, mend the disk, and take the task up."""
    assert type(bench.error).__name__ == end.error, repr(bench.error)
    (task,) = bench.recorded()
    assert (task.state, bench.bills, len(bench.posts)) == (end.states[0], end.bills, end.bills)
    mend()
    outcome = f"exit {end.exit}, {afterwards(end, bench)}"
    bench.assert_all()
    return Measured(row.step, row.name, bench.provider, bench.kind, bench.bills, outcome)


def block(bench: Bench) -> None:
    """Let a file lie where the folder was."""
    bench.target.unlink()
    bench.place.rmdir()
    bench.place.write_bytes(OLDER)


def unblock(bench: Bench) -> None:
    """Let the folder be there again."""
    assert bench.place.read_bytes() == OLDER
    bench.place.unlink()
    bench.place.mkdir()


@put_to([NO_FOLDER])
def test_no_folder(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    def play() -> Measured:
        block(bench)
        bench.generate()
        assert bench.exchanges == []
        return failed(row, bench, NEVER_SENT, lambda: unblock(bench))

    measured(by_itself(play))


@put_to([FOLDER_GONE])
def test_the_folder_is_gone(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def on_update(task: Task) -> None:
        if task.state == "completed":
            block(bench)

    def play() -> Measured:
        job = (VARIANTS[provider], bench.request)
        bench.attempt("generate", *job, output=bench.target, on_update=on_update)
        return failed(row, bench, COMPLETED, lambda: unblock(bench))

    measured(by_itself(play))


@put_to([FULL_BEFORE])
def test_a_disk_that_is_full_before(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play(mend: Callable[[], None]) -> Measured:
        bench.target.write_bytes(OLDER)  # which takes the only page
        bench.generate()
        assert bench.exchanges == []
        bench.assert_whole(there=False)
        return failed(row, bench, NEVER_SENT, mend)

    with small_disk(bench.place, kilobytes=4) as mend:
        if mend is None:
            pytest.skip("no file system can be mounted here")
        measured(by_itself(lambda: play(mend)))


@put_to([FULL])
def test_a_disk_that_is_full(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play(mend: Callable[[], None]) -> Measured:
        bench.target.write_bytes(OLDER)
        bench.generate()
        bench.assert_whole(there=False)
        return failed(row, bench, COMPLETED, mend)

    def play_without_a_disk() -> Measured:
        with short_files(kilobytes=400):
            bench.generate()
        bench.assert_whole(there=False)
        return failed(row, bench, COMPLETED, lambda: None)

    with small_disk(bench.place, kilobytes=400) as mend:
        measured(by_itself(lambda: play(mend) if mend else play_without_a_disk()))
