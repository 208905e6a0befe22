"""FFmpeg's filter graphs, fed frame by frame."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av import AudioFrame, VideoFrame
from av.filter import Graph
from av.filter.context import FilterContext

from rushes_compare.measuring.shape import Shape

ONCE = Fraction(1, 1)
"""The unit of time where there is but one frame."""


def through(graph: Graph, frame: VideoFrame | AudioFrame | None) -> Iterator[dict[str, str]]:
    """Push a frame (None for the end); yield what the filters wrote on each that came out."""
    graph.push(frame)
    while True:
        try:
            yield graph.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return


def source(graph: Graph, frame: VideoFrame) -> FilterContext:
    """Add a way into the graph for one frame like this."""
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=ONCE
    )


def drawn(frame: VideoFrame, shape: Shape, width: int, height: int, pixels: str) -> VideoFrame:
    """Return a frame as it is displayed, in this size and pixel format."""
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
    graph.link_nodes(source(graph, frame), *(graph.add(*one) for one in [*turned, *wanted]))
    graph.configure()
    frame.pts, frame.time_base = 0, ONCE
    graph.vpush(frame)
    graph.vpush(None)
    return graph.vpull()
