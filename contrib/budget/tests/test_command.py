"""`rushes budget`: shows what is spent, sets limits, learns from the journal."""

import json
from pathlib import Path

import pytest
import rushes
from budget_world import World
from click.testing import CliRunner, Result
from rushes_budget import Budget, Limits
from rushes_budget.command import budget as command
from rushes_budget.ledger import Entry
from rushes_budget.limits import read


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUSHES_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(command, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_without_a_limit_it_says_how_to_set_one(home: Path) -> None:
    assert "`rushes budget --day 20` sets a limit" in run().stdout
    assert list(home.iterdir()) == []


def test_it_sets_changes_and_removes_limits(home: Path) -> None:
    run("--day", "20", "--provider", "acme=5", "--provider", "other=1", "--unknown-price", "0.5")
    run("--run", "3", "--provider", "other=none", "--unknown-price", "none")
    assert read(home) == Limits(run=3, day=20, providers={"acme": 5})
    shown = run("--day", "none").stdout
    assert read(home) == Limits(run=3, providers={"acme": 5})
    assert "per run: 3.00 USD\n" in shown
    assert "per day at acme: 0.00 USD of 5.00 USD spent or reserved, 5.00 USD left until" in shown
    assert "a job whose price is unknown is refused" in shown


@pytest.mark.usefixtures("home")
def test_a_limit_for_nobody_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--provider", "toapis=5").stderr == ""
    told = "Note: no installed provider is called 'toapsi' (nearest: toapis).\n"
    assert run("--provider", "toapsi=5").stderr == told
    assert run("--json").stderr == told
    monkeypatch.setenv("RUSHES_LOAD_PLUGINS", "rushes-budget")
    monkeypatch.setenv("RUSHES_BUDGET_PROVIDERS", "toapis=5")
    assert run().stderr == ""


@pytest.mark.parametrize("wrong", ["--day=x", "--run=-1", "--provider=acme", "--provider=a=-1"])
def test_what_is_wrong_is_usage_and_changes_nothing(home: Path, wrong: str) -> None:
    done = run(wrong)
    assert done.exit_code == 2
    assert "Error: " in done.stderr
    assert list(home.iterdir()) == []


def test_it_shows_what_is_spent_and_left(home: Path) -> None:
    world = World(home)
    run("--day", "1")
    with world.client(Budget()) as client:
        assert world.submits(client, 2) == 2
    assert "per day: 0.60 USD of 1.00 USD spent or reserved, 0.40 USD left" in run().stdout
    shown = json.loads(run("--json").stdout)
    assert shown["limits"] == {"day": 1}
    (row,) = shown["spent"]
    assert (row["limit"], row["usd"], row["spent"], row["left"]) == ("per day", 1, 0.6, 0.4)


def test_it_learns_from_the_journal_what_a_killed_process_did_not_tell(home: Path) -> None:
    world = World(home)
    run("--day", "1")
    world.network.on("POST", "/v1/videos", {"id": "r-1"}, rushes.Answer(402, {}, b"{}"))
    ours = Budget()
    with world.client(ours) as client:
        sent = world.submit(client)
        with pytest.raises(rushes.RefusedError) as caught:
            world.submit(client)
    refused = caught.value.task
    assert refused
    for task in (refused.id, "of another home"):
        entry = Entry(task=task, provider="acme", run="r", at=refused.created_at, micros=300_000)
        ours.ledger.reserve(entry, [])
    assert sorted(ours.unsettled(world.clock.now())) == sorted([sent.id, task, refused.id])
    assert "per day: 0.60 USD of 1.00 USD" in run().stdout
    assert sorted(ours.unsettled(world.clock.now())) == sorted([sent.id, task])
