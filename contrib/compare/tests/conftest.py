"""For all tests of comparing: a sandbox to run against."""

from pathlib import Path

import pytest
from comparison_runs import Comparing
from rushes_sandbox import Sandbox


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def comparing(rushes_sandbox: Sandbox, tmp_path: Path) -> Comparing:
    return Comparing(rushes_sandbox, tmp_path / "home")
