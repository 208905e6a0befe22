"""How similar a frame is to an image that was given for it, or to another frame."""

from pathlib import Path

from av.filter import Graph
from av.video.frame import VideoFrame

from rushes_compare._measure.filter_graphs import ONCE, add_source, scale_frame
from rushes_compare._measure.open_media import BROKEN, MeasuringError, ffmpeg_message, open_media
from rushes_compare._measure.shape import FrameShape, shape_of

SIDE = 512
"""The longer side at which both are compared: composition and colours count, not the grain, which
every encoder changes."""
LEAST = 8
"""Pixels that FFmpeg's SSIM needs in each direction."""


def similarity(frame: VideoFrame, shape: FrameShape, given: Path) -> float:
    """Return the SSIM, 0 to 1, of a frame and an image; raises MeasuringError if it is unreadable.

    The image is made to fill the frame as providers do it: scaled until it covers the frame, then
    cropped evenly. Both are compared in RGB, however they are stored.
    """
    width, height = _size(shape)
    try:
        picture = _read(given)
        own = shape_of(None, picture)
        scale = max(width / own.shown[0], height / own.shown[1])
        wide, high = (round(side * scale) for side in own.shown)
        wanted = scale_frame(picture, own, max(wide, width), max(high, height), "gbrp")
        return _ssim(scale_frame(frame, shape, width, height, "gbrp"), wanted)
    except BROKEN as error:
        raise MeasuringError(
            f"{given}: this image cannot be read: {ffmpeg_message(error)}"
        ) from None


def frame_similarity(
    one: tuple[VideoFrame, FrameShape], other: tuple[VideoFrame, FrameShape]
) -> float:
    """Return the SSIM, 0 to 1, of two frames, both in the size of the first."""
    width, height = _size(one[1])
    return _ssim(*(scale_frame(*each, width, height, "gbrp") for each in (one, other)))


def _size(shape: FrameShape) -> tuple[int, int]:
    width, height = shape.within(SIDE)
    return max(LEAST, width), max(LEAST, height)


def _read(given: Path) -> VideoFrame:
    with open_media(given, picture=True) as (container, stream):
        for frame in container.decode(stream):
            return frame
    raise MeasuringError(f"{given} contains no image")


def _ssim(shown: VideoFrame, wanted: VideoFrame) -> float:
    graph = Graph()
    graph.threads = 1
    ssim = graph.add("ssim")
    add_source(graph, shown).link_to(ssim, 0, 0)
    crop = graph.add("crop", f"{shown.width}:{shown.height}:exact=1")
    add_source(graph, wanted).link_to(crop)
    crop.link_to(ssim, 0, 1)
    ssim.link_to(graph.add("buffersink"))
    graph.configure()
    for place, frame in enumerate((shown, wanted)):
        frame.pts, frame.time_base = 0, ONCE
        graph.vpush(frame, at=place)
        graph.vpush(None, at=place)
    metadata = graph.vpull().metadata
    return round(min(1.0, max(0.0, float(metadata["lavfi.ssim.All"]))), 4)
