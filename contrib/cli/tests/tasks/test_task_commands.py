"""tasks, show, resume, cancel: the journal from outside."""

import importlib
import json
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_gateway import VIDEO, Gateway
from cli_runs import Run, inside, outside
from rushes import Client, SQLiteJournal, Task
from rushes_cli._commands.tasks import _Table
from rushes_cli._request.completion import complete_tasks

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


@pytest.fixture
def many(home: Path) -> float:
    """Record 120 tasks, a day apart; the last are of another variant. Return when the first was."""
    first = time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, -1))
    with closing(SQLiteJournal(home / "journal.db")) as journal:
        for number in range(120):
            when = first + 24 * 3600 * number
            task = Task(
                id=f"t{number:03}",
                variant="toapis/kling-v3" if number < 110 else "apimart/kling-v3",
                base_url="",
                client_id=f"t{number:03}",
                call=None,
                state="queued" if number % 2 else "failed",
                error="its reason",
                created_at=when,
                updated_at=when,
            )
            journal.begin("add", task)
    return first


def listed(*options: str) -> list[str]:
    """Return the references that are listed, in a table and as JSON, which must agree."""
    run = inside("tasks", *options)
    table = [line.split()[0] for line in run.out.splitlines()[2:]]
    as_json = inside("tasks", *options, "--json")
    assert (run.code, as_json.code, as_json.err) == (0, 0, run.err if table else "")
    assert [task["task"] for task in json.loads(as_json.out)] == table
    return table


@pytest.mark.usefixtures("many")
def test_the_newest_tasks_are_listed() -> None:
    names = [f"t{number:03}" for number in reversed(range(120))]
    assert listed() == names[:50]
    assert inside("tasks").err == "The newest 50; --all lists the older ones, too.\n"
    assert listed("--limit", "3") == names[:3]
    assert listed("--all") == listed("--limit", "120") == listed("--limit", "500") == names
    assert inside("tasks", "--limit", "120").err == ""
    assert listed("--variant", "apimart/kling-v3") == names[:10]
    assert listed("--variant", "apimart/kling-v3", "--unfinished", "--limit", "2") == [
        "t119", "t117",
    ]  # fmt: skip
    assert listed("--since", "2026-04-28") == names[:3]
    assert listed("--since", "2026-04-28 13:00") == names[:2]
    assert listed("--since", "2100-01-01") == []
    assert inside("tasks", "--since", "2100-01-01").err == "There are no such tasks.\n"
    for options in (
        ("--since", "soon"),
        ("--limit", "0"),
        ("--limit", "many"),
        ("--limit", "3", "--all"),
    ):
        assert inside("tasks", *options).code == 2
    assert "is not a date like 2026-01-31" in inside("tasks", "--since", "soon").err


@pytest.mark.usefixtures("many")
def test_a_long_list_is_read_and_printed_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = inside("tasks", "--all"), inside("tasks", "--all", "--json")
    sizes: list[int] = []
    read = Client.tasks

    def counting(client: Client, **limits: Any) -> list[Task]:
        found = read(client, **limits)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(Client, "tasks", counting)
    monkeypatch.setattr("rushes_cli._runtime.journal.PAGE", 25)
    assert inside("tasks", "--all").out == whole[0].out
    assert sizes == [25, 25, 25, 25, 20]
    assert json.loads(inside("tasks", "--all", "--json").out) == json.loads(whole[1].out)
    sizes.clear()
    assert inside("purge", "--older-than", "0", "--yes").code == 0
    assert sizes == [25, 25, 25, 25, 20, 0]
    assert len(listed("--all")) == 60


@pytest.mark.usefixtures("many")
def test_references_are_completed_without_reading_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def completed(text: str) -> list[str]:
        found = complete_tasks(None, None, text)  # type: ignore[arg-type]
        return [item.value for item in found]

    assert completed("t11") == [f"t{number}" for number in range(119, 109, -1)]
    monkeypatch.setattr("rushes_cli._request.completion._NEWEST", 20)
    assert completed("t11") == [f"t{number}" for number in range(119, 109, -1)]
    assert completed("t005") == ["t005"]  # the only one of the older ones
    assert completed("t00") == completed("u") == []


def test_a_table_of_long_pages_stays_aligned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def task(name: str, **facts: Any) -> Task:
        known: dict[str, Any] = {"base_url": "", "client_id": name, "call": None, **facts}
        return Task(id=name, variant="toapis/kling-v3", created_at=0.0, updated_at=0.0, **known)

    table = _Table()
    table.add([task("a", state="in_progress", progress=7.0)])
    table.add([task("a-much-longer-name", error="one\nline\x1b[31m")])
    table.add([task("b", file="/x/b.mp4", state="completed")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["task", "variant", "status", "created", "file"]
    assert set(lines[1]) == {"-", " "}
    assert "in_progress 7%" in lines[2]
    assert lines[3].startswith("a-much-longer-name  toapis/kling-v3  recorded ")
    assert lines[3].endswith("  one line\\x1b[31m")
    assert lines[4].index("toapis") == lines[3].index("toapis")
    assert lines[4].index("/x/b.mp4") == lines[3].index("one line")


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
    assert (run.code, run.out, unsent.paid) == (4, "", [])
    assert (
        "These tasks were never sent, and will be bought now:\n  unsent  toapis/kling-v3  "
        in run.err
    )
    assert "Drop it with: rushes cancel unsent" in run.err
    assert "Error: task unsent stays as it is: it was never sent, nothing was bought\n" in run.err
    assert "Nothing is left" not in run.err
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
    shown = inside("show", "unsent").out
    assert "Unsent:    POST " in shown
    assert "Sent:" not in shown
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


def test_a_database_that_is_not_there_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:  # bound, but not listening
        nobody.bind(("127.0.0.1", 0))
        address = f"postgresql://me:s3cret@127.0.0.1:{nobody.getsockname()[1]}/films"
        monkeypatch.setenv("RUSHES_JOURNAL", address)
        run = outside("tasks")
    assert run.code == 3
    assert "the server cannot be reached" in run.err
    assert "correct RUSHES_JOURNAL" in run.err
    assert "s3cret" not in run.err
