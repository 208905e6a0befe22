"""Kill a job at each named point, always the same way; `nox -s crash` tries every provider."""

from pathlib import Path

import pytest
from postgres_cluster import Cluster

from crash.jobs import VARIANTS, Harness
from crash.points import POINTS, kill_at


@pytest.mark.parametrize("number", range(len(POINTS)), ids=lambda n: POINTS[n].name)
def test_a_job_killed_there_is_paid_once_and_resumed(
    number: int, harness: Harness, tmp_path: Path
) -> None:
    """The providers take turns."""
    kill_at(POINTS[number], harness, tmp_path, list(VARIANTS)[number % len(VARIANTS)])


EVERY = 5
"""Of the points, one in this many is tried with a database as the journal, unless all are."""


def test_with_its_journal_in_a_database_too(
    harness: Harness, postgres: Cluster, tmp_path: Path, whole: bool
) -> None:
    """The tables are made by the process that is killed, if it comes to that."""
    for number in range(len(POINTS)) if whole else range(2, len(POINTS), EVERY):
        there = Harness(harness.sandbox, harness.fork_server, postgres.empty())
        provider = list(VARIANTS)[number % len(VARIANTS)]
        kill_at(POINTS[number], there, tmp_path / str(number), provider)
