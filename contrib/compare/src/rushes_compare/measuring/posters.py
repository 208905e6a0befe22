"""A still that stands for a film until it is played."""

from pathlib import Path

from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from rushes_compare.measuring.graphs import ONCE, drawn
from rushes_compare.measuring.header import seconds_of
from rushes_compare.measuring.opening import BROKEN, Deadline, MeasuringError, opened, said
from rushes_compare.measuring.shape import Shape, Shrinker, shape_of

LARGEST = 640
"""Pixels of a poster's longer side."""

LOOKS = 12
"""Frames that are looked at, evenly over the film."""

LONGEST = 30.0
"""Seconds of a film in which a poster is looked for: somewhere in them it has begun."""


def poster(path: Path, target: Path) -> None:
    """Write a JPEG, at most 640 pixels wide and high, of the frame that shows most.

    It is a black one only where all are. Raises `MeasuringError` where no frame can be decoded.
    """
    try:
        frame, shape = _telling(path)
        target.write_bytes(_jpeg(frame, shape))
    except BROKEN as error:
        raise MeasuringError(f"{path}: no poster can be made of it: {said(error)}") from None


def _telling(path: Path) -> tuple[VideoFrame, Shape]:
    """Find the frame of the greatest contrast: fades, black and plain white have none."""
    with opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        step = min(seconds_of(container, stream) or LONGEST, LONGEST) / LOOKS
        deadline = Deadline()
        best: tuple[float, VideoFrame] | None = None
        begin, due, eye = 0.0, 0.0, None
        try:
            for frame in container.decode(stream):
                moment = frame.time or 0.0
                eye = eye or Shrinker(frame.width, frame.height, 64)
                begin = moment if best is None else begin
                if best is None or moment - begin >= due:
                    due += step
                    contrast = _contrast(eye.small(frame, "gray"))
                    if best is None or contrast > best[0]:
                        best = contrast, frame
                if moment - begin > LONGEST or deadline.passed:
                    break
        except BROKEN:
            # What came before the damage will do.
            pass
        if best is None:
            raise MeasuringError(f"{path}: no frame of it can be decoded")
        return best[1], shape_of(stream, best[1])


def _contrast(small: VideoFrame) -> float:
    """Return the variance of a grey picture's levels."""
    plane = small.planes[0]
    content, line = bytes(plane), plane.line_size
    levels = [
        level
        for row in range(small.height)
        for level in content[row * line : row * line + small.width]
    ]
    mean = sum(levels) / len(levels)
    return sum((level - mean) ** 2 for level in levels) / len(levels)


def _jpeg(frame: VideoFrame, shape: Shape) -> bytes:
    image = drawn(frame, shape, *shape.within(LARGEST), "yuvj420p")
    encoder = VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = image.width, image.height
    encoder.pix_fmt, encoder.time_base = "yuvj420p", ONCE
    # 2 is the best, 31 the worst; at 5 nobody sees a difference at this size.
    encoder.options = {"qmin": "5", "qmax": "5"}
    return b"".join(bytes(packet) for one in (image, None) for packet in encoder.encode(one))
