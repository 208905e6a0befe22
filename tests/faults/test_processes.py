"""The process itself: its loop is dropped, it forks, its threads all come at once."""

import os
import subprocess
import sys
from pathlib import Path

from rushes import Task

from faults.bench import Bench
from faults.case import Row
from faults.choosing import put_to
from faults.playing import DEADLINE, Measured, Record
from faults.process_child import THREADS
from faults.secrecy import KEY
from faults.several_rows import CROWD, FORKED, FORKED_LOOP, FORKED_WITHIN, LOOP_DROPPED


def run(bench: Bench, what: str) -> list[str]:
    """Run a process to its end, which must be by itself and without a word of complaint."""
    folder = bench.home.parent
    url = bench.sandbox.base_urls[bench.provider]
    command = [sys.executable, "-m", "faults.process_child", what]
    command += [bench.kind, bench.provider, url, str(folder)]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "KEY": KEY, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=2 * DEADLINE
    )
    assert (done.returncode, done.stderr) == (0, "")
    return sorted(done.stdout.splitlines())


def told(row: Row, bench: Bench, jobs: int, outcome: str) -> Measured:
    """Make sure that every job was paid for once, and that the key is where it belongs."""
    assert (bench.bills, len(bench.posts)) == (jobs, jobs)
    bench.assert_secret()
    return Measured(row.step, row.name, bench.provider, bench.kind, 1, outcome)


def assert_each_has_its_own(bench: Bench, names: list[str]) -> None:
    """Every job's file is the film of the very task that its journal says it is."""
    films = {task.id: task.video.path.read_bytes() for task in bench.sandbox.created}
    tasks: dict[str, Task] = {Path(task.file or "").stem: task for task in bench.recorded()}
    assert sorted(tasks) == names
    assert len({task.remote_id for task in tasks.values()}) == len(names)
    for task in tasks.values():
        assert task.file
        assert task.remote_id
        assert Path(task.file).read_bytes() == films[task.remote_id]


@put_to([LOOP_DROPPED, FORKED_LOOP])
def test_a_loop_that_nobody_runs_to_its_end(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    if row is LOOP_DROPPED:
        assert run(bench, "drop") == []
    else:
        assert run(bench, "drop-and-fork") == ["child: 0"]
    (task,) = bench.recorded()
    bench.attempt("resume", task.id)
    assert bench.error is None, repr(bench.error)
    assert_each_has_its_own(bench, ["film"])
    measured(told(row, bench, 1, "it ends; resumed: the video"))


@put_to([FORKED])
def test_a_fork_with_connections_open(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    assert run(bench, "fork") == ["child: done", "parent: done"]
    assert_each_has_its_own(bench, ["before", "child", "parent"])
    measured(told(row, bench, 3, "each its own video"))


@put_to([FORKED_WITHIN])
def test_a_fork_before_the_call_leaves(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    ends = run(bench, "fork-within")
    assert [end.partition(":")[0] for end in ends] == ["child", "parent"]
    assert [end.endswith("done") for end in ends] == [False, True]
    assert_each_has_its_own(bench, ["film"])
    measured(told(row, bench, 1, "the parent's: the video"))


@put_to([CROWD])
def test_a_crowd_of_threads(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    names = [f"{number:02}" for number in range(THREADS)]
    assert run(bench, "threads") == [f"{name}: done" for name in names]
    assert_each_has_its_own(bench, names)
    measured(told(row, bench, THREADS, "the video, 16 times"))
