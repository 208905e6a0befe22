"""Kill jobs at random, with one seed; `nox -s crash` does it a thousand times, with a new one."""

from pathlib import Path

from postgres_cluster import Cluster

from crash.random_kills import Tally, run

KILLS = 12
SEED = 8
"""It draws a kill of each kind that hits what it is aimed at, however busy the machine is."""


def test_jobs_killed_at_random_moments_are_paid_once_and_resumed(
    rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    tally = run(range(KILLS), SEED, tmp_path, rushes_sandbox_folder)
    check(tally, KILLS)
    for phase in ("submit", "poll", "fetch"):
        assert tally.phase(phase) >= 1, tally.kills


def test_with_their_journal_in_a_database_too(
    rushes_sandbox_folder: Path, postgres: Cluster, tmp_path: Path, whole: bool
) -> None:
    kills = KILLS if whole else 3
    check(run(range(kills), SEED, tmp_path, rushes_sandbox_folder, postgres.empty()), kills)


def check(tally: Tally, kills: int) -> None:
    """Check that nothing went wrong; say how to repeat it."""
    again = "\n".join(["", *tally.failures, f"again: nox -s crash -- --seed {SEED} --only NUMBER"])
    assert not tally.failures, again
    assert tally.kills.total() == kills
    assert max(tally.bills) <= 1
