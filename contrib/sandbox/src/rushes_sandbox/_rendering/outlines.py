"""The outline of the land against the sky, for each scenery."""

import math
from collections.abc import Callable, Iterator
from random import Random

from rushes_sandbox._rendering.scene import Scenery

#: Places along the land, in pixels, each with a height from 0 to 1; from left to right.
Outline = Iterator[tuple[float, float]]


def outline(scenery: Scenery, width: float, unit: float, roll: Random) -> Outline:
    """Draw the outline of land that is `width` pixels wide; `unit` is the frame's shorter side."""
    return _OUTLINES[scenery](width, unit, roll)


def _hills(width: float, unit: float, roll: Random) -> Outline:
    waves = [
        (size, unit * roll.uniform(*span), roll.uniform(0, math.tau))
        for size, span in ((1.0, (1.5, 2.1)), (0.5, (0.6, 0.8)), (0.22, (0.25, 0.33)))
    ]
    for x in _steps(width, unit):
        swell = sum(a * math.sin(math.tau * x / length + phase) for a, length, phase in waves)
        yield x, 0.5 - swell / 3.44


def _dunes(width: float, unit: float, roll: Random) -> Outline:
    """Draw long slopes to one side, short ones to the other."""
    length, phase = unit * roll.uniform(0.9, 1.2), roll.random()
    for x in _steps(width, unit):
        turn = (x / length + phase) % 1
        rise = turn / 0.72 if turn < 0.72 else (1 - turn) / 0.28
        yield x, 0.15 + 0.7 * rise**1.6 + 0.06 * math.sin(math.tau * x / (2.7 * length))


def _peaks(width: float, unit: float, roll: Random) -> Outline:
    """Draw straight flanks to summits of all heights."""
    x, low = -roll.uniform(0, 0.3) * unit, True
    while x < width + unit:
        yield x, roll.uniform(0.0, 0.3) if low else roll.uniform(0.55, 1.0)
        x += unit * roll.uniform(0.07, 0.2)
        low = not low


def _skyline(width: float, unit: float, roll: Random) -> Outline:
    """Draw towers side by side, with gaps."""
    x = -roll.uniform(0, 0.1) * unit
    while x < width + unit:
        wide = unit * roll.uniform(0.035, 0.09)
        height = roll.choice((roll.uniform(0.1, 0.45), roll.uniform(0.35, 1.0)))
        yield from ((x, height), (x + wide, height))
        x += wide
        if roll.random() < 0.3:
            yield from ((x, 0.08), (x + wide * 0.4, 0.08))
            x += wide * 0.4


def _forest(width: float, unit: float, roll: Random) -> Outline:
    """Draw conifers on gentle ground."""
    x, phase = -0.1 * unit, roll.uniform(0, math.tau)
    while x < width + unit:
        half = unit * roll.uniform(0.013, 0.026)
        ground = 0.28 + 0.16 * math.sin(x / unit * 2.4 + phase)
        top = min(1.0, ground + roll.uniform(0.3, 0.55))
        yield from ((x, ground), (x + half, top), (x + 2 * half, ground))
        x += 2 * half


def _mesas(width: float, unit: float, roll: Random) -> Outline:
    """Draw flat tops with steep sides, far apart."""
    x = -roll.uniform(0, 0.4) * unit
    while x < width + unit:
        gap, top = unit * roll.uniform(0.15, 0.5), unit * roll.uniform(0.15, 0.45)
        height, side = roll.uniform(0.55, 0.95), unit * 0.035
        yield from ((x, 0.12), (x + gap, 0.16))
        yield from ((x + gap + side, height * 0.7), (x + gap + 1.3 * side, height))
        yield from ((x + gap + top, height), (x + gap + top + 0.3 * side, height * 0.7))
        x += gap + top + 1.3 * side


def _islands(width: float, unit: float, roll: Random) -> Outline:
    """Draw a level sea, with a round island here and there."""
    x = 0.0
    yield 0.0, 0.1
    while x < width + unit:
        x += unit * roll.uniform(0.25, 0.8)
        long, high = unit * roll.uniform(0.2, 0.55), roll.uniform(0.3, 0.85)
        for part in range(33):
            yield x + long * part / 32, 0.1 + high * math.sin(math.pi * part / 32) ** 1.7
        x += long


def _domes(width: float, unit: float, roll: Random) -> Outline:
    """Draw round tops, shoulder to shoulder."""
    x = -roll.uniform(0, 0.2) * unit
    while x < width + unit:
        long, high = unit * roll.uniform(0.14, 0.3), roll.uniform(0.4, 1.0)
        for part in range(25):
            yield x + long * part / 24, high * math.sin(math.pi * part / 24) ** 0.55
        x += long * 0.999


def _canyon(width: float, unit: float, roll: Random) -> Outline:
    """Draw a high plain, cut by gorges whose walls are stepped."""
    x = -roll.uniform(0, 0.5) * unit
    while x < width + unit:
        plain, gorge = unit * roll.uniform(0.3, 0.7), unit * roll.uniform(0.12, 0.3)
        top = roll.uniform(0.7, 0.8)
        yield from ((x, top), (x + plain, top))
        x += plain
        for share, height in ((0.1, 0.62), (0.2, 0.6), (0.28, 0.32), (0.4, 0.3), (0.46, 0.05)):
            yield x + gorge * share, height
        for share, height in ((0.54, 0.05), (0.6, 0.3), (0.72, 0.32), (0.8, 0.6), (0.9, 0.62)):
            yield x + gorge * share, height
        x += gorge


def _steps(width: float, unit: float) -> Iterator[float]:
    """Yield places that are close enough for a smooth curve."""
    step = max(2.0, unit / 240)
    for number in range(math.ceil(width / step) + 2):
        yield number * step


_OUTLINES: dict[Scenery, Callable[[float, float, Random], Outline]] = {
    "hills": _hills,
    "dunes": _dunes,
    "peaks": _peaks,
    "skyline": _skyline,
    "forest": _forest,
    "mesas": _mesas,
    "islands": _islands,
    "domes": _domes,
    "canyon": _canyon,
}
