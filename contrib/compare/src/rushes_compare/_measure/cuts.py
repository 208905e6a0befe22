"""Where one shot ends and the next begins, from how much each frame differs from the last."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

MIN_SCORE = 4.0
"""The score (0 to 100, of FFmpeg's `scdet`) from which a change can be a cut. Measured in RGB, cuts
between scenes of one palette score 6 and more, everything within a steady shot at most 3."""

MIN_CONTRAST = 2.0
"""A cut scores at least this many times as much as any frame around it. A shaken camera and
repeated frames change a lot, too, but many times by the same amount."""

NEIGHBOURHOOD = 0.25
"""Seconds before and after a cut in which it has to stand out; also the shortest shot."""


def find_cuts(times: Sequence[float], scores: Sequence[float]) -> list[float]:
    """Return the times of the cuts; `times` rise, in seconds from the first frame."""
    found: list[float] = []
    for place, (moment, score) in enumerate(zip(times, scores, strict=True)):
        if score < MIN_SCORE or moment < NEIGHBOURHOOD:
            continue
        low, high = (
            bisect_left(times, moment - NEIGHBOURHOOD),
            bisect_right(times, moment + NEIGHBOURHOOD),
        )
        others = [*scores[low:place], *scores[place + 1 : high]]
        if score >= MIN_CONTRAST * max(others, default=0.0):
            found.append(round(moment, 3))
    return found
