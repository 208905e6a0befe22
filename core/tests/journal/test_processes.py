"""Several processes on one journal, and what happens when they are killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_tasks import make_task
from rushes import ClaimLost, JournalError, SQLiteJournal
from rushes._journal import machine
from rushes.journal import LEASE, since_boot
from started_processes import Processes, read_line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SQLiteJournal]:
    with closing(SQLiteJournal(path)) as journal:
        yield journal


def test_a_killed_writer_loses_nothing_that_it_reported(path: Path, processes: Processes) -> None:
    reported: dict[str, str] = {}
    for first in range(1, 17, 2):
        process = processes.start("write", path)
        lines = [read_line(process) for _ in range(first)]
        process.kill()
        assert process.stdout
        lines += process.stdout.read().splitlines()  # communicate() would skip its buffer
        reported |= dict(line.split() for line in lines if len(line.split()) == 2)
        with closing(SQLiteJournal(path)) as journal:
            recorded: dict[str, str] = {task.id: task.state for task in journal.tasks()}
            histories = {name: [was.state for was in journal.history(name)] for name in recorded}
        # It may have been killed between writing and reporting, never the other way round.
        ahead = [name for name in reported if recorded.get(name) != reported[name]]
        assert [(reported[name], recorded.get(name)) for name in ahead] in (
            [],
            [("recorded", "sending")],
        )
        reported = recorded
        assert all(histories[name][-1] == recorded[name] for name in recorded)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(reported) > 8


def test_the_claims_of_a_killed_process_are_void_at_once(
    journal: SQLiteJournal, path: Path, processes: Processes
) -> None:
    task = journal.add(make_task())
    owner, rival = (processes.start("own", path, task.id) for _ in range(2))
    words = [read_line(owner), read_line(rival)]
    assert sorted(words) == ["held", "kept out"]
    owner, rival = (owner, rival) if words[0] == "held" else (rival, owner)
    rival.kill()
    rival.wait()
    assert journal.claim(task.id, "mine") is None
    owner.send_signal(signal.SIGSTOP)
    assert journal.claim(task.id, "mine") is None
    owner.kill()
    owner.wait()
    assert journal.claim(task.id, "mine") == task


def test_a_process_that_slept_past_its_lease_loses_the_claim(
    path: Path, processes: Processes
) -> None:
    with closing(SQLiteJournal(path)) as mine:
        task = mine.add(make_task())
        owner = processes.start("own", path, task.id)
        assert read_line(owner) == "held"
        owner.send_signal(signal.SIGSTOP)
        later = since_boot() + LEASE + 1
        with closing(SQLiteJournal(path, clock=lambda: later)) as rival:
            assert rival.claim(task.id, "rival") == task
            with pytest.raises(ClaimLost):
                mine.save(task, f"claim of {owner.pid}")
        owner.send_signal(signal.SIGCONT)
        owner.communicate(timeout=120)


@pytest.mark.parametrize(
    ("column", "value", "void"),
    [
        ("pid", "999999999", True),
        ("machine", "'another machine'", True),
        ("machine", "machine || ' and a container on it'", False),
        ("pid", "1", False),
    ],
)
def test_only_a_process_that_is_visibly_gone_loses_its_claim(
    path: Path, journal: SQLiteJournal, column: str, value: str, void: bool
) -> None:
    task = journal.add(make_task(), "mine")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE holders SET pid = 999999999")
        connection.execute(f"UPDATE holders SET {column} = {value}")
    with closing(SQLiteJournal(path)) as rival:
        assert (rival.claim(task.id, "yours") is not None) == void


def test_another_users_process_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, number: int) -> None:
        raise PermissionError

    assert machine.process_ended(machine.machine(), 999999999)
    monkeypatch.setattr(os, "kill", forbidden)
    assert not machine.process_ended(machine.machine(), 999999999)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows who is a zombie")
def test_a_zombie_process_counts_as_gone() -> None:
    """A killed process is a zombie until its parent reaps it; in a container, perhaps forever."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not machine.process_ended(machine.machine(), process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        os.kill(process.pid, 0)
        assert machine.process_ended(machine.machine(), process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing can be done about it")
@pytest.mark.parametrize("ends", [["-shm"], ["-wal", "-shm"]])
@pytest.mark.parametrize("use", ["save", "find", "close"])
def test_who_lost_a_file_beside_the_database_overwrites_nothing(
    journal: SQLiteJournal, path: Path, processes: Processes, ends: list[str], use: str
) -> None:
    """Another process makes it anew; the two would write to the same place of the log."""
    task = journal.add(make_task("dune"), "mine")
    assert journal.find("dune") == [task]
    for end in ends:
        path.with_name(f"journal.db{end}").unlink()
    other = processes.start("open_at_once", path)
    assert read_line(other) == "ready"
    other.communicate("\n", timeout=60)  # it records "kite", and ends
    if use == "close":
        journal.close()
    else:
        with pytest.raises(JournalError, match="removed or replaced while"):
            journal.save(task, "mine") if use == "save" else journal.find("dune")
        with pytest.raises(JournalError, match="End it, and start it again"):
            SQLiteJournal(path).tasks()  # it would share what SQLite remembers of the lost file
    journal.close()
    assert "kite" in read_line(processes.start("listed", path)).split()


def test_two_processes_never_own_a_task_at_once(
    journal: SQLiteJournal, path: Path, processes: Processes
) -> None:
    journal.add(make_task(progress=0.0))
    rivals = [processes.start("compete", path, "kite", 60) for _ in range(2)]
    for rival in rivals:
        assert read_line(rival) == "ready"
    for rival in rivals:
        assert rival.stdin
        rival.stdin.write("go\n")
        rival.stdin.flush()
    for rival in rivals:
        assert rival.communicate(timeout=300)[1] == ""
    assert journal.tasks()[0].progress == 120


def test_many_processes_may_create_the_file_at_once(path: Path, processes: Processes) -> None:
    several = [processes.start("open_at_once", path) for _ in range(6)]
    for process in several:
        assert read_line(process) == "ready"
    for process in several:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=300) for process in several]
    assert {error for _, error in outcomes} == {""}
    assert len({out for out, _ in outcomes}) == 1


@pytest.mark.parametrize(("how", "code"), [("quietly", 0), ("raise", 3)])
def test_a_program_that_exits_first_does_the_queued_writes(
    path: Path, processes: Processes, how: str, code: int
) -> None:
    process = processes.start("end", path, how)
    assert process.communicate(timeout=300) == ("", "")
    assert process.returncode == code
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (2,)
        assert connection.execute("SELECT * FROM claims").fetchall() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_parent_and_child_continue_after_a_fork(path: Path, processes: Processes) -> None:
    out, error = processes.start("fork", path).communicate(timeout=300)
    assert error == ""
    assert out.splitlines() == [
        "child: lost",
        "child: None dune",
        "child: ['kite', 'dune']",
        "parent: renews",
        "parent: ['kite', 'dune']",
        "parent: dune",
        "parent: sending",
    ]
