"""The size at which a video is displayed, and scaling frames down."""

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

TURNS = {90: "cclock", 180: "180", -180: "180", -90: "clock"}
"""FFmpeg's names for rotations, by the counter-clockwise angle at which a frame is displayed."""


@dataclass(frozen=True)
class FrameShape:
    """The coded size of a frame, its pixel aspect ratio, and its rotation."""

    width: int
    height: int
    pixel: Fraction
    turn: str | None

    @property
    def shown(self) -> tuple[int, int]:
        """The size as displayed: first pixels are made square, then the picture is rotated.

        In MP4 both are in the video track (ISO/IEC 14496-12: `pasp`, and the matrix of `tkhd`).
        """
        width, height = max(1, round(self.width * self.pixel)), self.height
        return (height, width) if self.turn in ("clock", "cclock") else (width, height)

    def within(self, side: int) -> tuple[int, int]:
        """Fit the displayed size into a square of `side` pixels; even sides, never enlarged."""
        return fit(*self.shown, side)


def shape_of(stream: VideoStream | None, frame: VideoFrame) -> FrameShape:
    """Return a frame's shape; `stream` has its pixel aspect ratio."""
    pixel = stream.sample_aspect_ratio if stream is not None else None
    turn = TURNS.get(round(frame.rotation / 90) * 90)
    return FrameShape(frame.width, frame.height, pixel or Fraction(1), turn)


def fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Fit a size into a square of `side` pixels; both sides even, never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Shrinker:
    """Scales frames of any size and format down to one size and format, for the detectors."""

    def __init__(self, width: int, height: int, side: int) -> None:
        self.width, self.height = fit(width, height, side)
        self._reformatter = VideoReformatter()

    def small(self, frame: VideoFrame, pixels: str = "yuv420p") -> VideoFrame:
        """Return the frame scaled down, with its time."""
        return self._reformatter.reformat(
            frame,
            width=self.width,
            height=self.height,
            format=pixels,
            dst_color_range="MPEG",
            interpolation="AREA",
            threads=1,
        )
