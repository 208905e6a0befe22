"""When to poll next: never more often than allowed, never much worse than a constant interval."""

import math
from statistics import NormalDist, fmean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rushes import Polling, Status, Task
from rushes._wait.schedule import (
    MAX_GAP,
    REMEMBERED,
    SPREAD,
    Learned,
    Schedule,
    estimated,
    fixed,
    floor,
    planned,
    with_progress,
)

seconds = st.floats(0.1, 2000)
durations = st.lists(seconds, max_size=40) | st.lists(seconds, min_size=1).map(
    lambda some: (some * REMEMBERED)[:REMEMBERED]
)
pollings = st.builds(
    lambda first, every, at_most, part: Polling(
        first=first, every=every, at_most=at_most, floor=None if part is None else every * part
    ),
    st.floats(0, 60),
    st.floats(0.01, 60),
    st.floats(60, 7200),
    st.none() | st.floats(0, 1),
)


def walked(schedule: Schedule, duration: float) -> tuple[int, float]:
    """Return the polls of one task, and how late its end is noticed."""
    age, polls = 0.0, 0
    while age < duration or not polls:
        age += schedule.pause(age) * SPREAD  # as it is on average
        polls += 1
    return polls, age - duration


@given(pollings, durations)
def test_a_schedule_keeps_to_what_is_declared(polling: Polling, known: list[float]) -> None:
    schedule = planned(polling, known)
    assert schedule.first >= polling.first
    assert floor(polling) <= schedule.every * SPREAD * (1 + 1e-9)
    assert schedule.every <= polling.every * (1 + 1e-9)


@given(pollings, durations, st.floats(-10, 5000))
def test_no_gap_is_endless_and_none_is_empty(
    polling: Polling, known: list[float], age: float
) -> None:
    pause = planned(polling, known).pause(age)
    assert 0 < pause <= max(polling.first, MAX_GAP * polling.every)


@given(pollings, durations, st.floats(0, 5000), st.floats(0, 5000))
def test_a_later_look_is_followed_by_a_later_one(
    polling: Polling, known: list[float], age: float, more: float
) -> None:
    schedule = planned(polling, known)
    following = age + schedule.pause(age)
    later = age + more
    assert later + schedule.pause(later) >= following * (1 - 1e-9)


@given(pollings)
def test_the_interval_of_an_embedder_is_kept_exactly(polling: Polling) -> None:
    schedule = fixed(polling)
    if polling.first:
        assert schedule.pause(0) == polling.first
    assert schedule.pause(polling.first) == polling.every


@given(st.lists(st.floats(10, 590), min_size=1, max_size=REMEMBERED), st.floats(0, 1))
def test_it_is_never_much_worse_than_the_declared_interval(some: list[float], part: float) -> None:
    """Whatever the durations are: at most one poll more, and no longer than one interval late."""
    polling = Polling(first=5, every=10, at_most=600, floor=10 * part)
    known = (some * REMEMBERED)[:REMEMBERED]
    ours = [walked(planned(polling, known), duration) for duration in known]
    constant = [walked(fixed(polling), duration) for duration in known]
    waiting = MAX_GAP * polling.every * SPREAD
    assume(planned(polling, known).first < waiting)  # else looks on the way are added
    assert fmean(polls for polls, _ in ours) <= fmean(polls for polls, _ in constant) + 1.1
    assert fmean(lag for _, lag in ours) <= polling.every * SPREAD * 1.01


def test_tasks_that_take_equally_long_are_left_alone_until_then() -> None:
    polling = Polling(first=5, every=10, at_most=600, floor=5)
    known = [80 + number / 5 for number in range(REMEMBERED)]
    polls, lags = zip(*(walked(planned(polling, known), each) for each in known), strict=True)
    assert fmean(polls) < 3
    assert fmean(lags) <= 5.5
    assert fmean(walked(fixed(polling), each)[0] for each in known) > 9


@pytest.mark.parametrize(("sigma", "limit"), [(0.25, 2.27), (0.5, 1.37), (0.8, 1.10)])
def test_it_saves_what_theory_allows(sigma: float, limit: float) -> None:
    """At least 95 % of what the best schedule saves of a constant interval's polls.

    For log-normal durations, and a constant interval with the same mean lag.
    """
    spread, polling = NormalDist(0, sigma), Polling(first=5, every=10, at_most=600, floor=5)
    drawn = [90 * math.exp(spread.inv_cdf((place + 0.5) / 2000)) for place in range(2000)]
    schedule = planned(polling, drawn[10::20])
    polls, lag = map(fmean, zip(*(walked(schedule, each) for each in drawn), strict=True))
    constant = fmean(drawn) / (2 * lag) + 0.5
    assert lag <= 5.5
    assert 1 - polls / constant >= 0.95 * (1 - 1 / limit)


