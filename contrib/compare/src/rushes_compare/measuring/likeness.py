"""How much a film's first frame is like the picture that was given for it."""

from pathlib import Path

from av.filter import Graph
from av.video.frame import VideoFrame

from rushes_compare.measuring.graphs import ONCE, drawn, source
from rushes_compare.measuring.opening import BROKEN, MeasuringError, opened, said
from rushes_compare.measuring.shape import Shape, shape_of

SIDE = 512
"""The longer side at which both are compared: composition and colours count, not the grain that
every encoder changes."""


def likeness(frame: VideoFrame, shape: Shape, given: Path) -> float:
    """Return the SSIM, 0 to 1, of a frame to a picture; `MeasuringError` where it is unreadable.

    The picture is made to fill the frame as providers do: scaled until it covers it, what stands
    over cut away on both sides alike. They are compared in RGB, whatever each is stored as.
    """
    width, height = shape.within(SIDE)
    try:
        picture = _read(given)
        own = shape_of(None, picture)
        scale = max(width / own.shown[0], height / own.shown[1])
        wide, high = (round(side * scale) for side in own.shown)
        wanted = drawn(picture, own, max(wide, width), max(high, height), "gbrp")
        return _ssim(drawn(frame, shape, width, height, "gbrp"), wanted)
    except BROKEN as error:
        raise MeasuringError(f"{given}: this picture cannot be read: {said(error)}") from None


def _read(given: Path) -> VideoFrame:
    with opened(given, picture=True) as (container, stream):
        for frame in container.decode(stream):
            return frame
    raise MeasuringError(f"{given}: there is no picture in it")


def _ssim(shown: VideoFrame, wanted: VideoFrame) -> float:
    graph = Graph()
    graph.threads = 1
    ssim = graph.add("ssim")
    source(graph, shown).link_to(ssim, 0, 0)
    crop = graph.add("crop", f"{shown.width}:{shown.height}:exact=1")
    source(graph, wanted).link_to(crop)
    crop.link_to(ssim, 0, 1)
    ssim.link_to(graph.add("buffersink"))
    graph.configure()
    for place, frame in enumerate((shown, wanted)):
        frame.pts, frame.time_base = 0, ONCE
        graph.vpush(frame, at=place)
        graph.vpush(None, at=place)
    told = graph.vpull().metadata
    return round(min(1.0, max(0.0, float(told["lavfi.ssim.All"]))), 4)
