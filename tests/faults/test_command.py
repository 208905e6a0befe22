"""The command line: each exit code, its words, and what it tells a program."""

import re
import signal

import pytest
from rushes_cli import exit_codes

from faults import other_rows as rows
from faults.bench import Bench
from faults.case import Row
from faults.choosing import put_to
from faults.command import Command
from faults.other_rows import CTRL_C, Held
from faults.playing import Measured, Record


@pytest.fixture
def rushes(bench: Bench) -> Command:
    return Command(bench)


def done(row: Row, rushes: Command, bills: int, outcome: str, *, film: bool) -> Measured:
    """Look at everything once more, and say what was measured."""
    bench = rushes.bench
    bench.assert_whole(there=film)
    bench.assert_all()
    assert bench.bills == bills
    return Measured(row.step, row.name, bench.provider, bench.kind, bills, outcome)


@put_to([rows.WRONG_USAGE])
def test_wrong_usage(
    row: Row, provider: str, client: str, rushes: Command, measured: Record
) -> None:
    assert rushes.run(*rushes.generate("--sedd", "3")) == exit_codes.USAGE
    assert "--seed" in rushes.err
    measured(done(row, rushes, 0, "exit 2", film=False))


@put_to([rows.NO_KEY])
def test_no_key(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    variable = f"{provider.upper()}_API_KEY"
    del rushes.environment[variable]
    assert rushes.run(*rushes.generate("--json")) == exit_codes.CONFIGURATION
    assert variable in rushes.err
    assert (rushes.told["task"], variable in rushes.told["error"]) == (None, True)
    measured(done(row, rushes, 0, "exit 3", film=False))


@put_to([rows.NOT_BOUGHT])
def test_refused(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    rushes.bench.sandbox.inject("refuse-402", gateway=provider)
    assert rushes.run(*rushes.generate("--json")) == exit_codes.NOT_BOUGHT
    assert "the balance is too low" in rushes.err
    assert (rushes.told["status"], rushes.told["resume"]) == ("refused", None)
    measured(done(row, rushes, 0, "exit 4", film=False))


@put_to([rows.FAILED])
def test_failed(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    reference = rushes.begin()
    rushes.bench.sandbox.inject("status-failed", gateway=provider)
    assert rushes.run("resume", reference, "--json") == exit_codes.ENDED
    assert "content policy" in rushes.err
    assert (rushes.told["status"], rushes.told["file"]) == ("failed", None)
    measured(done(row, rushes, 1, "exit 5", film=False))


@put_to([rows.NO_FILM])
def test_no_film(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    reference = rushes.begin()
    rushes.bench.sandbox.inject("download-html-as-video", gateway=provider)
    assert rushes.run("resume", reference, "--json") == exit_codes.ENDED
    assert rushes.told["resume"] == f"rushes resume {reference}"
    assert rushes.run("resume", rushes.reference) == 0
    assert rushes.out == f"{rushes.bench.target}\n"
    measured(done(row, rushes, 1, "exit 5, resumed: the video", film=True))


@put_to([rows.IMPATIENT])
def test_impatient(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    assert rushes.run(*rushes.generate("--timeout", "0.1", "--json")) == exit_codes.UNFINISHED
    reference = rushes.told["task"]
    assert rushes.told["remote_id"] == rushes.bench.sandbox.created[-1].id
    assert rushes.run("resume", "--json") == 0
    assert rushes.told["task"] == reference
    assert rushes.told["file"] == str(rushes.bench.target)
    measured(done(row, rushes, 1, "exit 6, resumed: the video", film=True))


def named(rushes: Command, reference: str) -> None:
    """Tell the remote id by hand, and have the video brought."""
    assert rushes.run("resume", reference) == exit_codes.UNKNOWN
    remote_id = rushes.bench.sandbox.created[-1].id
    assert rushes.run("resolve", reference, "--id", remote_id) == 0, rushes.err
    assert rushes.run("resume", reference) == 0, rushes.err


@put_to([rows.UNCLEAR])
def test_unclear(row: Row, provider: str, client: str, rushes: Command, measured: Record) -> None:
    rushes.bench.sandbox.inject("drop-after-create", gateway=provider)
    assert rushes.run(*rushes.generate("--json")) == exit_codes.UNKNOWN
    reference = rushes.told["task"]
    for command in ("resume", "resolve"):
        assert re.search(rf"rushes {command} {reference}", rushes.err)
    assert rushes.told["status"] == "unknown"
    named(rushes, reference)
    measured(done(row, rushes, 1, "exit 7, told the id: the video", film=True))


@put_to(CTRL_C)
def test_ctrl_c(row: Held, provider: str, client: str, rushes: Command, measured: Record) -> None:
    submitting = row.fault == "stall-after-create"
    arguments = rushes.generate() if submitting else ["resume", rushes.begin()]
    order = rushes.bench.sandbox.inject(row.fault, gateway=provider)
    process = rushes.start(*arguments)
    assert order.wait(120)
    process.send_signal(signal.SIGINT)
    assert rushes.end(process) == exit_codes.INTERRUPTED, rushes.err
    order.release()
    reference = rushes.reference
    if submitting and provider == "uniall":
        named(rushes, reference)
        outcome = "exit 130, told the id: the video"
    else:
        assert rushes.run("resume", reference) == 0, rushes.err
        outcome = "exit 130, resumed: the video"
    measured(done(row, rushes, 1, outcome, film=True))
