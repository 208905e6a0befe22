"""The moving background: a sky with a sun, and three ridges that drift by."""

import math
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter

from rushes_sandbox._rendering.outlines import outline
from rushes_sandbox._rendering.palette import Colour, Palette, seeded_random
from rushes_sandbox._rendering.scene import Scenery

#: The longer side of the sky in pixels. It is blurred anyway, so it is drawn small and scaled up,
#: which also makes its motion smooth: its pixels move by fractions.
SKY = 160


class Sky:
    """A gradient with slowly wandering lights, drawn small."""

    def __init__(
        self, palette: Palette, seed: str, width: int, height: int, seconds: float
    ) -> None:
        scale = SKY / max(width, height)
        self.size = round(width * scale), round(height * scale)
        self._palette = palette
        self._base = _gradient(self.size, palette)
        roll = seeded_random("sky", seed)
        self._phases = [roll.uniform(0, math.tau) for _ in range(8)]
        self._seconds = seconds
        # The sun stays clear of the text: beside it in a wide frame, below it in others.
        wide = width > height
        self._sun_at = (roll.uniform(0.80, 0.87), 0.60) if wide else (roll.uniform(0.4, 0.75), 0.68)
        self._lamp, self._halo, self._sun = _disc(0.0, 0.62), _disc(0.0, 0.55), _disc(0.86, 0.97)

    def frame(self, seconds: float) -> Image.Image:
        """Draw the sky `seconds` after the shot began."""
        width, height = self.size
        image = self._base.copy()
        unit = min(width, height)
        for number, colour in enumerate(self._palette.glows):
            a, b = self._phases[number], self._phases[number + 3]
            x = width * (0.5 + 0.42 * math.sin(a + seconds * (0.31 + 0.07 * number)))
            y = height * (0.34 + 0.24 * math.sin(b + seconds * (0.23 + 0.05 * number)))
            self._glow(image, colour, (x, y), unit * 0.85, self._lamp)
        x = width * self._sun_at[0]
        y = height * self._sun_at[1] - unit * (0.05 + 0.06 * seconds / self._seconds)
        self._glow(image, self._palette.sun, (x, y), unit * 0.62, self._halo)
        self._glow(image, self._palette.sun, (x, y), unit * 0.135, self._sun)
        return image

    def _glow(
        self,
        image: Image.Image,
        colour: Colour,
        centre: tuple[float, float],
        radius: float,
        shape: Image.Image,
    ) -> None:
        step = shape.width / (2 * radius)
        offset = [shape.width / 2 - place * step for place in centre]
        mask = shape.transform(
            image.size,
            Image.Transform.AFFINE,
            (step, 0, offset[0], 0, step, offset[1]),
            Image.Resampling.BILINEAR,
        )
        image.paste(colour, (0, 0), mask)


def _disc(edge: float, strength: float) -> Image.Image:
    """Draw a round mask, level up to `edge` (a fraction of its radius) and fading from there."""
    levels = []
    for level in range(256):
        # Pillow's gradient is 255 in the corners, which lie sqrt(2) from the middle.
        distance = level / 255 * math.sqrt(2)
        fade = min(1.0, max(0.0, (1 - distance) / (1 - edge)))
        levels.append(round(255 * strength * fade * fade * (3 - 2 * fade)))
    disc = Image.radial_gradient("L").point(levels)
    # A transparent rim, so that nothing bleeds when the mask moves by fractions of a pixel.
    framed = Image.new("L", (disc.width + 8, disc.height + 8))
    framed.paste(disc, (4, 4))
    return framed


def _gradient(size: tuple[int, int], palette: Palette) -> Image.Image:
    stops = ((0.0, palette.zenith), (0.34, palette.middle), (0.66, palette.horizon))
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        column.putpixel((0, y), _between(stops, y / size[1]))
    return column.resize(size)


def _between(stops: tuple[tuple[float, Colour], ...], place: float) -> Colour:
    for (low, below), (high, above) in pairwise(stops):
        if place < high:
            share = (place - low) / (high - low)
            return mix(below, above, share)
    return stops[-1][1]


def mix(below: Colour, above: Colour, share: float) -> Colour:
    """Blend two colours; `share` is how much of the second."""
    red, green, blue = (round(b + (a - b) * share) for b, a in zip(below, above, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Ridge:
    """One layer of land, wider than the frame, and how it moves.

    `top` is its distance from the upper edge in pixels, `speed` in pixels per second.
    """

    image: Image.Image
    top: int
    speed: int


def ridges(
    scenery: Scenery, palette: Palette, seed: str, size: tuple[int, int], seconds: float
) -> list[Ridge]:
    """Draw the land of a shot that lasts `seconds`: the nearer, the darker and the faster."""
    width, height = size
    unit = min(width, height)
    layers = []
    for number, colour in enumerate(palette.ridges):
        roll = seeded_random("ridge", seed, str(number))
        speed = round(unit / 30 * 2**number)
        wide = width + math.ceil(speed * seconds) + 2
        base = height * (0.70, 0.78, 0.88)[number]
        swell = unit * (0.060, 0.055, 0.045)[number]
        top = int(base - 1.9 * swell) & ~1
        haze = mix(colour, palette.horizon, (0.26, 0.20, 0.10)[number])
        line = [(x, 3.44 * swell * (1 - rise)) for x, rise in outline(scenery, wide, unit, roll)]
        image = _land((wide + wide % 2, height - top), colour, haze, line)
        layers.append(Ridge(image, top, speed))
    return layers


def _land(
    size: tuple[int, int],
    colour: Colour,
    haze: Colour,
    line: list[tuple[float, float]],
) -> Image.Image:
    _, height = size
    mask = Image.new("L", size)
    ends = (line[-1][0], height), (line[0][0], height)
    ImageDraw.Draw(mask).polygon([*line, *ends], fill=255)
    mask = mask.filter(ImageFilter.BoxBlur(max(0.6, height / 500)))
    shade = Image.new("RGB", (1, 64))
    for y in range(64):
        shade.putpixel((0, y), mix(haze, colour, min(1.0, y / 36)))
    image = shade.resize(size, Image.Resampling.BICUBIC)
    image.putalpha(mask)
    return image
