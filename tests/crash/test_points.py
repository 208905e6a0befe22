"""Kill a job at each named point, always the same way; `nox -s crash` tries every provider."""

from pathlib import Path

import pytest

from crash.jobs import VARIANTS, Harness
from crash.points import POINTS, kill_at


@pytest.mark.parametrize("number", range(len(POINTS)), ids=lambda n: POINTS[n].name)
def test_a_job_killed_there_is_paid_once_and_resumed(
    number: int, harness: Harness, tmp_path: Path
) -> None:
    """The providers take turns."""
    kill_at(POINTS[number], harness, tmp_path, list(VARIANTS)[number % len(VARIANTS)])
