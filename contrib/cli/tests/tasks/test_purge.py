"""purge: old tasks are forgotten, unfinished ones never; show: what a task was."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click.testing
import pytest
from cli_runs import inside
from rushes import Client, SQLiteJournal, Task
from rushes_cli._app.root import cli
from rushes_cli._commands import purge
from rushes_cli.terminal import json_text

DAY = 24 * 3600.0


@pytest.fixture
def journal(home: Path) -> Iterator[SQLiteJournal]:
    """Fill a journal with two old tasks, a young one and an old one that is unfinished."""
    now = time.time()
    with closing(SQLiteJournal(home / "journal.db")) as journal:
        for name, state, days in (
            ("old", "failed", 31),
            ("older", "lost", 400),
            ("young", "failed", 29),
            ("waiting", "queued", 400),
        ):
            when = now - days * DAY
            journal.add(_task(name, "recorded", when))
            journal.save(_task(name, state, when))
        yield journal


def _task(name: str, state: str, when: float) -> Task:
    return Task(
        id=name,
        variant="toapis/kling-v3",
        base_url="",
        client_id=name,
        call=None,
        state=state,  # type: ignore[arg-type]
        created_at=when,
        updated_at=when,
    )


def names(journal: SQLiteJournal) -> set[str]:
    return {task.id for task in journal.tasks()}


def test_old_finished_tasks_are_forgotten(journal: SQLiteJournal) -> None:
    run = inside("purge", "--yes")
    assert (run.code, run.out) == (0, "")
    assert run.err == "2 tasks forgotten.\nKept as unfinished: 1 task of that age.\n"
    assert names(journal) == {"young", "waiting"}
    run = inside("purge")
    assert (run.code, run.err.splitlines()[0]) == (0, "0 tasks forgotten.")


def test_the_caller_chooses_the_age(journal: SQLiteJournal) -> None:
    run = inside("purge", "--older-than", "100", "--yes", "--json")
    assert json.loads(run.out) == {"purged": 1, "unfinished": 1}
    assert names(journal) == {"old", "young", "waiting"}
    assert json.loads(inside("purge", "--older-than", "0", "--yes", "--json").out)["purged"] == 2
    assert names(journal) == {"waiting"}


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_cannot_be_read_is_kept_and_named(
    journal: SQLiteJournal, home: Path, more: list[str]
) -> None:
    journal.close()
    with closing(sqlite3.connect(home / "journal.db")) as connection, connection:
        connection.execute("UPDATE tasks SET record = '[]' WHERE id = 'older'")
    run = inside("purge", "--yes", *more)
    assert run.code == 3
    assert "1 task forgotten." in run.err
    assert "Error: kept: " in run.err
    assert "contains a task 'older' that this version of rushes cannot read" in run.err
    assert run.out == ("" if not more else json_text({"purged": 1, "unfinished": 1}) + "\n")
    assert names(journal) == {"young", "waiting"}
    with Client(home=home) as client:
        assert client.purge(0) == 1
        assert list(client.unreadable()) == ["older"]


def damage(journal: SQLiteJournal, home: Path, task: str, record: str = "[]") -> None:
    journal.close()
    with closing(sqlite3.connect(home / "journal.db")) as connection, connection:
        connection.execute("UPDATE tasks SET record = ? WHERE id = ?", (record, task))


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_cannot_be_read_is_saved_before_it_is_forgotten(
    journal: SQLiteJournal, home: Path, more: list[str]
) -> None:
    """Until then, `rushes resume` has something left to do."""
    damage(journal, home, "waiting", '{"id": "waiting", "receipt": {"remote_')
    run = inside("resume")
    assert run.code == 3
    assert "`rushes purge --unreadable waiting` saves what is left of it" in run.err
    run = inside("purge", "--unreadable", "waiting", "--yes", *more)
    assert run.code == 0, run.err
    assert "It may be a paid task of toapis that goes on" in run.err
    (saved,) = home.glob("unreadable-waiting-*.json")
    assert run.out == ("" if not more else f'{{"purged":1,"saved":"{saved}"}}\n')
    assert str(saved) in run.err
    assert saved.stat().st_mode & 0o777 == 0o600
    kept = json.loads(saved.read_text())
    assert kept["record"] == '{"id": "waiting", "receipt": {"remote_'
    assert (kept["id"], kept["variant"], kept["state"]) == ("waiting", "toapis/kling-v3", "queued")
    assert (kept["client_id"], kept["unfinished"], len(kept["changes"])) == ("waiting", True, 2)
    assert inside("resume").code == 0
    assert names(journal) == {"old", "older", "young"}


def test_nothing_unreadable_is_forgotten_unless_it_was_saved(
    journal: SQLiteJournal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(journal, home, "waiting")
    with monkeypatch.context() as patched:
        patched.setattr(purge, "home", lambda: home / "journal.db")  # no folder
        run = inside("purge", "--unreadable", "waiting", "--yes")
    assert run.code == 3
    assert "cannot be written" in run.err
    assert "nothing was forgotten" in run.err
    run = inside("purge", "--unreadable", "waiting")
    assert run.code == 2
    assert "standard input is not a terminal; give --yes" in run.err
    run = inside("purge", "--unreadable", "waiting", "--older-than", "0", "--yes")
    assert run.code == 2
    assert "Give --older-than or --unreadable, not both." in run.err
    assert list(journal.unreadable()) == ["waiting"]


def test_only_what_cannot_be_read_is_discarded(journal: SQLiteJournal) -> None:
    run = inside("purge", "--unreadable", "waiting", "--yes")
    assert run.code == 2
    assert "can be read. To give it up: rushes resolve waiting --as lost" in run.err
    run = inside("purge", "--unreadable", "nobody", "--yes")
    assert (run.code, "no task 'nobody'" in run.err) == (3, True)
    assert len(names(journal)) == 4


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1)])
def test_a_terminal_is_asked_before_an_unreadable_task_is_forgotten(
    journal: SQLiteJournal, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr(purge, "can_prompt", lambda: True)
    damage(journal, home, "waiting")
    asked = click.testing.CliRunner().invoke(
        cli, ["purge", "--unreadable", "waiting"], input=f"{answer}\n"
    )
    assert "Status: queued" in asked.output
    assert "forget it? [y/N]" in asked.output
    assert len(journal.unreadable()) == left


@pytest.mark.parametrize("age", ["-1", "soon", ""])
def test_an_age_is_a_number_of_days(journal: SQLiteJournal, age: str) -> None:
    assert inside("purge", "--older-than", age, "--yes").code == 2
    assert len(names(journal)) == 4


def test_without_a_terminal_yes_is_required(journal: SQLiteJournal) -> None:
    run = inside("purge")
    assert run.code == 2
    assert "2 tasks would be forgotten" in run.err
    assert "--yes" in run.err
    assert len(names(journal)) == 4


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 2), ("n\n", 130, 4), ("", 130, 4)])
def test_a_terminal_asks_for_confirmation(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    monkeypatch.setattr(purge, "can_prompt", lambda: True)
    result = click.testing.CliRunner().invoke(cli, ["purge"], input=answer)
    assert result.exit_code == code
    assert "Forget 2 tasks, unchanged for 30 days, for good?" in result.stderr
    assert result.stdout == ""
    assert len(names(journal)) == left


def test_an_empty_journal_has_nothing_to_forget() -> None:
    run = inside("purge")
    assert (run.code, run.err) == (0, "0 tasks forgotten.\n")


def test_a_journal_that_cannot_be_used(home: Path) -> None:
    home.mkdir()
    (home / "journal.db").write_bytes(b"no database" * 100)
    run = inside("purge", "--yes")
    assert run.code == 3
    assert "journal.db" in run.err


def test_show_prints_the_whole_task(journal: SQLiteJournal) -> None:
    run = inside("show", "old")
    assert run.code == 0, run
    lines = [line for line in run.out.splitlines() if line.endswith(("recorded", "failed"))]
    assert lines[-2].startswith("History:   ")
    assert lines[-2].endswith("  recorded")
    assert lines[-1].startswith("           ")
    assert lines[-1].endswith("  failed")
    found = json.loads(inside("show", "old", "--json").out)["history"]
    assert [change["status"] for change in found] == ["recorded", "failed"]
    assert all(change["at"].endswith("Z") for change in found)


@pytest.mark.parametrize("days", ["nan", "inf", "-1"])
def test_an_age_is_a_number(journal: SQLiteJournal, days: str) -> None:
    run = inside("purge", "--older-than", days, "--yes")
    assert run.code == 2, run
    assert "Invalid value for '--older-than'" in run.err
    assert len(names(journal)) == 4
