"""Ratings on a terminal: a table for each pool, and what the votes do not say."""

from collections.abc import Iterator

from rushes_compare.results import Ratings, Standing
from rushes_compare.votes import pool_title


def rating_lines(ratings: Ratings) -> Iterator[str]:
    """Yield the lines that show ratings."""
    if not ratings.pools:
        yield "There are no votes between two videos; a rating needs them (key p on the page)."
    for pool in ratings.pools:
        pairs = f"{pool.pairs} pair{'s' * (pool.pairs != 1)}"
        people = f"{pool.voters} {'person' if pool.voters == 1 else 'people'}"
        yield f"{pool_title(pool)}: {pairs} judged by {people}"
        wide = max(len(one.variant) for one in pool.standings)
        for one in pool.standings:
            yield f"  {one.variant:{wide}}  {one.rating:5.0f}  {_details(one)}"
        for sentence in pool.said:
            yield f"  {sentence}"
        yield ""


def _details(one: Standing) -> str:
    counts = f"won {one.wins}, lost {one.losses}, tied {one.ties}, both bad {one.both_bad}"
    best = f", best of a row {one.best_of_row}" if one.best_of_row else ""
    return f"({one.low:.0f} to {one.high:.0f})  {counts}{best}"
