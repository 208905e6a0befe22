"""Layers of pictures, composited by FFmpeg."""

from fractions import Fraction

import av
import av.filter
from PIL import Image

from rushes_sandbox._rendering.scene import FRAMES_PER_SECOND

#: The time base of the frames.
TICK = Fraction(1, FRAMES_PER_SECOND)


def to_frame(image: Image.Image, size: tuple[int, int] | None = None) -> av.VideoFrame:
    """Convert a picture to the colours of HD video; transparency is kept."""
    width, height = size or image.size
    clear = image.mode == "RGBA"
    # from_image would lose the transparency.
    given = (
        av.VideoFrame.from_bytes(image.tobytes(), *image.size, format="rgba")
        if clear
        else av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
    )
    return given.reformat(
        width=width,
        height=height,
        format="yuva420p" if clear else "yuv420p",
        dst_colorspace="ITU709",
        interpolation="BICUBIC",
    )


class Compositor:
    """Layers on top of each other, drawn by FFmpeg's overlay filter."""

    def __init__(self, width: int, height: int) -> None:
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        self._top = self._buffer(width, height, "yuv420p")
        self._fixed: list[av.VideoFrame] = []
        self._inputs = 1

    def _buffer(self, width: int, height: int, pixels: str) -> av.filter.context.FilterContext:
        return self._graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(pixels), time_base=TICK
        )

    def add(self, image: Image.Image, left: int | str, top: int) -> None:
        """Add a picture on top; `left` may be an expression of the frame's number `n`."""
        self._fixed.append(to_frame(image))
        self.add_moving(image, left, top)

    def add_moving(self, image: Image.Image, left: int | str, top: int) -> None:
        """Add a layer of this picture's size on top; each frame gets its own picture for it."""
        layer = self._buffer(*image.size, "yuva420p")
        over = self._graph.add("overlay", f"x='{left}':y={top}:format=yuv420:eval=frame")
        self._top.link_to(over, 0, 0)
        layer.link_to(over, 0, 1)
        self._top = over

    def close(self) -> None:
        """Finish the layers and hand over the pictures that never change."""
        self._top.link_to(self._graph.add("buffersink"))
        self._graph.configure()
        for number, frame in enumerate(self._fixed, start=1):
            frame.pts, frame.time_base = 0, TICK
            self._graph.vpush(frame, at=number)
            self._graph.vpush(None, at=number)

    def frame(self, number: int, back: av.VideoFrame, moving: av.VideoFrame) -> av.VideoFrame:
        """Composite frame `number` of the shot."""
        for place, frame in ((0, back), (len(self._fixed) + 1, moving)):
            frame.pts, frame.time_base = number, TICK
            self._graph.vpush(frame, at=place)
        return self._graph.vpull()
