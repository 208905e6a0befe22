"""How similar two videos are that should be the same: one request with one seed, made twice."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import fmean

from av.video.frame import VideoFrame

from rushes_compare._measure.open_media import BROKEN, Deadline, MeasuringError, open_media
from rushes_compare._measure.shape import FrameShape, shape_of
from rushes_compare._measure.similarity import frame_similarity

EVERY = 0.5
"""Seconds between two frames that are compared."""
MOST = 20


def repeatability(one: Path, other: Path) -> float | None:
    """Return the mean SSIM, 0 to 1, of the frames that two videos show at the same times.

    None if either cannot be decoded.
    """
    with suppress(MeasuringError, *BROKEN):
        pairs = zip(_samples(one), _samples(other), strict=False)
        alike = [frame_similarity(first, second) for first, second in pairs]
        return round(fmean(alike), 4) if alike else None
    return None


def _samples(path: Path) -> Iterator[tuple[VideoFrame, FrameShape]]:
    """Yield frames at regular times; one at a time is in memory."""
    with open_media(path) as (container, stream):
        stream.thread_type = "AUTO"
        deadline, start, count = Deadline(), None, 0
        for frame in container.decode(stream):
            moment = frame.time or 0.0
            start = moment if start is None else start
            if moment - start >= count * EVERY - 0.001:
                yield frame, shape_of(stream, frame)
                count += 1
            if count >= MOST or deadline.passed:
                return
