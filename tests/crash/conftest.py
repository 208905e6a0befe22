"""What the crash tests share; failed checks in helpers say what their values were."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("crash.jobs", "crash.moments", "crash.points")

if TYPE_CHECKING:
    from crash.jobs import Stage


@pytest.fixture(scope="module")
def stage(rushes_sandbox_folder: Path) -> Iterator["Stage"]:
    """A sandbox without waiting times, and a nursery."""
    from rushes_sandbox import Sandbox

    from crash.jobs import Stage
    from crash.nursery import Nursery

    films = rushes_sandbox_folder
    with (
        Sandbox(queue_seconds=0, render_seconds=0, poll_after=None, folder=films) as sandbox,
        Nursery() as nursery,
    ):
        yield Stage(sandbox, nursery)
