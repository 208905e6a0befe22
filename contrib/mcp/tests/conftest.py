"""For all tests of the server: where it runs."""

from pathlib import Path

import pytest
from mcp_runs import Place
from rushes_sandbox import Sandbox


@pytest.fixture
def place(rushes_sandbox: Sandbox, tmp_path: Path) -> Place:
    return Place(rushes_sandbox, tmp_path)
