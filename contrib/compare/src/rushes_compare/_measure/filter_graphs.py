"""FFmpeg's filter graphs, fed frame by frame."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av import AudioFrame, VideoFrame
from av.filter import Graph
from av.filter.context import FilterContext

from rushes_compare._measure.shape import FrameShape

ONCE = Fraction(1, 1)
"""The time base of a graph for a single frame."""


def run_filters(graph: Graph, frame: VideoFrame | AudioFrame | None) -> Iterator[dict[str, str]]:
    """Push a frame (None at the end); yield the metadata of each frame that comes out."""
    graph.push(frame)
    while True:
        try:
            yield graph.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return


def add_source(graph: Graph, frame: VideoFrame) -> FilterContext:
    """Add an input to the graph for frames like this one."""
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=ONCE
    )


def scale_frame(
    frame: VideoFrame, shape: FrameShape, width: int, height: int, pixels: str
) -> VideoFrame:
    """Return a frame as displayed (rotated, square pixels), in this size and pixel format."""
    graph = Graph()
    graph.threads = 1
    turns = {"180": [("hflip", ""), ("vflip", "")], None: []}
    turned = turns.get(shape.turn, [("transpose", shape.turn or "")])
    wanted = [
        ("scale", f"{width}:{height}:flags=area"),
        ("setsar", "1"),
        ("format", f"pix_fmts={pixels}"),
        ("buffersink", ""),
    ]
    graph.link_nodes(add_source(graph, frame), *(graph.add(*one) for one in [*turned, *wanted]))
    graph.configure()
    frame.pts, frame.time_base = 0, ONCE
    graph.vpush(frame)
    graph.vpush(None)
    return graph.vpull()
