"""Flaws in a video's frames, as lies request them."""

from collections.abc import Iterator
from itertools import islice, repeat

from av import VideoFrame
from PIL import Image

from rushes_sandbox._rendering.compositing import to_frame
from rushes_sandbox._rendering.scene import FRAMES_PER_SECOND, Scene

#: How many times as long a slow video shows each frame.
SLOW = 2


def frame_rate(scene: Scene) -> int:
    """Return how many frames per second the video of a scene has."""
    return FRAMES_PER_SECOND // (SLOW if "slow" in scene.flaws else 1)


def apply_flaws(scene: Scene, frames: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
    """Apply a scene's flaws to its frames; yield each frame with its number in the video."""
    if "black" in scene.flaws:
        black = to_frame(Image.new("RGB", (scene.width, scene.height)))
        frames = repeat(black, scene.frames)
    elif "frozen" in scene.flaws:
        frames = repeat(next(frames), scene.frames)
    numbered = enumerate(frames)
    return islice(numbered, 0, None, SLOW) if "slow" in scene.flaws else numbered
