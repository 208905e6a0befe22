"""Strengths from pairs: the Bradley-Terry model, and how sure it is.

A variant of strength p beats one of strength q with probability p / (p + q) (Bradley and Terry,
1952). The strengths that make the votes most likely are found by Hunter's iteration ("MM algorithms
for generalized Bradley-Terry models", 2004), here for many resamples of the votes at once.

A tie counts as half a win for each, and so does "both bad": it says nothing of the order of the two.
Everybody also has one tie with an average stranger, so that somebody who won, or lost, every pair
keeps a finite strength, and variants that were never compared, even through others, a common scale.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ELO = 400 / np.log(10)
"""Points of a rating per unit of log strength: 400 points more are ten times the strength."""
MEAN = 1000.0
"""The rating of the average stranger."""
ROUNDS = 200
CLOSE = 1e-9


class Pair(Struct, frozen=True, kw_only=True):
    """One vote between two: the share of a win that the first of them gets (1, 0.5 or 0).

    `cluster` is the voter: one person's votes are not independent, and are resampled together.
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
    met = wins + np.swapaxes(wins, 1, 2)
    won = wins.sum(axis=2) + 0.5
    strengths: Matrix = np.ones(wins.shape[:2])
    for _ in range(ROUNDS):
        sums = strengths[:, :, None] + strengths[:, None, :]
        # The stranger's strength is 1 in every table: that sets the scale.
        found = won / ((met / sums).sum(axis=2) + 1 / (strengths + 1))
        step = float(np.abs(np.log(found / strengths)).max(initial=0.0))
        strengths = found
        if step < CLOSE:
            break
    return MEAN + ELO * np.log(strengths)


def resampled(wins: Matrix, times: int, seed: int) -> Matrix:
    """Return tables of wins of resampled clusters, each drawn with replacement (the bootstrap)."""
    clusters = wins.shape[0]
    drawn = np.random.default_rng(seed).integers(0, clusters, (times, clusters))
    weights: Matrix = np.zeros((times, clusters))
    np.add.at(weights, (np.arange(times)[:, None], drawn), 1.0)
    return np.einsum("tc,cij->tij", weights, wins)
