"""The votes of several people added up: ratings for each pool, and what they do not say."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from rushes_compare._ratings.agreement import agreement_in_words, agreement_on_pairs, wilson
from rushes_compare._ratings.strengths import Estimate, Pair, estimate
from rushes_compare._ratings.votes_file import Choice, Votes
from rushes_compare._results.pools import Pool, pools_of
from rushes_compare.results import Cell, PoolRatings, Ratings, Results, Standing

RESAMPLES = 1000
ENOUGH_PEOPLE = 10
"""From so many people on, the intervals are about other people; with fewer, about other rows."""

_SHARES: dict[Choice, float] = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}


class _Vote(Struct, frozen=True, kw_only=True, order=True):
    """One person's last word on two cells; the fields are in the order in which words supersede."""

    at: float
    left: str
    right: str
    choice: Choice
    voter: str

    @property
    def cells(self) -> tuple[str, str]:
        return (self.left, self.right) if self.left < self.right else (self.right, self.left)

    @property
    def winner(self) -> str:
        """Which of the two cells won: `one`, `other`, or neither."""
        if self.choice not in ("left", "right"):
            return self.choice
        chosen = self.left if self.choice == "left" else self.right
        return "one" if chosen == self.cells[0] else "other"


def rate(results: Results, exports: Iterable[Votes], *, seed: int = 0) -> Ratings:
    """Add up the votes of several people on a comparison.

    `exports` are from `read_votes`. Somebody's vote counts once, however often it was exported; of
    two votes on the same pair the later counts. `seed` is for the intervals.
    """
    exports = list(exports)
    cells = {cell.id: cell for cell in results.cells}
    pools = pools_of(results)
    by_pool: defaultdict[Pool, list[_Vote]] = defaultdict(list)
    votes = _last_words(exports)
    for vote in votes:
        by_pool[pools[vote.left]].append(vote)
    best = _best_of_rows(results, exports)
    return Ratings(
        voters=len({_voter(one) for one in exports if one.pairs or one.votes}),
        pairs=len(votes),
        resamples=RESAMPLES,
        seed=seed,
        pools=[_rate_pool(pool, by_pool[pool], cells, best, seed) for pool in sorted(by_pool)],
    )


def _voter(export: Votes) -> str:
    """Return who voted; an export without a voter is told apart by its content."""
    content = msgspec.json.encode(export.votes)
    return export.voter or f"?{hashlib.sha256(content).hexdigest()}"


def _last_words(exports: Iterable[Votes]) -> list[_Vote]:
    last: dict[tuple[str, tuple[str, str]], _Vote] = {}
    for export in exports:
        for pair in export.pairs:
            vote = _Vote(
                at=pair.at,
                left=pair.left,
                right=pair.right,
                choice=pair.choice,
                voter=_voter(export),
            )
            key = vote.voter, vote.cells
            last[key] = max(vote, last.get(key, vote))
    return sorted(last.values())


def _best_of_rows(results: Results, exports: Sequence[Votes]) -> Counter[tuple[Pool, str]]:
    """Count the rows in which each variant was picked as the best, by pool."""
    last: dict[tuple[str, int], tuple[float, str]] = {}
    for export in exports:
        for vote in export.votes:
            key, word = (_voter(export), vote.row), (export.exported_at, vote.variant or "")
            last[key] = max(word, last.get(key, word))
    by_cell = pools_of(results)
    pools = {
        (cell.row, cell.variant): by_cell[cell.id] for cell in reversed(results.cells) if cell.video
    }
    found: Counter[tuple[Pool, str]] = Counter()
    for (_, row), (_, variant) in last.items():
        if (row, variant) in pools:
            found[pools[row, variant], variant] += 1
    return found


def _rate_pool(
    pool: Pool,
    votes: list[_Vote],
    cells: dict[str, Cell],
    best: Counter[tuple[Pool, str]],
    seed: int,
) -> PoolRatings:
    variants = sorted({cells[name].variant for vote in votes for name in vote.cells})
    people = {vote.voter for vote in votes}
    rows = {cells[vote.left].row for vote in votes}
    by_people = len(people) >= ENOUGH_PEOPLE
    pairs = _pairs(votes, variants, cells, by_people=by_people)
    found = estimate(pairs, len(variants), times=RESAMPLES, seed=seed)
    best_here = Counter({name: count for (of, name), count in best.items() if of == pool})
    standings = list(_standings(variants, found, votes, cells, best_here))
    by_cells: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for vote in votes:
        by_cells[vote.cells].append(vote.winner)
    chosen = Counter(vote.choice for vote in votes)
    decided = chosen["left"] + chosen["right"]
    low, high = wilson(chosen["left"], decided)
    rated = PoolRatings(
        input=pool[0],
        sound=pool[1],
        voters=len(people),
        pairs=len(votes),
        standings=standings,
        resampled="people" if by_people else "rows",
        agreement=agreement_on_pairs(by_cells.values()),
        left=chosen["left"] / decided if decided else None,
        left_low=low,
        left_high=high,
        said=[],
    )
    return msgspec.structs.replace(rated, said=list(_sentences(rated, decided, len(rows))))


