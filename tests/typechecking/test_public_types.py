"""What type checkers see of our packages: every public name, and no misspelt one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RIGHT = """
import rushes
import rushes_compare
from rushes import Client, OnUpdate, Problem


def follow(task: rushes.Task, tell: OnUpdate) -> rushes.State:
    try:
        with Client() as client:
            return client.wait(task, on_update=tell).state
    except rushes.OutcomeUnknownError as error:
        found: rushes.Task | None = error.task
        return found.state if found else "unknown"


def can(problem: Problem) -> list[str]:
    return problem.variants


print(rushes_compare.load, rushes_compare.Results, rushes.__version__)
"""
WRONG = """
import rushes
import rushes_compare
from rushes import Clinet  # wrong
from rushes_compare import Resluts  # wrong

print(rushes.OutcomeUnknwnError)  # wrong
print(rushes_compare.laod)  # wrong
state: rushes.State = "done"  # wrong
tell: rushes.OnUpdate = len  # wrong
print(Clinet, Resluts, state, tell)
"""


def mypy(folder: Path) -> set[int]:
    """Return the lines of `page.py` that mypy finds wrong."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "page.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert all(line.startswith("page.py:") for line in done.stdout.splitlines()), done.stdout
    return {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}


def pyright(folder: Path) -> set[int]:
    """Return the lines of `page.py` that pyright finds wrong."""
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = ["-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "page.py"]
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {item["range"]["start"]["line"] + 1 for item in found if item["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_right_names_pass_and_misspelt_ones_fail(
    checker: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    page = tmp_path / "page.py"
    page.write_text(RIGHT)
    assert checker(tmp_path) == set()
    page.write_text(WRONG)
    lines = enumerate(WRONG.splitlines(), 1)
    assert checker(tmp_path) == {number for number, line in lines if line.endswith("# wrong")}
