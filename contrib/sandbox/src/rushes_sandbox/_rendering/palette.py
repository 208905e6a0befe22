"""Colour palettes, derived from the variant and the prompt."""

import hashlib
import math
import random
from dataclasses import dataclass

Colour = tuple[int, int, int]


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """Turn a colour of the OKLCH space (hue in degrees) into 8-bit sRGB, clipped to the gamut."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _gamma(linear: float) -> int:
    if linear <= 0.0031308:
        return max(0, round(255 * 12.92 * linear))
    return min(255, round(255 * (1.055 * math.pow(linear, 1 / 2.4) - 0.055)))


def seeded_random(*words: str) -> random.Random:
    """Return a random generator that gives the same numbers for the same words everywhere."""
    text = "\0".join(words).encode("utf-8", "surrogatepass")
    return random.Random(hashlib.sha256(text).digest())  # noqa: S311 - for pictures only


@dataclass(frozen=True)
class Palette:
    """The colours of one shot: a sky from top to horizon, its lights, and the land below."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    glows: tuple[Colour, ...]
    ridges: tuple[Colour, ...]
    ink: Colour = (255, 255, 255)


#: Hues at the top of the sky and at the horizon, in degrees. Chosen by eye: a random
#: pair often looks muddy, as dark yellows do.
SKIES = (
    (262, 48),
    (285, 18),
    (238, 75),
    (305, 55),
    (205, 95),
    (268, 345),
    (330, 35),
    (222, 320),
    (200, 350),
    (250, 165),
)


def palette_for(look: str, shot: int) -> Palette:
    """Choose the palette of shot number `shot` (from 0); the same `look` gives the same colours.

    Neighbouring shots never share a sky, so that every cut is visible.
    """
    start = seeded_random("sky", look).randrange(len(SKIES))
    roll = seeded_random("palette", look, str(shot))
    # Three is prime to the number of skies: no sky repeats within a video.
    pair = SKIES[(start + 3 * shot) % len(SKIES)]
    top, low = (hue + roll.uniform(-7, 7) for hue in pair)
    turn = (low - top + 180) % 360 - 180
    return Palette(
        zenith=oklch(0.24, 0.075, top),
        middle=oklch(0.43, 0.115, top + turn * 0.30),
        horizon=oklch(0.78, 0.120, low),
        sun=oklch(0.95, 0.060, low + 12),
        glows=(
            oklch(0.48, 0.150, top + turn * 0.20),
            oklch(0.68, 0.150, low - turn * 0.12),
            oklch(0.36, 0.120, top - turn * 0.15),
        ),
        ridges=(
            oklch(0.50, 0.105, top + turn * 0.45),
            oklch(0.35, 0.090, top + turn * 0.22),
            oklch(0.19, 0.055, top),
        ),
    )
