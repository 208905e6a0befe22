"""Votes of several people on a comparison: read from the page's exports, and added up."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from rushes_compare._ratings.rating import rate
from rushes_compare._ratings.votes_file import PairVote, RowVote, Votes, read_votes
from rushes_compare._results.pools import pool_name
from rushes_compare._results.results_file import ResultsFile, read_results
from rushes_compare.comparison import Comparison, write_outputs
from rushes_compare.errors import VotesError
from rushes_compare.results import PoolRatings

__all__ = [
    "PairVote", "RowVote", "Votes", "merge_votes", "pool_title", "rate", "read_votes",
]  # fmt: skip


def merge_votes(
    folder: str | Path, files: Iterable[str | Path], *, seed: int = 0, embed: bool = False
) -> Comparison:
    """Add up exported votes, and write the ratings into a comparison's results and its page.

    They replace the ratings of an earlier merge. `seed` is for the intervals; `embed` puts the
    videos into the page. Raises FolderError, or VotesError with every error of every file.
    """
    place = Path(folder).absolute()
    results = read_results(place)
    exports, errors = [], []
    for file in files:
        try:
            exports.append(read_votes(Path(file), results))
        except VotesError as error:
            errors.append(str(error))
    if errors:
        raise VotesError("\n".join(errors))
    rated = msgspec.structs.replace(results, ratings=rate(results, exports, seed=seed))
    ResultsFile(place, rated).write()
    write_outputs(rated, place, embed=embed)
    return Comparison(place, rated)


def pool_title(pool: PoolRatings) -> str:
    """Return what people call a pool: "From text, with sound"."""
    return pool_name((pool.input, pool.sound))
