"""An unknown outcome: reported, looked up again, resolved by the caller."""

import json
from pathlib import Path

import pytest
from cli_gateway import VIDEO, Gateway, response
from cli_runs import inside

MAKE = ("generate", "A red kite", "-m", "uniall/kling-v3-std-audio", "--task", "mine")


@pytest.fixture
def unsure(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Make the gateway one without look-up and replay, like UniAll."""
    monkeypatch.setenv("UNIALL_BASE_URL", gateway.url)
    monkeypatch.setenv("UNIALL_API_KEY", "k")
    gateway.submits = [lambda _task: response(500, {"error": {"message": "oh"}})]
    return gateway


@pytest.mark.usefixtures("soon")
def test_the_reference_and_the_next_steps_are_printed(unsure: Gateway) -> None:
    run = inside(*MAKE, "--json")
    assert run.code == 7, run
    assert "The task's reference:   mine" in run.err
    assert "rushes resume mine" in run.err
    assert "rushes resolve mine --as lost" in run.err
    assert json.loads(run.out)["status"] == "unknown"
    assert inside("resume", "mine").code == 7
    assert inside("resume").code == 7
    assert len(unsure.paid) == 1


@pytest.mark.usefixtures("soon")
def test_a_task_that_may_be_running_is_not_cancelled(unsure: Gateway) -> None:
    assert inside(*MAKE).code == 7
    run = inside("cancel", "mine")
    assert run.code == 7, run
    assert "it may be running and billed" in run.err
    assert "rushes resolve mine --id REMOTE_ID" in run.err
    assert len(unsure.paid) == 1


@pytest.mark.usefixtures("soon")
def test_the_caller_gives_the_remote_id(unsure: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "kite.mp4"
    assert inside(*MAKE, "-o", str(file)).code == 7
    run = inside("resolve", "mine", "--id", "remote-9", "--json")
    assert run.code == 0
    assert json.loads(run.out)["remote_id"] == "remote-9"
    unsure.polls = ["completed"]
    again = inside("resume", "mine")
    assert again.code == 0, again
    assert file.read_bytes() == VIDEO
    assert len(unsure.paid) == 1


@pytest.mark.usefixtures("soon")
def test_the_caller_gives_the_task_up(unsure: Gateway) -> None:
    assert inside(*MAKE).code == 7
    run = inside("resolve", "mine", "--as", "lost")
    assert run.code == 0
    assert "mine is lost" in run.err
    assert inside("resume").err == "Nothing is left to resume.\n"
    assert inside("resolve", "mine", "--as", "lost").code == 3
    assert len(unsure.paid) == 1


def test_exactly_one_outcome_is_required() -> None:
    assert inside("resolve", "mine").code == 2
    assert inside("resolve", "mine", "--as", "lost", "--id", "x").code == 2
    assert inside("resolve", "mine", "--as", "lost", "--memo", "1").code == 2
    run = inside("resolve", "mine", "--id", "x", "--memo", "{region: eu}")
    assert run.code == 2
    assert "--memo: '{region: eu}' is not valid JSON" in run.err
    assert inside("resolve", "mine", "--as", "lost").code == 3


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize(
    "words",
    [
        ("resolve", "--as", "lost"),
        ("resolve", "--id", "x"),
        ("cancel",),
        ("resume",),
        ("show",),
        ("show", "--refresh"),
        ("purge", "--yes", "--unreadable"),
    ],
)
def test_an_empty_reference_is_nobodys(
    words: tuple[str, ...], nothing: str, unsure: Gateway
) -> None:
    """It begins the reference of the only task, too, and is what an unset variable gives."""
    assert inside(*MAKE).code == 7
    before = inside("show", "mine", "--json").out
    run = inside(*words, nothing)
    assert (run.code, run.out) == (3, ""), run
    assert f"no task {nothing!r} is in" in run.err
    assert (unsure.polled, len(unsure.paid)) == (0, 1)
    assert inside("show", "mine", "--json").out == before
