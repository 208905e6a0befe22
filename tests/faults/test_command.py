"""The command line: each exit code, its messages, and its JSON."""

import json
import re
import signal

import pytest
from rushes_cli import exit_codes

from faults import other_rows as rows
from faults.case import Row
from faults.command import Command
from faults.fault_run import FaultRun
from faults.other_rows import CTRL_C, StalledCall
from faults.runner import Measurement, Recorder
from faults.selection import parametrize_rows


@pytest.fixture
def rushes(run: FaultRun) -> Command:
    return Command(run)


def measurement(row: Row, rushes: Command, bills: int, outcome: str, *, film: bool) -> Measurement:
    """Check everything again; return what was measured."""
    run = rushes.fault_run
    run.assert_output(delivered=film)
    run.assert_invariants()
    assert run.bills == bills
    return Measurement(row.step, row.name, run.provider, run.kind, bills, outcome)


@parametrize_rows([rows.WRONG_USAGE])
def test_wrong_usage(
    row: Row, provider: str, client: str, rushes: Command, record: Recorder
) -> None:
    assert rushes.run(*rushes.generate("--sedd", "3")) == exit_codes.USAGE
    assert "--seed" in rushes.err
    record(measurement(row, rushes, 0, "exit 2", film=False))


@parametrize_rows([rows.NO_KEY])
def test_no_key(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    variable = f"{provider.upper()}_API_KEY"
    del rushes.environment[variable]
    assert rushes.run(*rushes.generate("--json")) == exit_codes.CONFIGURATION
    assert variable in rushes.err
    assert (rushes.json["task"], variable in rushes.json["error"]) == (None, True)
    record(measurement(row, rushes, 0, "exit 3", film=False))


@parametrize_rows([rows.NOT_BOUGHT])
def test_refused(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    rushes.fault_run.sandbox.inject("refuse-402", gateway=provider)
    assert rushes.run(*rushes.generate("--json")) == exit_codes.NOT_BOUGHT
    assert "the balance is too low" in rushes.err
    assert (rushes.json["status"], rushes.json["resume"]) == ("refused", None)
    record(measurement(row, rushes, 0, "exit 4", film=False))


@parametrize_rows([rows.FAILED])
def test_failed(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    reference = rushes.begin()
    rushes.fault_run.sandbox.inject("status-failed", gateway=provider)
    assert rushes.run("resume", reference, "--json") == exit_codes.ENDED
    assert "content policy" in rushes.err
    assert (rushes.json["status"], rushes.json["file"]) == ("failed", None)
    record(measurement(row, rushes, 1, "exit 5", film=False))


@parametrize_rows([rows.NO_FILM])
def test_no_film(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    reference = rushes.begin()
    rushes.fault_run.sandbox.inject("download-html-as-video", gateway=provider)
    assert rushes.run("resume", reference, "--json") == exit_codes.ENDED
    assert rushes.json["resume"] == f"rushes resume {reference}"
    assert rushes.run("resume", rushes.reference) == 0
    assert rushes.out == f"{rushes.fault_run.target}\n"
    record(measurement(row, rushes, 1, "exit 5, resumed: the video", film=True))


@parametrize_rows([rows.IMPATIENT])
def test_impatient(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    assert rushes.run(*rushes.generate("--timeout", "0.1", "--json")) == exit_codes.UNFINISHED
    reference = rushes.json["task"]
    assert rushes.json["remote_id"] == rushes.fault_run.sandbox.created[-1].id
    assert rushes.run("resume", "--json") == 0
    assert rushes.json["task"] == reference
    assert rushes.json["file"] == str(rushes.fault_run.target)
    record(measurement(row, rushes, 1, "exit 6, resumed: the video", film=True))


def resolve(rushes: Command, reference: str) -> None:
    """Resolve a task with its remote id by hand, and fetch the video."""
    assert rushes.run("resume", reference) == exit_codes.UNKNOWN
    remote_id = rushes.fault_run.sandbox.created[-1].id
    run = rushes.fault_run
    memo = run.facts.memo(run.sandbox.base_urls[run.provider], remote_id)
    more = ["--memo", json.dumps(memo)] if memo else []
    assert rushes.run("resolve", reference, "--id", remote_id, *more) == 0, rushes.err
    assert rushes.run("resume", reference) == 0, rushes.err


@parametrize_rows([rows.UNCLEAR])
def test_unclear(row: Row, provider: str, client: str, rushes: Command, record: Recorder) -> None:
    rushes.fault_run.sandbox.inject("drop-after-create", gateway=provider)
    assert rushes.run(*rushes.generate("--json")) == exit_codes.UNKNOWN
    reference = rushes.json["task"]
    for command in ("resume", "resolve"):
        assert re.search(rf"rushes {command} {reference}", rushes.err)
    assert rushes.json["status"] == "unknown"
    resolve(rushes, reference)
    record(measurement(row, rushes, 1, "exit 7, resolved by id: the video", film=True))


@parametrize_rows(CTRL_C)
def test_ctrl_c(
    row: StalledCall, provider: str, client: str, rushes: Command, record: Recorder
) -> None:
    submitting = row.fault == "stall-after-create"
    arguments = rushes.generate() if submitting else ["resume", rushes.begin()]
    order = rushes.fault_run.sandbox.inject(row.fault, gateway=provider)
    process = rushes.start(*arguments)
    assert order.wait(120)
    process.send_signal(signal.SIGINT)
    assert rushes.end(process) == exit_codes.INTERRUPTED, rushes.err
    order.release()
    reference = rushes.reference
    if submitting and not rushes.fault_run.facts.takes_up:
        resolve(rushes, reference)
        outcome = "exit 130, resolved by id: the video"
    else:
        assert rushes.run("resume", reference) == 0, rushes.err
        outcome = "exit 130, resumed: the video"
    record(measurement(row, rushes, 1, outcome, film=True))
