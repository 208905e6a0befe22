"""Kill a job at each named point; `nox -s crash` does it at every provider."""

import datetime
from pathlib import Path

import pytest

from crash.jobs import VARIANTS, Harness
from crash.points import POINTS, kill_at


@pytest.mark.parametrize("number", range(len(POINTS)), ids=lambda n: POINTS[n].name)
def test_a_job_killed_there_is_paid_once_and_resumed(
    number: int, harness: Harness, tmp_path: Path
) -> None:
    """The provider at each point changes daily."""
    turn = number + datetime.date.today().toordinal()
    kill_at(POINTS[number], harness, tmp_path, list(VARIANTS)[turn % len(VARIANTS)])
