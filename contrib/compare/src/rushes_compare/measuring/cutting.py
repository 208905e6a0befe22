"""Where one shot ends and the next begins, from how much each frame differs from the last."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

LEAST_JUMP = 4.0
"""The score (0 to 100, of FFmpeg's `scdet`) from which a jump can be a cut. Measured in RGB, cuts
between scenes of one palette score 6 and more, everything within a steady shot at most 3."""

STANDS_OUT = 2.0
"""A cut scores at least this many times what any other frame around it does. A shaken camera and
frames shown twice make large jumps, too, but many of the same size."""

AROUND = 0.25
"""Seconds before and after; also the shortest shot."""


def cuts(times: Sequence[float], scores: Sequence[float]) -> list[float]:
    """Return the moments of the cuts; `times` rise, in seconds from the first frame."""
    found: list[float] = []
    for place, (moment, score) in enumerate(zip(times, scores, strict=True)):
        if score < LEAST_JUMP or moment < AROUND:
            continue
        low, high = bisect_left(times, moment - AROUND), bisect_right(times, moment + AROUND)
        others = [*scores[low:place], *scores[place + 1 : high]]
        if score >= STANDS_OUT * max(others, default=0.0):
            found.append(round(moment, 3))
    return found
