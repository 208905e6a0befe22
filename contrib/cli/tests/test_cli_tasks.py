"""tasks, show, resume, cancel: the journal from outside."""

import json
from pathlib import Path

import pytest
from cli_gateway import VIDEO, Gateway
from cli_runs import inside, outside

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


def test_resume_takes_up_all_that_is_unfinished(left: Gateway, tmp_path: Path) -> None:
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


def test_several_end_with_the_highest_code(left: Gateway) -> None:
    left.polls = ["failed", "completed"]
    run = inside("resume", "one", "two", "one", "nowhere", "--json")
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert run.code == 5
    assert len(lines) == 3
    statuses = sorted(str(line["status"]) for line in lines)
    assert statuses == ["None", "completed", "failed"]
    assert "no task 'nowhere'" in run.err


def test_a_finished_task_is_there_again(left: Gateway, tmp_path: Path) -> None:
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


def test_an_empty_journal_is_said() -> None:
    assert inside("tasks").err == "There is no task yet.\n"
    assert json.loads(inside("tasks", "--json").out) == []


@pytest.mark.usefixtures("left")
def test_one_task_in_full() -> None:
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


@pytest.mark.usefixtures("left")
def test_a_gateway_without_a_way_to_cancel_says_so() -> None:
    run = inside("cancel", "one", "--json")
    assert run.code == 3
    assert "no way to cancel" in run.err
    assert "rushes resume one" in run.err
    assert json.loads(run.out)["task"] == "one"


def test_a_broken_journal_is_configuration(home: Path) -> None:
    home.mkdir()
    (home / "journal.db").write_bytes(b"no database" * 100)
    run = outside("tasks")
    assert run.code == 3
    assert "journal.db" in run.err