def _pairs(
    votes: list[_Vote], variants: list[str], cells: dict[str, Cell], *, by_people: bool
) -> list[Pair]:
    """Return votes as pairs of places in `variants`, clustered by who voted or by row.

    Pairs of one row share its videos: a variant with a lucky one there wins several of them.
    """
    place = {variant: number for number, variant in enumerate(variants)}
    clusters = [vote.voter if by_people else cells[vote.left].row for vote in votes]
    number = {cluster: number for number, cluster in enumerate(sorted({*clusters}))}
    return [
        Pair(
            one=place[cells[vote.left].variant],
            other=place[cells[vote.right].variant],
            share=_SHARES[vote.choice],
            cluster=number[cluster],
        )
        for vote, cluster in zip(votes, clusters, strict=True)
    ]


def _standings(
    variants: list[str],
    found: Estimate,
    votes: list[_Vote],
    cells: dict[str, Cell],
    best: Counter[str],
) -> Iterator[Standing]:
    counts: Counter[tuple[str, str]] = Counter()
    for vote in votes:
        left, right = (cells[name].variant for name in (vote.left, vote.right))
        decided = vote.choice in ("left", "right")
        winner = left if vote.choice == "left" else right
        for variant in (left, right):
            outcome = vote.choice if not decided else "win" if variant == winner else "loss"
            counts[variant, outcome] += 1
    for place in sorted(range(len(variants)), key=lambda place: -found.ratings[place]):
        name = variants[place]
        yield Standing(
            variant=name,
            rating=round(float(found.ratings[place]), 1),
            low=round(float(found.low[place]), 1),
            high=round(float(found.high[place]), 1),
            wins=counts[name, "win"],
            losses=counts[name, "loss"],
            ties=counts[name, "tie"],
            both_bad=counts[name, "both_bad"],
            best_of_row=best[name],
            even_with=[
                other
                for rival, other in enumerate(variants)
                if rival != place and not (found.ahead[place, rival] or found.ahead[rival, place])
            ],
        )


def _sentences(pool: PoolRatings, decided: int, rows: int) -> Iterator[str]:
    yield from _told_apart(pool.standings)
    if pool.resampled == "people":
        yield "The intervals say how far other people's votes might differ."
    elif rows > 1:
        yield (
            f"Fewer than {ENOUGH_PEOPLE} people voted, so the intervals say how far the votes of "
            "the same people on other prompts might differ, not what others would say."
        )
    else:
        yield (
            f"Fewer than {ENOUGH_PEOPLE} people voted, and on a single prompt: nothing follows for "
            "others. It takes more prompts, or more people."
        )
    words = agreement_in_words(pool.agreement)
    alpha = "" if pool.agreement is None else f" (Krippendorff's alpha {pool.agreement:.2f})"
    yield f"{words[:1].upper()}{words[1:]}{alpha}."
    if pool.left is None:
        yield "No pair was decided."
        return
    share = f"The left one was chosen in {pool.left:.0%} of {_count(decided, 'decided pair')}"
    between = f"95 % interval {pool.left_low:.0%} to {pool.left_high:.0%}"
    if pool.left_low <= 0.5 <= pool.left_high:
        yield f"{share} ({between}): no sign that the side mattered."
    else:
        yield (
            f"{share} ({between}): a sign that the side itself decided votes. Sides are drawn at "
            "random: that favours nobody, but blurs the ratings."
        )


def _told_apart(standings: list[Standing]) -> Iterator[str]:
    """Say who leads, and who cannot be told apart from whom."""
    first, names = standings[0], {one.variant for one in standings}
    if all(set(one.even_with) == names - {one.variant} for one in standings):
        yield "Nobody can be told apart from anybody else: more votes are needed."
        return
    for place, one in enumerate(standings):
        even = [other.variant for other in standings[place + 1 :] if other.variant in one.even_with]
        if one is first:
            yield (
                f"{one.variant} has the highest rating, but cannot be told apart from {_and(even)}."
                if even
                else f"{one.variant} is ahead of all others."
            )
        elif even:
            yield f"{one.variant} cannot be told apart from {_and(even)}."


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
