"""tasks, show, resume, cancel: the journal from outside."""

import importlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_gateway import VIDEO, Gateway
from cli_runs import Run, inside, outside

resume = importlib.import_module("rushes_cli._commands.resume")

KITE = ("generate", "A red kite", "-m", "toapis/kling-v3")


@pytest.fixture
def left(gateway: Gateway, tmp_path: Path, soon: None) -> Gateway:
    """Leave three tasks waiting."""
    gateway.polls = ["queued"]
    for name in ("one", "two", "three"):
        file = tmp_path / f"{name}.mp4"
        run = inside(*KITE, "--task", name, "--timeout", "0.02", "-o", str(file), "--seed", "1")
        assert run.code == 4
        run = inside(*KITE, "--task", name, "--timeout", "0.02", "-o", str(file))
        assert run.code == 6, run
    return gateway


def test_resume_continues_every_unfinished_task(left: Gateway, tmp_path: Path) -> None:
    run = inside("resume", "--timeout", "0.05")
    assert run.code == 6
    assert run.out == ""
    assert {f"rushes resume {name}" in run.err for name in ("one", "two", "three")} == {True}
    left.polls = ["completed"]
    run = inside("resume")
    assert run.code == 0, run
    files = {str(tmp_path / f"{name}.mp4") for name in ("one", "two", "three")}
    assert set(run.out.splitlines()) == files
    assert all(Path(file).read_bytes() == VIDEO for file in files)
    assert len(left.paid) == 3
    run = inside("resume")
    assert (run.code, run.out) == (0, "")
    assert "Nothing is left" in run.err


def test_several_tasks_exit_with_the_highest_code(left: Gateway) -> None:
    left.polls = ["failed", "completed"]
    run = inside("resume", "one", "two", "one", "nowhere", "--json")
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert run.code == 5
    assert len(lines) == 3
    statuses = sorted(str(line["status"]) for line in lines)
    assert statuses == ["None", "completed", "failed"]
    assert "no task 'nowhere'" in run.err


def test_resuming_a_finished_task_prints_its_file(left: Gateway, tmp_path: Path) -> None:
    left.polls = ["completed"]
    file = tmp_path / "one.mp4"
    for _ in range(2):
        assert inside("resume", "one").out == f"{file}\n"
    file.unlink()
    assert inside("resume", "one").out == f"{file}\n"
    assert file.read_bytes() == VIDEO


@pytest.mark.usefixtures("left")
def test_the_journal_is_listed() -> None:
    run = inside("tasks")
    assert run.code == 0
    assert [line.split()[0] for line in run.out.splitlines()[2:]] == ["three", "two", "one"]
    found = json.loads(inside("tasks", "--json", "--unfinished").out)
    assert [task["task"] for task in found] == ["three", "two", "one"]
    assert found[0]["resume"] == "rushes resume three"
    assert found[0]["created_at"].endswith("Z")


def test_an_empty_journal_is_reported() -> None:
    assert inside("tasks").err == "There are no tasks yet.\n"
    assert json.loads(inside("tasks", "--json").out) == []


@pytest.mark.usefixtures("left")
def test_show_prints_one_task_in_full() -> None:
    run = inside("show", "tw")
    assert run.code == 0, run
    assert "Status:    queued" in run.out
    assert "Resume:    rushes resume two" in run.out
    assert '"prompt": "A red kite"' in run.out
    assert "Bearer" not in run.out
    found = json.loads(inside("show", "two", "--json").out)
    assert found["task"] == "two"
    assert found["request"]["client_business_id"] == "two"
    assert inside("show", "nowhere").code == 3
    assert inside("show").code == 2


def test_a_timeout_of_zero_polls_once(left: Gateway) -> None:
    looks = left.polled
    run = inside("resume", "one", "--timeout", "0")
    assert (run.code, left.polled - looks) == (6, 1)
    assert "queued; the provider was last asked just now" in run.err
    assert inside("resume", "one", "--timeout", "-1").code == 2


