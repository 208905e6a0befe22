"""Strengths: those that made the votes are found, whatever the order, and with honest intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes_compare._ratings.agreement import (
    agreement_on_pairs,
    krippendorff_alpha,
    wilson,
)
from rushes_compare._ratings.strengths import (
    MEAN,
    Pair,
    estimate,
    ratings,
    resampled,
    widening,
    wins_by_cluster,
)

pairs = st.builds(
    lambda one, step, share, cluster: Pair(
        one=one, other=(one + step) % 4, share=share, cluster=cluster
    ),
    st.integers(0, 3),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 2),
)


def rated(votes: list[Pair], variants: int = 4) -> list[float]:
    return list(ratings(wins_by_cluster(votes, variants).sum(axis=0)[None])[0])


def simulated(strengths: list[float], votes: int, seed: int) -> list[Pair]:
    chance, found = np.random.default_rng(seed), []
    for vote in range(votes):
        one, other = chance.choice(len(strengths), 2, replace=False)
        wins = chance.random() < strengths[one] / (strengths[one] + strengths[other])
        found.append(Pair(one=int(one), other=int(other), share=float(wins), cluster=vote))
    return found


@given(st.lists(pairs, max_size=30), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_sides_matter(votes: list[Pair], chance: object) -> None:
    turned = [
        Pair(one=vote.other, other=vote.one, share=1 - vote.share, cluster=vote.cluster)
        for vote in votes
    ]
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert rated(turned) == pytest.approx(rated(votes), abs=1e-3)


@given(st.lists(pairs, max_size=30))
def test_a_further_win_never_lowers_a_rating(votes: list[Pair]) -> None:
    more = [*votes, Pair(one=0, other=1, share=1.0, cluster=0)]
    before, after = rated(votes), rated(more)
    assert after[0] > before[0]
    assert after[1] < before[1]


def test_who_never_lost_has_a_finite_rating_above_the_rest() -> None:
    votes = [Pair(one=0, other=1, share=1.0, cluster=0)] * 50
    first, second, *others = rated(votes)
    assert MEAN < first < MEAN + 1500
    assert first - MEAN == pytest.approx(MEAN - second)
    assert others == pytest.approx([MEAN, MEAN])


def test_ties_make_equals() -> None:
    votes = [Pair(one=0, other=1, share=0.5, cluster=0)] * 9
    assert rated(votes) == pytest.approx([MEAN] * 4)


def test_known_strengths_are_found() -> None:
    found = np.array(rated(simulated([4, 2, 1, 0.5], 6000, seed=3)))
    # 400 points are ten times the strength.
    assert np.diff(found) == pytest.approx([-400 * np.log10(2)] * 3, abs=35)


def test_intervals_contain_the_truth_about_as_often_as_they_say() -> None:
    truth, hits = 400 * np.log10(2), 0
    for seed in range(60):
        wins = wins_by_cluster(simulated([2, 1, 1], 150, seed), 3)
        drawn = ratings(resampled(wins, 200, seed))
        low, high = np.percentile(drawn[:, 0] - drawn[:, 1], [2.5, 97.5])
        hits += low <= truth <= high
    assert 52 <= hits <= 60


def test_votes_of_one_person_are_drawn_together() -> None:
    votes = [Pair(one=0, other=1, share=1.0, cluster=0)] * 40
    votes += [Pair(one=0, other=1, share=0.0, cluster=1)] * 40
    drawn = ratings(resampled(wins_by_cluster(votes, 2), 400, seed=1))
    # Half of the resamples hold both people, a quarter only one of them, twice.
    assert len(np.unique(drawn[:, 0].round(6))) == 3


@pytest.mark.parametrize(
    ("units", "alpha"),
    [
        ([["a", "a"], ["b", "b"]], 1.0),
        ([["a", "b"], ["b", "a"]], -0.5),
        ([["a"], ["b"]], None),
        ([["a", "a"], ["a", "a"]], None),
        # The nominal example C of "Computing Krippendorff's Alpha-Reliability".
        (
            [
                *("111", "2232", "3333", "3333", "2222", "1234"),
                *("4444", "1121", "2222", "555", "11", "3"),
            ],
            0.743,
        ),
    ],
)
def test_alpha(units: list[list[str]], alpha: float | None) -> None:
    found = krippendorff_alpha(units)
    assert found == (alpha if alpha is None else pytest.approx(alpha, abs=0.0005))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_contains_the_share(case: tuple[int, int]) -> None:
    successes, trials = case
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1


@given(st.lists(st.lists(st.sampled_from(["one", "other", "tie"]), max_size=4), max_size=8))
def test_which_of_two_is_named_first_does_not_change_the_agreement(units: list[list[str]]) -> None:
    turn = {"one": "other", "other": "one", "tie": "tie"}
    turned = [[turn[word] for word in unit] if place % 2 else unit
              for place, unit in enumerate(units)]  # fmt: skip
    here, there = agreement_on_pairs(units), agreement_on_pairs(turned)
    assert here == (None if there is None else pytest.approx(there))


def test_people_who_toss_coins_do_not_agree() -> None:
    chance = np.random.default_rng(5)
    units = [list(chance.choice(["one", "other"], 2)) for _ in range(2000)]
    assert agreement_on_pairs(units) == pytest.approx(0, abs=0.06)
    assert agreement_on_pairs([["one", "one"]]) == 1


def certain(votes: list[Pair]) -> bool:
    return bool(estimate(votes, 2, times=200, seed=1).ahead[0, 1])


def test_a_perfect_record_is_not_certain_until_it_is_long() -> None:
    won = [Pair(one=0, other=1, share=1.0, cluster=number) for number in range(20)]
    assert not certain(won[:3])
    assert certain(won)


def test_many_votes_of_two_people_who_disagree_decide_nothing() -> None:
    votes = [Pair(one=0, other=1, share=1.0, cluster=0)] * 90
    votes += [Pair(one=0, other=1, share=0.0, cluster=1)] * 30
    assert not certain(votes)
    apart = [Pair(one=v.one, other=v.other, share=v.share, cluster=n) for n, v in enumerate(votes)]
    assert certain(apart)


def test_a_lucky_video_does_not_make_a_leader() -> None:
    """Equals, whose videos of a prompt differ: pairs of one row share them."""
    wrong, pairs = 0, 0
    for seed in range(25):
        chance = np.random.default_rng(seed)
        quality = chance.normal(0, 1, (10, 5))
        votes = [
            Pair(
                one=one, other=other, cluster=row,
                share=float(chance.random() < 1 / (1 + np.exp(two[other] - two[one]))),
            )
            for row, two in enumerate(quality)
            for one in range(5) for other in range(one)
            for _ in range(4)
        ]  # fmt: skip
        found = estimate(votes, 5, times=200, seed=seed)
        wrong, pairs = wrong + int(found.ahead.sum()), pairs + 10
    # 5 in 100 are expected; if each pair is drawn by itself, it is 16.
    assert 0 < wrong / pairs < 0.1


def test_few_clusters_widen_the_intervals_as_they_do_for_a_mean() -> None:
    assert widening(2) == pytest.approx(12.706 / 1.96 * 2**0.5, rel=1e-3)
    assert widening(10) == pytest.approx(2.262 / 1.96 * (10 / 9) ** 0.5, rel=1e-3)
    assert widening(31) == pytest.approx(widening(32), rel=5e-3)  # the last of the table
    assert widening(10**6) == pytest.approx(1, abs=1e-5)
    assert all(widening(n) > widening(n + 1) for n in range(2, 100))


def test_nothing_follows_from_one_cluster() -> None:
    votes = [Pair(one=0, other=1, share=1.0, cluster=0)] * 500
    assert not certain(votes)


def test_everyone_is_measured_from_the_mean() -> None:
    found = estimate(simulated([4, 2, 1, 0.5], 300, seed=2), 4, times=200, seed=1)
    assert found.ratings.mean() == pytest.approx(MEAN)
    assert (found.high - found.low).max() < 250  # who is strong is known; how strong all are, never
