"""The process itself: its loop is abandoned, it forks, its threads all start at once."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from rushes import Task

from faults.case import Row
from faults.fault_run import FaultRun
from faults.process_child import THREADS
from faults.runner import DEADLINE, Measurement, Recorder
from faults.secrecy import KEY
from faults.selection import parametrize_rows
from faults.several_rows import FORKED, FORKED_LOOP, FORKED_WITHIN, LOOP_DROPPED, THREADS_AT_ONCE

ABANDONED = ("Task was destroyed but it is pending!", "task: <Task pending name='Task-1' coro=")


def run_child(run: FaultRun, what: str) -> list[str]:
    """Run a process, which must exit by itself and print no error."""
    folder = run.home.parent
    url = run.sandbox.base_urls[run.provider]
    command = [sys.executable, "-m", "faults.process_child", what]
    command += [run.kind, run.provider, url, str(folder)]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "KEY": KEY, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        command, env=environment, text=True, start_new_session=True, **pipes
    ) as child:  # type: ignore[call-overload]
        try:
            out, err = child.communicate(timeout=2 * DEADLINE)
        finally:
            with suppress(ProcessLookupError):  # and what it forked, in case that hangs
                os.killpg(child.pid, signal.SIGKILL)
    # asyncio says of any job that its loop was abandoned, if it notices before the end.
    said = [line for line in err.splitlines() if not line.startswith(ABANDONED)]
    assert (child.returncode, said) == (0, [])
    return sorted(out.splitlines())


def measurement(row: Row, run: FaultRun, jobs: int, outcome: str) -> Measurement:
    """Check that every job was paid for once and the key did not leak; return the measurement."""
    assert (run.bills, len(run.posts)) == (jobs, jobs)
    run.assert_key_not_leaked()
    return Measurement(row.step, row.name, run.provider, run.kind, 1, outcome)


def assert_each_has_its_own(run: FaultRun, names: list[str]) -> None:
    """Check that every job's file is the film of the task that the journal names."""
    films = {task.id: task.video.path.read_bytes() for task in run.sandbox.created}
    tasks: dict[str, Task] = {Path(task.file or "").stem: task for task in run.recorded()}
    assert sorted(tasks) == names
    assert len({task.remote_id for task in tasks.values()}) == len(names)
    for task in tasks.values():
        assert task.file
        assert task.remote_id
        assert Path(task.file).read_bytes() == films[task.remote_id]


@parametrize_rows([LOOP_DROPPED, FORKED_LOOP])
def test_an_abandoned_loop(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    if row is LOOP_DROPPED:
        assert run_child(run, "drop") == []
    else:
        assert run_child(run, "drop-and-fork") == ["child: 0"]
    (task,) = run.recorded()
    run.attempt("resume", task.id)
    assert run.error is None, repr(run.error)
    assert_each_has_its_own(run, ["film"])
    record(measurement(row, run, 1, "it ends; resumed: the video"))


@parametrize_rows([FORKED])
def test_a_fork_with_connections_open(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    assert run_child(run, "fork") == ["child: done", "parent: done"]
    assert_each_has_its_own(run, ["before", "child", "parent"])
    record(measurement(row, run, 3, "each its own video"))


@parametrize_rows([FORKED_WITHIN])
def test_a_fork_before_the_call_leaves(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    ends = run_child(run, "fork-within")
    assert [end.partition(":")[0] for end in ends] == ["child", "parent"]
    assert [end.endswith("done") for end in ends] == [False, True]
    assert_each_has_its_own(run, ["film"])
    record(measurement(row, run, 1, "the parent's: the video"))


@parametrize_rows([THREADS_AT_ONCE])
def test_many_threads(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    names = [f"{number:02}" for number in range(THREADS)]
    assert run_child(run, "threads") == [f"{name}: done" for name in names]
    assert_each_has_its_own(run, names)
    record(measurement(row, run, THREADS, "the video, 16 times"))
