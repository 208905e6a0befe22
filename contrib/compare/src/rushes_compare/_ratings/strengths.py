"""Strengths from pairs: the Bradley-Terry model, and how sure it is.

A variant of strength p beats one of strength q with probability p / (p + q) (Bradley and Terry,
1952). The strengths that make the votes most likely are found by Newton's method, for many
resamples of the votes at once.

A tie counts as half a win for each, and so does "both bad", which says nothing of their order.
Everybody also has one tie with an average stranger, so that somebody who won, or lost, every pair
has a finite strength, and variants that were never compared, even through others, have one scale.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from rushes_compare._ratings.agreement import Z95

Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ELO = 400 / np.log(10)
"""Points of a rating per unit of log strength: 400 points more are ten times the strength."""
MEAN = 1000.0
"""The rating of the average."""
ROUNDS = 200
CLOSE = 1e-9
LONGEST_STEP = 2.0
"""How much a log strength changes in one round at most: far from the end, Newton overshoots."""
STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % quantiles of Student's t distribution with 1 to 30 degrees of freedom."""


class Pair(Struct, frozen=True, kw_only=True):
    """One vote between two: the share of a win that the first of them gets (1, 0.5 or 0).

    Votes of one `cluster` are not independent, and are resampled together.
    """

    one: int
    other: int
    share: float
    cluster: int


def wins_by_cluster(pairs: Sequence[Pair], variants: int) -> Matrix:
    """Return who beat whom how often, for each cluster: [cluster, winner, loser]."""
    clusters = 1 + max((pair.cluster for pair in pairs), default=-1)
    wins: Matrix = np.zeros((clusters, variants, variants))
    for pair in pairs:
        wins[pair.cluster, pair.one, pair.other] += pair.share
        wins[pair.cluster, pair.other, pair.one] += 1 - pair.share
    return wins


def ratings(wins: Matrix) -> Matrix:
    """Return the ratings of each of several tables of wins: [table, winner, loser]."""
    result: Matrix = MEAN + ELO * _log_strengths(wins)
    return result


def _log_strengths(wins: Matrix) -> Matrix:
    logs: Matrix = np.zeros(wins.shape[:2])
    for _ in range(ROUNDS):
        slope, curve = _slope_and_curve(wins, logs)
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        logs = logs + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if float(np.abs(step).max(initial=0.0)) < CLOSE:
            break
    return logs


def _slope_and_curve(wins: Matrix, logs: Matrix) -> tuple[Matrix, Matrix]:
    """Return how the log likelihood rises, and how its slope falls, at these log strengths."""
    met = wins + np.swapaxes(wins, 1, 2)
    won = wins.sum(axis=2) + 0.5
    beats = _chance(logs[:, :, None] - logs[:, None, :])
    stranger = _chance(logs)
    slope: Matrix = won - (met * beats).sum(axis=2) - stranger
    doubt = met * beats * (1 - beats)
    curve: Matrix = -doubt
    places = np.arange(logs.shape[1])
    curve[:, places, places] += doubt.sum(axis=2) + stranger * (1 - stranger)
    return slope, curve


def _chance(difference: Matrix) -> Matrix:
    """Return the probability of a win over somebody whose log strength is so much lower."""
    result: Matrix = 1 / (1 + np.exp(-difference))
    return result


def resampled(wins: Matrix, times: int, seed: int) -> Matrix:
    """Return tables of wins of resampled clusters, each drawn with replacement (the bootstrap)."""
    clusters = wins.shape[0]
    drawn = np.random.default_rng(seed).integers(0, clusters, (times, clusters))
    weights: Matrix = np.zeros((times, clusters))
    np.add.at(weights, (np.arange(times)[:, None], drawn), 1.0)
    result: Matrix = np.einsum("tc,cij->tij", weights, wins)
    return result


def widening(clusters: int) -> float:
    """Return by how much the bootstrap's intervals are too narrow, since so few clusters are drawn.

    As for the mean of so many values: the spread of a sample is less than that of all there is, and
    is itself only known from the sample.
    """
    if clusters < 2:
        return 1.0  # they have no width that could be widened
    known = clusters - 1
    student = STUDENT[known - 1] if known <= len(STUDENT) else Z95 + (Z95**3 + Z95) / (4 * known)
    return float(student / Z95 * np.sqrt(clusters / known))


class Estimate(Struct, frozen=True, kw_only=True):
    """Ratings with 95 % intervals; `ahead[i, j]` says that i is ahead of j beyond doubt."""

    ratings: Matrix
    low: Matrix
    high: Matrix
    ahead: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def estimate(pairs: Sequence[Pair], variants: int, *, times: int, seed: int) -> Estimate:
    """Return the ratings of variants, 1000 on average, and how sure they are.

    From a single cluster nothing follows for another one: nobody is ahead.
    Of two intervals the wider counts: that of the bootstrap, which sees that votes of one cluster
    are alike, and that of the model, since to the bootstrap ten wins of ten look certain.
    """
    by_cluster = wins_by_cluster(pairs, variants)
    wins = by_cluster.sum(axis=0)[None]
    logs = _log_strengths(wins)
    # How strong all are together, nobody's votes say: everyone is measured from their mean.
    centred = np.eye(variants) - 1 / variants
    spread = centred @ np.linalg.inv(_slope_and_curve(wins, logs)[1])[0] @ centred
    found = logs[0] @ centred
    drawn = _log_strengths(resampled(by_cluster, times, seed)) @ centred
    drawn = found + widening(len(by_cluster)) * (drawn - found)
    half = Z95 * np.sqrt(np.diag(spread))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    variances = np.diag(spread)[:, None] + np.diag(spread)[None, :] - 2 * spread
    lead = found[:, None] - found[None, :] - Z95 * np.sqrt(np.maximum(variances, 0))
    leads = np.percentile(drawn[:, :, None] - drawn[:, None, :], 2.5, axis=0)
    return Estimate(
        ratings=MEAN + ELO * found,
        low=MEAN + ELO * np.minimum(low, found - half),
        high=MEAN + ELO * np.maximum(high, found + half),
        ahead=(np.minimum(lead, leads) > 0) & (len(by_cluster) > 1),
    )
