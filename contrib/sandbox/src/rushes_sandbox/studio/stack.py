"""Layers of pictures, put together by FFmpeg."""

from fractions import Fraction

import av
import av.filter
from PIL import Image

from rushes_sandbox.studio.scene import FRAMES_PER_SECOND

#: The unit of the frames' times.
TICK = Fraction(1, FRAMES_PER_SECOND)


def plane(image: Image.Image, size: tuple[int, int] | None = None) -> av.VideoFrame:
    """Turn a picture into the colours of HD video, with its transparency, if it has one."""
    width, height = size or image.size
    clear = image.mode == "RGBA"
    # from_image would drop the transparency.
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


class Stack:
    """Layers lying on each other, put together by FFmpeg's overlay filter."""

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
        """Lay a picture on top; `left` may be an expression of the frame's number `n`."""
        self._fixed.append(plane(image))
        self.add_moving(image, left, top)

    def add_moving(self, image: Image.Image, left: int | str, top: int) -> None:
        """Lay a picture of this size on top, to be given anew for each frame."""
        layer = self._buffer(*image.size, "yuva420p")
        over = self._graph.add("overlay", f"x='{left}':y={top}:format=yuv420:eval=frame")
        self._top.link_to(over, 0, 0)
        layer.link_to(over, 0, 1)
        self._top = over

    def close(self) -> None:
        """Finish the stack and give it the pictures that never change."""
        self._top.link_to(self._graph.add("buffersink"))
        self._graph.configure()
        for number, frame in enumerate(self._fixed, start=1):
            frame.pts, frame.time_base = 0, TICK
            self._graph.vpush(frame, at=number)
            self._graph.vpush(None, at=number)

    def frame(self, number: int, back: av.VideoFrame, moving: av.VideoFrame) -> av.VideoFrame:
        """Put frame `number` of the shot together."""
        for place, frame in ((0, back), (len(self._fixed) + 1, moving)):
            frame.pts, frame.time_base = number, TICK
            self._graph.vpush(frame, at=place)
        return self._graph.vpull()
