"""Fixtures of the crash tests; asserts in the helper modules are rewritten to show values."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("crash.jobs", "crash.random_kills", "crash.points")

if TYPE_CHECKING:
    from crash.jobs import Harness


@pytest.fixture(scope="module")
def harness(rushes_sandbox_folder: Path) -> Iterator["Harness"]:
    """Return a sandbox that renders at once, and a fork server."""
    from rushes_sandbox import Sandbox

    from crash.fork_server import ForkServer
    from crash.jobs import Harness

    films = rushes_sandbox_folder
    with (
        Sandbox(queue_seconds=0, render_seconds=0, poll_after=None, folder=films) as sandbox,
        ForkServer() as fork_server,
    ):
        yield Harness(sandbox, fork_server)
