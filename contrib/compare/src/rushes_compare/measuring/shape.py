"""The size at which a video is to be shown, and frames made smaller."""

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

TURNS = {90: "cclock", 180: "180", -180: "180", -90: "clock"}
"""FFmpeg's names for turns, by the angle against the clock at which a frame is to be shown."""


@dataclass(frozen=True)
class Shape:
    """The coded size of a frame, its pixels' width to height, and how it is to be turned."""

    width: int
    height: int
    pixel: Fraction
    turn: str | None

    @property
    def shown(self) -> tuple[int, int]:
        """The size as displayed: pixels that are not square widen the picture, then it is turned.

        Video tracks tell both in MP4 (ISO/IEC 14496-12: `pasp`, and the matrix of `tkhd`).
        """
        width, height = max(1, round(self.width * self.pixel)), self.height
        return (height, width) if self.turn in ("clock", "cclock") else (width, height)

    def within(self, side: int) -> tuple[int, int]:
        """Fit the displayed size into a square of `side` pixels; both even, never enlarged."""
        return fit(*self.shown, side)


def shape_of(stream: VideoStream | None, frame: VideoFrame) -> Shape:
    """Work out a frame's shape; `stream` tells the shape of its pixels."""
    pixel = stream.sample_aspect_ratio if stream is not None else None
    turn = TURNS.get(round(frame.rotation / 90) * 90)
    return Shape(frame.width, frame.height, pixel or Fraction(1), turn)


def fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Fit a size into a square of `side` pixels; both sides even, never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Shrinker:
    """Makes frames of any size and format small ones that are all alike, for the detectors."""

    def __init__(self, width: int, height: int, side: int) -> None:
        self.width, self.height = fit(width, height, side)
        self._reformatter = VideoReformatter()

    def small(self, frame: VideoFrame, pixels: str = "yuv420p") -> VideoFrame:
        """Return the frame made small, with its time."""
        return self._reformatter.reformat(
            frame,
            width=self.width,
            height=self.height,
            format=pixels,
            dst_color_range="MPEG",
            interpolation="AREA",
            threads=1,
        )
