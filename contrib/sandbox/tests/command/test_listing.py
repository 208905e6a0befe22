"""The lists of faults and lies, and what a shell completes."""

import json
import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from rushes_sandbox import FAULTS, LIES
from rushes_sandbox.command import sandbox

RUN = [sys.executable, "-c", "from rushes_sandbox.command import sandbox; sandbox()"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*RUN, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_it_lists_every_fault() -> None:
    listed = run("--list-faults")
    assert (listed.returncode, listed.stderr) == (0, "")
    for name in FAULTS:
        assert f"\n{name} " in listed.stdout
    printed = json.loads(run("--list-faults", "--json").stdout)
    assert printed == [fault.as_json() for fault in FAULTS.values()]
    assert set(printed[0]) == {"name", "step", "does"}


def test_it_lists_every_lie() -> None:
    listed = run("--list-lies")
    assert (listed.returncode, listed.stderr) == (0, "")
    for name in LIES:
        assert f"\n{name} " in listed.stdout
    assert json.loads(run("--list-lies", "--json").stdout) == [
        {"name": lie.name, "does": lie.does} for lie in LIES.values()
    ]


@pytest.mark.parametrize(
    ("option", "name", "nearest"),
    [("--fault", "drop-aftr-create", "drop-after-create"), ("--lie", "blak", "black")],
)
def test_an_unknown_name_is_wrong_usage(option: str, name: str, nearest: str) -> None:
    done = run(option, name, "--port", "0")
    assert done.returncode == 2
    assert f"the nearest is '{nearest}'" in done.stderr
    assert "Traceback" not in done.stderr


def completed(option: str, incomplete: str) -> list[str]:
    shell = ShellComplete(sandbox, {}, "sandbox", "_SANDBOX_COMPLETE")
    return [item.value for item in shell.get_completions([option], incomplete)]


def test_a_shell_completes_names() -> None:
    assert completed("--fault", "") == list(FAULTS)
    assert completed("--fault", "download-s") == ["download-short", "download-stall"]
    # How many times is a number, which no list can offer.
    assert completed("--fault", "download-short:") == []
    assert completed("--lie", "") == list(LIES)
    assert completed("--lie", "s") == ["smaller", "shorter", "silent", "slow-frames"]


def test_a_shell_completes_names_in_a_process() -> None:
    variables = {
        "_SANDBOX_COMPLETE": "bash_complete",
        "COMP_WORDS": "sandbox --fault status-c",
        "COMP_CWORD": "2",
    }
    code = "from rushes_sandbox.command import sandbox; sandbox(prog_name='sandbox')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.stdout.split() == ["plain,status-cut-json", "plain,status-cancelled"]
