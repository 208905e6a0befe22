"""What type checkers see of our packages: every public name, and no misspelt one."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RIGHT = """
from rushes import Client, OnUpdate, Problem
from rushes_compare import compare


def follow(task: rushes.Task, tell: OnUpdate) -> rushes.State:
    try:
        with Client() as client:
            return client.wait(task, on_update=tell).state
    except rushes.OutcomeUnknownError as error:
        found: rushes.Task | None = error.task
        return found.state if found else "unknown"


def can(problem: Problem) -> list[str]:
    return problem.variants


print(rushes.__version__)
compare("A", ["a/b"], max_cost=2, max_tasks=1, prices={"a/b": "1/task"})
"""
WRONG = """
state: rushes.State = "done"
tell: rushes.OnUpdate = len
rushes_compare.compare("A", max_csot=2)
coroutine = rushes_compare.compare_async("A", max_csot=2)
rushes_compare.compare("A", max_cost="2")
"""


UNREAD = (
    "_pytest", "anyio", "av", "click", "hypothesis", "mcp", "numpy", "opentelemetry", "PIL",
    "procrastinate", "psycopg", "psycopg_pool", "pydantic", "pydantic_core", "pytest", "rich",
    "starlette", "uvicorn", "yaml",
)  # fmt: skip
"""What our packages use inside: reading its types, too, takes mypy three times as long."""


def public_modules() -> Iterator[str]:
    """Yield the name of every public module of the workspace."""
    for source in (folder for at in ("core", "*/*") for folder in ROOT.glob(f"{at}/src")):
        for path in source.rglob("*.py"):
            parts = path.relative_to(source).with_suffix("").parts
            names = parts[:-1] if parts[-1] == "__init__" else parts
            if not any(name.startswith("_") for name in names):
                yield ".".join(names)


MODULES = sorted(public_modules())


def mypy(folder: Path) -> set[tuple[str, int]]:
    """Return the files and lines that mypy finds wrong."""
    unread = ",".join(f"{name}.*" for name in UNREAD)
    (folder / "mypy.ini").write_text(f"[mypy]\n[mypy-{unread}]\nfollow_imports = skip\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    command += [f"--cache-dir={os.devnull}", "."]  # writing it takes as long as checking
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors = [line.split(":") for line in done.stdout.splitlines() if ": error:" in line]
    return {(error[0], int(error[1])) for error in errors}


def pyright(folder: Path) -> set[tuple[str, int]]:
    """Return the files and lines that pyright finds wrong."""
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = ["-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "."]
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    return {(Path(item["file"]).name, item["range"]["start"]["line"] + 1) for item in errors}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_right_names_pass_and_misspelt_ones_fail(
    checker: Callable[[Path], set[tuple[str, int]]], tmp_path: Path
) -> None:
    imports = "".join(f"import {module}\n" for module in MODULES)
    names = "".join(
        f"print({module}.{name})\n"
        for module in MODULES
        for name in getattr(importlib.import_module(module), "__all__", ())
    )
    misspelt = "".join(
        f"print({module}.Mispelt)\nfrom {module} import Mispelt as Mispelt{number}\n"
        for number, module in enumerate(MODULES)
    )
    wrong = (WRONG + misspelt).strip().splitlines()
    (tmp_path / "right.py").write_text(imports + names + RIGHT)
    (tmp_path / "wrong.py").write_text("\n".join([*imports.splitlines(), *wrong]))
    found = checker(tmp_path)
    assert {line for file, line in found if file == "right.py"} == set()
    passed = [
        line
        for number, line in enumerate(wrong, len(MODULES) + 1)
        if ("wrong.py", number) not in found
    ]
    assert passed == []


def test_every_package_is_among_them() -> None:
    packages = {folder.name for folder in ROOT.glob("*/*/src/*")} | {"rushes"}
    packages = {name for name in packages if name.isidentifier()}
    assert packages <= set(MODULES)
    assert "rushes_sandbox" in packages
