"""`nox -s crash`: every named point for every provider, and many random kills."""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgres_cluster import Cluster, find_programs
from rushes_sandbox import Sandbox

from crash.fork_server import ForkServer
from crash.jobs import VARIANTS, Harness
from crash.page import PAGE, Outcomes, points_table, random_tables
from crash.points import POINTS, kill_at
from crash.random_kills import MIN_KILLS_SHARE, Tally, run

DATABASE = 4
"""Of the random kills, one in this many has its journal in a database."""


def at_every_point(folder: Path, films: Path) -> Outcomes:
    """Kill one process at each point for each provider; return how each job was finished."""
    outcomes: Outcomes = {}
    with (
        Sandbox(queue_seconds=0, render_seconds=0, poll_after=None, folder=films) as sandbox,
        ForkServer() as fork_server,
    ):
        harness = Harness(sandbox, fork_server)
        for number, point in enumerate(POINTS):
            for provider in VARIANTS:
                home = folder / f"point-{number}-{provider}"
                outcomes[point, provider] = kill_at(point, harness, home, provider)
    return outcomes


@contextmanager
def database(folder: Path) -> Iterator[str | None]:
    """Run a PostgreSQL server, if it is installed; return the address of an empty database."""
    programs = find_programs()
    if programs is None:
        yield None
        return
    cluster = Cluster(programs, folder)
    try:
        yield cluster.empty()
    finally:
        cluster.remove()


def complaints(tally: Tally, kills: int) -> list[str]:
    """List what is wrong with a run, including a poor spread of kills."""
    few = [
        f"only {tally.phase(phase)} kills fell into {phase}"
        for phase in ("submit", "poll", "fetch")
        if tally.phase(phase) < kills // MIN_KILLS_SHARE
    ]
    return [*tally.failures, *few]


def emit(*lines: str) -> None:
    """Print lines and flush them."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> int:
    """Run everything and print it; with `--write` write the page."""
    parser = argparse.ArgumentParser(prog="nox -s crash --", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="number of random kills")
    parser.add_argument("--seed", type=int, help="seed of the random kills; random if not given")
    parser.add_argument("--only", type=int, help="run only the random kill with this number")
    parser.add_argument("--write", action="store_true", help="write docs/crashes.md")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    numbers = range(given.kills) if given.only is None else [given.only]
    begun = time.monotonic()
    emit(f"{len(numbers)} random kills, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="rushes-crash-") as name:
        folder = Path(name)
        text = points_table(at_every_point(folder, folder / "sandbox"))
        emit(f"all {len(POINTS)} points at each provider: {time.monotonic() - begun:.0f} s")
        films = folder / "sandbox"
        tally = run((n for n in numbers if n % DATABASE), seed, folder, films)
        with database(folder) as url:
            if url is None:
                tally.failures.append("PostgreSQL is not installed: no journal was in a database")
            else:
                tally.add(run((n for n in numbers if n % DATABASE == 0), seed, folder, films, url))
    text += random_tables(tally, len(numbers))
    wrong = tally.failures if given.only is not None else complaints(tally, given.kills)
    emit(text, *wrong, f"{time.monotonic() - begun:.0f} s, seed {seed}, {len(wrong)} complaints")
    if given.write and not wrong:
        PAGE.write_text(text, encoding="utf-8")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
