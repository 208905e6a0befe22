"""The still image that is shown until a video is played."""

from pathlib import Path

from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from rushes_compare._files import write_atomically
from rushes_compare._measure.filter_graphs import ONCE, scale_frame
from rushes_compare._measure.header import header_duration
from rushes_compare._measure.open_media import (
    BROKEN,
    Deadline,
    MeasuringError,
    ffmpeg_message,
    open_media,
)
from rushes_compare._measure.shape import FrameShape, Shrinker, shape_of

MAX_SIDE = 640
"""Pixels of a poster's longer side."""

CANDIDATES = 12
"""Frames to choose from, evenly spread over the video."""

SEARCHED = 30.0
"""Seconds of a video that are searched for a poster; every fade-in is over by then."""


def write_poster(path: Path, target: Path) -> None:
    """Write a JPEG, at most 640 pixels wide and high, of the frame with the most contrast.

    It is black only if every frame is. Raises MeasuringError if no frame can be decoded, and
    FolderError if the file cannot be written.
    """
    try:
        image = _jpeg(*_best_frame(path))
    except BROKEN as error:
        raise MeasuringError(
            f"{path}: no poster can be made from it: {ffmpeg_message(error)}"
        ) from None
    write_atomically(target, [image])


def _best_frame(path: Path) -> tuple[VideoFrame, FrameShape]:
    """Find the frame with the most contrast: fades, black and plain white have none."""
    with open_media(path) as (container, stream):
        stream.thread_type = "AUTO"
        step = min(header_duration(container, stream) or SEARCHED, SEARCHED) / CANDIDATES
        deadline = Deadline()
        best: tuple[float, VideoFrame] | None = None
        start, next_sample, shrinker = 0.0, 0.0, None
        try:
            for frame in container.decode(stream):
                moment = frame.time or 0.0
                shrinker = shrinker or Shrinker(frame.width, frame.height, 64)
                start = moment if best is None else start
                if best is None or moment - start >= next_sample:
                    next_sample += step
                    contrast = _contrast(shrinker.small(frame, "gray"))
                    if best is None or contrast > best[0]:
                        best = contrast, frame
                if moment - start > SEARCHED or deadline.passed:
                    break
        except BROKEN:
            # What was decoded before the damage is enough.
            pass
        if best is None:
            raise MeasuringError(f"{path}: none of its frames can be decoded")
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


def _jpeg(frame: VideoFrame, shape: FrameShape) -> bytes:
    image = scale_frame(frame, shape, *shape.within(MAX_SIDE), "yuvj420p")
    encoder = VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = image.width, image.height
    encoder.pix_fmt, encoder.time_base = "yuvj420p", ONCE
    # 2 is the best, 31 the worst; at this size 5 looks the same as 2.
    encoder.options = {"qmin": "5", "qmax": "5"}
    return b"".join(bytes(packet) for one in (image, None) for packet in encoder.encode(one))
