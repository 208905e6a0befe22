"""Killed at each named point; `nox -s crash` does it for every provider."""

import datetime
from pathlib import Path

import pytest

from crash.jobs import VARIANTS, Stage
from crash.points import POINTS, kill_at


@pytest.mark.parametrize("number", range(len(POINTS)), ids=lambda n: POINTS[n].name)
def test_a_job_killed_there_is_paid_once_and_resumed(
    number: int, stage: Stage, tmp_path: Path
) -> None:
    """Each point has another provider each day."""
    turn = number + datetime.date.today().toordinal()
    kill_at(POINTS[number], stage, tmp_path, list(VARIANTS)[turn % len(VARIANTS)])
