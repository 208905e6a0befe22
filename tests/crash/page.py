"""docs/crashes.md: the measurements as tables."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from crash.jobs import VARIANTS
from crash.points import POINTS, Point, posts
from crash.random_kills import Tally

PAGE = Path(__file__).parents[2] / "docs" / "crashes.md"
Outcomes = dict[tuple[Point, str], str]

_HEAD = """# Killed, and resumed

What is left of a job when its process is killed with SIGKILL, and how `resume` finishes it. Real
processes send real requests to the sandbox, which counts what it would have billed.
`nox -s crash` runs all of this again, `nox -s crash -- --write` writes this page; the tests run a
part of it each time.

After each kill: at most one bill, the remote id recorded if the answer was, the journal intact
(`PRAGMA integrity_check`), the film exact or absent. After each resume: one bill, the exact film
and nothing beside it; and no process waited for the claim of a dead one.
"""

_POINTS = """
## At each named point

In brackets: the creating calls after the crash. ToAPIs is asked which task carries our name and, if
there is none, gets the same call with the same key; APIMart gets the same call with the same key at
once. UniAll supports neither: a submit in flight stays unknown and is never sent again; the user
looks it up at the provider.

"""

_RANDOM = """
## At random moments

{kills} jobs at the three providers, several at once; the journal of a quarter of them is in a
PostgreSQL database, half of the others share a file. The process of each was killed at a random
moment; the phase is what the journal, the folder and the sandbox showed afterwards.

"""

_WORDS = {
    "again": "nothing was recorded: the same command again makes it",
    "resumed": "`resume` delivered the film",
    "resolved: its id": "unknown; after `resolve --id`, `resume` delivered the film",
    "resolved: lost": "unknown; nothing had been created: `resolve --as lost`",
}


def _table(*rows: Iterable[object]) -> str:
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    lines.insert(1, "|---" * lines[0].count(" | ") + "|---|")
    return "\n".join(lines) + "\n"


def points_table(outcomes: Outcomes) -> str:
    """Format the outcomes at the named points."""

    def cell(point: Point, provider: str) -> str:
        return f"{outcomes[point, provider]} [{posts(point, provider)}]"

    rows = [
        (
            point.name,
            point.state or "nothing",
            int(point.billed),
            *(cell(point, p) for p in VARIANTS),
        )
        for point in POINTS
    ]
    table = _table(("killed", "the journal says", "bills", *VARIANTS), *rows)
    words = "".join(f"\n- *{word}*: {meaning}" for word, meaning in _WORDS.items())
    return f"{_HEAD}{_POINTS}{table}{words}\n"


def random_tables(tally: Tally, kills: int) -> str:
    """Format the outcomes of the random kills."""
    kills_by_phase = sorted(
        tally.kills.items(), key=lambda item: (_ORDER.index(item[0][0]), item[0][1])
    )
    where = _table(
        ("phase", "left behind", "kills"),
        *((phase, left, n) for (phase, left), n in kills_by_phase),
    )
    ends: Counter[str] = Counter()
    for (_, outcome), count in tally.outcomes.items():
        ends[outcome] += count
    outcomes = _table(
        ("how it was finished", *VARIANTS),
        *(
            (_WORDS[end], *(tally.outcomes[p, end] for p in VARIANTS))
            for end in _WORDS
            if ends[end]
        ),
    )
    phases = ", ".join(f"{tally.phase(phase)} {phase}" for phase in _ORDER)
    resuming = ", ".join(f"{tally.resuming[phase]} {phase}" for phase in _ORDER)
    bills = ", ".join(f"{count} jobs with {bills}" for bills, count in sorted(tally.bills.items()))
    wrong = "No wrong file, no hang, no resume kept out by a dead process's claim."
    if tally.failures:
        wrong = f"{len(tally.failures)} jobs went wrong."
    return (
        f"{_RANDOM.format(kills=kills)}{where}\n{outcomes}\n"
        f"By phase: {phases}.\nResuming processes that were killed as well: {resuming}.\n\n"
        f"Bills: {bills}. {wrong}\n"
    )


_ORDER = ("start", "submit", "poll", "fetch", "end")
