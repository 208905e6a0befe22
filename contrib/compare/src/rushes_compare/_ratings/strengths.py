"""Strengths from pairs: the Bradley-Terry model, and how sure it is.

A variant of strength p beats one of strength q with probability p / (p + q) (Bradley and Terry,
1952). The strengths that make the votes most likely are found by Newton's method, for many
resamples of the votes at once.

A tie counts as half a win for each, and so does "both bad", which says nothing of their order.
Everybody also has one tie with an average stranger, so that somebody who won, or lost, every pair
has a finite strength, and variants that were never compared, even through others, one scale.
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
LONGEST_STEP = 2.0
"""How much a log strength changes in one round at most: far from the end, Newton overshoots."""


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
    logs: Matrix = np.zeros(wins.shape[:2])
    for _ in range(ROUNDS):
        beats = _chance(logs[:, :, None] - logs[:, None, :])
        stranger = _chance(logs)
        slope = won - (met * beats).sum(axis=2) - stranger
        doubt = met * beats * (1 - beats)
        curve = -doubt
        places = np.arange(logs.shape[1])
        curve[:, places, places] += doubt.sum(axis=2) + stranger * (1 - stranger)
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        logs = logs + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if float(np.abs(step).max(initial=0.0)) < CLOSE:
            break
    result: Matrix = MEAN + ELO * logs
    return result


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
