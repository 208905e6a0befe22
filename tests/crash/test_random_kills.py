"""Kill jobs at random; `nox -s crash` does it a thousand times."""

import secrets
from pathlib import Path

from crash.random_kills import run

KILLS = 24


def test_jobs_killed_at_random_moments_are_paid_once_and_resumed(
    rushes_sandbox_folder: Path, tmp_path: Path
) -> None:
    seed = secrets.randbelow(10**6)
    tally = run(range(KILLS), seed, tmp_path, rushes_sandbox_folder)
    again = "\n".join(["", *tally.failures, f"again: nox -s crash -- --seed {seed} --only NUMBER"])
    assert not tally.failures, again
    assert tally.kills.total() == KILLS
    assert max(tally.bills) <= 1
    for phase in ("submit", "poll", "fetch"):
        assert tally.phase(phase) >= 1, f"{tally.kills}, seed {seed}"
