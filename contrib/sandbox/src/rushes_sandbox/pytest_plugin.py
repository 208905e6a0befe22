"""The pytest fixture `rushes_sandbox`: a running sandbox for each test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rushes_sandbox import Sandbox

MARKER = "rushes_sandbox(**settings): arguments of `Sandbox` for the `rushes_sandbox` fixture"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, as `--strict-markers` requires."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def rushes_sandbox_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where videos are kept during the run, so that each is rendered once.

    The workers of pytest-xdist share it: a video appears there whole or not at all.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rushes-sandbox"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def rushes_sandbox(
    request: pytest.FixtureRequest, rushes_sandbox_folder: Path
) -> Iterator["Sandbox"]:
    """Run a fresh sandbox without waiting times.

    `@pytest.mark.rushes_sandbox(balance=1.0)` changes its settings.
    """
    from rushes_sandbox import Sandbox

    settings: dict[str, Any] = {
        "queue_seconds": 0,
        "render_seconds": 0,
        "folder": rushes_sandbox_folder,
    }
    for marker in reversed(list(request.node.iter_markers("rushes_sandbox"))):
        settings.update(marker.kwargs)
    with Sandbox(**settings) as sandbox:
        yield sandbox
