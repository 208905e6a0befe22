"""Numbers about the picture and how it changes: each frame is reduced to a few of them at once."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

import numpy as np
from av.video.frame import VideoFrame
from msgspec import Struct

from rushes_compare._measure import motion
from rushes_compare._measure.shape import Shrinker

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

SIDE = 320
"""The longer side of the frames on which light, colour and change are measured."""
SHARPNESS_SIDE = 1024
"""The longer side at which sharpness is measured: of different sizes, larger is not sharper."""
SAMPLES = 3.0
"""Times a second at which sharpness, and the motion of two frames in a row, is measured."""
MAX_SAMPLES = 300
SAME, ALIKE = 1.0, 4.0
"""A frame repeats the last if no block of 8 x 8 pixels changes by more than the first, in levels of
255; or by the second, if frames around it change ten times as much: encoding a frame twice changes
it by up to 4 (measured with H.264), slow motion no less."""
AROUND = 4
"""Frames before and after one that are compared with it."""
STILL = 1.0
"""Percent of the longer side a second up to which a scene counts as still: the noise of encoding
looks like less."""
PART = 4
"""Drift is the difference between the first and last quarter of a shot ..."""
MIN_FRAMES = 8
"""... that has at least this many frames."""


class _Frame(Struct):
    moment: float
    red: float
    green: float
    blue: float
    change: float
    largest: float


class _Sample(Struct):
    moment: float
    value: float


class PictureMeter:
    """Takes every frame of a video, in display order, with its time in seconds from the first."""

    def __init__(self, width: int, height: int) -> None:
        self._frames: list[_Frame] = []
        self._sharpness: list[_Sample] = []
        self._motion: list[_Sample] = []
        self._small = Shrinker(width, height, SIDE)
        self._smaller = Shrinker(width, height, motion.SIDE)
        self._large = Shrinker(width, height, SHARPNESS_SIDE)
        self._last: Pixels | None = None
        self._last_grey: tuple[float, Pixels] | None = None
        self._pairs = 0
        self._next_sample = 0.0

    def add(self, frame: VideoFrame, moment: float) -> None:
        """Take the next frame."""
        pixels = _array(self._small.small(frame, "rgb24"))
        red, green, blue = (float(level) for level in pixels.mean(axis=(0, 1)))
        change = largest = 0.0
        if self._last is not None:
            difference = np.abs(pixels - self._last)
            change, largest = float(difference.mean()), _largest_block(difference)
        self._last = pixels
        self._frames.append(_Frame(moment, red, green, blue, change, largest))
        self._sample(frame, moment)

    def _sample(self, frame: VideoFrame, moment: float) -> None:
        """Measure now and then what takes longer.

        Motion is measured between three frames in a row: where every frame is there twice, one of
        two pairs stands still, and the other moves twice as far.
        """
        if moment >= self._next_sample and len(self._sharpness) < MAX_SAMPLES:
            self._next_sample = moment + 1 / SAMPLES
            self._pairs, self._last_grey = 2, None
            self._sharpness.append(
                _Sample(moment, _sharpness(_array(self._large.small(frame, "gray"))))
            )
        elif not self._pairs:
            return
        grey = _array(self._smaller.small(frame, "gray"))
        if self._last_grey is not None:
            self._pairs -= 1
            before, last = self._last_grey
            moved = motion.displacement(last, grey)
            if moved is not None and moment > before:
                speed = 100 * moved / max(grey.shape) / (moment - before)
                self._motion.append(_Sample(moment, speed))
        self._last_grey = moment, grey

    def motion(self, cuts: Sequence[float]) -> float | None:
        """Percent of the longer side that the picture moves in a second; cuts are no motion."""
        speeds = [one.value for one in self._motion if not _is_cut(one.moment, cuts)]
        return round(fmean(speeds), 2) if speeds else None

    def steadiness(self, cuts: Sequence[float]) -> float | None:
        """VBench's temporal flickering, 0 to 1 for steady; None unless the scene is still.

        It is 1 less the mean absolute difference of neighbouring frames, as a share of the range.
        """
        moved = self.motion(cuts)
        if len(self._frames) < 2 or cuts or (moved is not None and moved > STILL):
            return None
        return round(1 - fmean(frame.change for frame in self._frames[1:]) / 255, 4)

    @property
    def sharpness(self) -> float | None:
        """The variance of the Laplacian of the brightness, the median of samples."""
        return round(median(one.value for one in self._sharpness), 1) if self._sharpness else None

    @property
    def repeated(self) -> float | None:
        """Percent of the frames, the first aside, that repeat the one before."""
        changes = [frame.largest for frame in self._frames[1:]]
        repeats = [_repeats(changes, place) for place in range(len(changes))]
        return round(100 * fmean(repeats), 1) if repeats else None

    def exposure_drift(self, cuts: Sequence[float]) -> float | None:
        """How much brighter a shot ends than it began, in percent of the range."""
        drifts = [100 * (_brightness(end) - _brightness(start)) / 255
                  for start, end in self._ends(cuts)]  # fmt: skip
        return _largest(drifts)

    def colour_drift(self, cuts: Sequence[float]) -> float | None:
        """How far the mean colour of a shot moves, brightness aside, in percent of the range."""
        drifts = [100 * float(np.hypot(*(_colour(end) - _colour(start)))) / 255
                  for start, end in self._ends(cuts)]  # fmt: skip
        return _largest(drifts)

    def sharpness_drift(self, cuts: Sequence[float]) -> float | None:
        """By how many percent a shot ends sharper than it began."""
        drifts = []
        for shot in _shots([one.moment for one in self._sharpness], cuts):
            values = [one.value for one in self._sharpness[shot]]
            part = max(1, len(values) // PART)
            if len(values) >= PART and (start := median(values[:part])) > 0:
                drifts.append(100 * (median(values[-part:]) / start - 1))
        return _largest(drifts)

    def _ends(self, cuts: Sequence[float]) -> list[tuple[list[_Frame], list[_Frame]]]:
        """Return the first and last quarter of each shot."""
        found = []
        for place in _shots([frame.moment for frame in self._frames], cuts):
            shot = self._frames[place]
            part = len(shot) // PART
            if len(shot) >= MIN_FRAMES:
                found.append((shot[:part], shot[-part:]))
        return found


def _array(frame: VideoFrame) -> Pixels:
    return frame.to_ndarray().astype(np.float32)


def _repeats(changes: Sequence[float], place: int) -> bool:
    near = [*changes[max(0, place - AROUND) : place], *changes[place + 1 : place + 1 + AROUND]]
    moving = sorted(near)[-2] if len(near) > 1 else 0.0  # the largest may be a cut
    return changes[place] <= SAME or changes[place] <= min(ALIKE, moving / 10)


def _largest_block(difference: Pixels) -> float:
    """Return the mean difference of the 8 x 8 pixels that differ most."""
    height, width = (side // 8 * 8 for side in difference.shape[:2])
    if not height or not width:
        return float(difference.mean())
    blocks = difference[:height, :width].mean(axis=2).reshape(height // 8, 8, width // 8, 8)
    return float(blocks.mean(axis=(1, 3)).max())


def _sharpness(grey: Pixels) -> float:
    if min(grey.shape) < 3:
        return 0.0
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * middle).var())


def _brightness(frames: Sequence[_Frame]) -> float:
    """Return the mean brightness (ITU-R BT.709)."""
    return fmean(0.2126 * one.red + 0.7152 * one.green + 0.0722 * one.blue for one in frames)


def _colour(frames: Sequence[_Frame]) -> Pixels:
    """Return the mean colour differences, Cb and Cr (ITU-R BT.709)."""
    bright = _brightness(frames)
    blue = (fmean(one.blue for one in frames) - bright) / 1.8556
    red = (fmean(one.red for one in frames) - bright) / 1.5748
    return np.array([blue, red], dtype=np.float32)


def _is_cut(moment: float, cuts: Sequence[float]) -> bool:
    place = bisect_left(cuts, moment - 0.001)
    return place < len(cuts) and abs(cuts[place] - moment) <= 0.001


def _shots(moments: Sequence[float], cuts: Sequence[float]) -> list[slice]:
    """Return the places of the moments in each shot."""
    edges = [0, *(bisect_left(moments, cut - 0.001) for cut in cuts), len(moments)]
    return [slice(start, end) for start, end in pairwise(edges)]


def _largest(drifts: Sequence[float]) -> float | None:
    largest: float | None = max(drifts, key=abs, default=None)
    return None if largest is None else round(largest, 1)