@given(pollings)
def test_before_anything_is_known_polls_are_much_as_declared(polling: Polling) -> None:
    schedule = planned(polling)
    assert polling.first <= schedule.first <= polling.first + polling.every
    assert schedule.every * SPREAD >= floor(polling) * (1 - 1e-9)


def polls_of_constant(lag: float, durations: list[float]) -> float:
    """Return the polls of the constant interval that notices the ends this late, on average."""
    low, high = 0.1, 1000.0
    for _ in range(40):
        middle = (low + high) / 2
        found = fmean(middle * math.ceil(each / middle) - each for each in durations)
        low, high = (middle, high) if found < lag else (low, middle)
    return fmean(math.ceil(each / low) for each in durations)


@pytest.mark.parametrize("part", [1 / 8, 1 / 4, 1 / 2, 1, 2, 4])
@pytest.mark.parametrize("sigma", [0.25, 0.5, 0.8])
@pytest.mark.parametrize(
    "polling",
    [
        Polling(first=5, every=10, at_most=600, floor=5),
        Polling(first=10, every=5, at_most=1800, floor=2.5),
        Polling(first=20, every=10, at_most=3600),
        Polling(first=20, every=15, at_most=1800, floor=10),
    ],
)
def test_a_wrong_expectation_is_no_worse_than_a_constant_interval(
    polling: Polling, sigma: float, part: float
) -> None:
    """Before anything is known, tasks take this part of what the declaration lets expect."""
    expected, spread = math.sqrt(polling.first * polling.at_most), NormalDist(0, sigma)
    drawn = [
        part * expected * math.exp(spread.inv_cdf((place + 0.5) / 1000)) for place in range(1000)
    ]
    polls, lag = map(fmean, zip(*(walked(planned(polling), each) for each in drawn), strict=True))
    assert polls <= 1.05 * polls_of_constant(lag, drawn)
    assert lag <= polling.every


def test_advice_that_makes_no_distribution_is_followed_as_it_is() -> None:
    for polling in (Polling(every=0), Polling(every=10, at_most=5), Polling(at_most=math.inf)):
        assert planned(polling, [50.0] * 100) == fixed(polling)


@given(st.none() | st.floats(0, 500), st.floats(0, 500))
def test_a_task_ended_between_two_polls(before: float | None, seen: float) -> None:
    polling = Polling(every=10)
    took = estimated(before, seen, polling)
    if took is None:
        assert not 0 < seen - (before or 0.0) <= (MAX_GAP + 1) * polling.every
    else:
        assert (before or 0.0) <= took <= seen


def polled_task(age: float | None, progress: float | None) -> Task:
    return Task(
        id="t", variant="a/b", base_url="", client_id="t", call=None, created_at=0, updated_at=0,
        looked_at=age, progress=progress,
    )  # fmt: skip


percent = st.none() | st.floats(0, 100)


@given(st.floats(0.1, 120), st.none() | st.floats(0, 500), percent, percent, st.floats(0, 500))
def test_progress_lengthens_a_pause_to_two_intervals_at_most(
    pause: float, before: float | None, old: float | None, new: float | None, age: float
) -> None:
    status = Status(state="in_progress", progress=new)
    found = with_progress(pause, polled_task(before, old), status, age, 10)
    assert pause <= found <= max(pause, 20)
    if old is None or new is None or new <= old:
        assert found == pause


def test_half_of_what_is_left_is_waited_for() -> None:
    status = Status(state="in_progress", progress=60.0)
    # 40 % in 20 s, so that 20 s seem to be left.
    assert with_progress(5, polled_task(10, 20), status, 30, 10) == 10
    # 1 % in 20 s: that says little, and is limited.
    assert with_progress(5, polled_task(10, 59), status, 30, 10) == 20


def test_a_client_learns_from_its_tasks_and_forgets_the_oldest() -> None:
    polling = Polling(first=5, every=10, at_most=600, floor=5)
    learned = Learned(polling)
    at_first = learned.schedule
    learned.add([])
    assert learned.schedule == at_first
    learned.add([90.0] * REMEMBERED)
    slow = learned.schedule
    assert slow.first > 60
    learned.add([30.0] * REMEMBERED)
    assert learned.schedule.first < 40
    for _ in range(REMEMBERED):
        learned.add([90.0])
    assert learned.schedule == slow