def test_show_refresh_shows_the_current_state(left: Gateway) -> None:
    left.polls = ["in_progress", "completed"]
    looks = left.polled
    assert json.loads(inside("show", "two", "--json").out)["status"] == "queued"
    assert left.polled == looks
    assert json.loads(inside("show", "two", "--refresh", "--json").out)["progress"] == 42
    run = inside("show", "two", "--refresh")
    assert "Status:    completed" in run.out
    assert "Polled:    20" in run.out
    assert left.polled == looks + 2


@pytest.mark.usefixtures("left")
def test_a_gateway_that_cannot_cancel_is_reported() -> None:
    run = inside("cancel", "one", "--json")
    assert run.code == 2
    assert "does not document how to cancel" in run.err
    assert "rushes resume one" in run.err
    assert json.loads(run.out)["task"] == "one"


@pytest.fixture
def unsent(gateway: Gateway, tmp_path: Path, soon: None) -> Gateway:
    """Leave one job that was never sent: its place cannot be written."""
    (tmp_path / "file").touch()
    run = inside(*KITE, "--task", "unsent", "-o", str(tmp_path / "file" / "kite.mp4"))
    assert (run.code, gateway.paid) == (6, [])
    return gateway


def resumes(monkeypatch: pytest.MonkeyPatch, answer: str) -> Run:
    monkeypatch.setattr(resume, "can_prompt", lambda: True)
    return inside("resume", stdin=answer)


def test_unsent_tasks_are_listed_before_they_are_bought(
    unsent: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").unlink()
    run = resumes(monkeypatch, "n\n")
    assert (run.code, run.out, unsent.paid) == (0, "", [])
    assert (
        "These tasks were never sent, and will be bought now:\n  unsent  toapis/kling-v3  "
        in run.err
    )
    assert "Drop it with: rushes cancel unsent" in run.err
    run = resumes(monkeypatch, "y\n")
    assert (run.code, len(unsent.paid)) == (0, 1)
    assert (tmp_path / "file" / "kite.mp4").read_bytes() == VIDEO


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_without_a_terminal_unsent_tasks_are_listed_and_bought(
    unsent: Gateway, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "file").unlink()
    run = inside("resume", *options)
    assert (run.code, len(unsent.paid)) == (0, 1)
    assert "These tasks were never sent, and will be bought now" in run.err
    assert "Never sent" not in inside("resume").err


def test_cancel_drops_an_unsent_task(unsent: Gateway, tmp_path: Path) -> None:
    run = inside("cancel", "uns", "--json")
    assert (run.code, json.loads(run.out)["status"]) == (0, "cancelled")
    assert inside("resume").err == "Nothing is left to resume.\n"
    assert unsent.paid == []


def test_the_same_command_sends_an_unsent_task(
    gateway: Gateway, tmp_path: Path, soon: None
) -> None:
    (tmp_path / "file").touch()
    assert inside(*KITE, "-o", str(tmp_path / "file" / "kite.mp4")).code == 6
    assert inside(*KITE, "-o", str(tmp_path / "kite.mp4")).code == 0
    assert inside("resume").err == "Nothing is left to resume.\n"
    assert len(gateway.paid) == 1


def test_an_unreadable_record_is_named_after_the_rest(
    left: Gateway, home: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(home / "journal.db")) as connection, connection:
        connection.execute("UPDATE tasks SET record = '[]' WHERE id = 'two'")
    left.polls = ["completed"]
    run = inside("tasks")
    assert run.code == 3
    assert [line.split()[0] for line in run.out.splitlines()[2:]] == ["three", "one"]
    assert "contains a task 'two'" in run.err
    run = inside("resume", "--json")
    assert run.code == 3
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert {line["task"]: line["status"] for line in lines} == {
        "one": "completed", "two": None, "three": "completed",
    }  # fmt: skip
    assert "contains a task 'two'" in run.err


def test_a_broken_journal_is_a_configuration_error(home: Path) -> None:
    home.mkdir()
    (home / "journal.db").write_bytes(b"no database" * 100)
    run = outside("tasks")
    assert run.code == 3
    assert "journal.db" in run.err
