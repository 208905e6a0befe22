"""What is wrong with a film's pictures on purpose."""

from collections.abc import Iterator
from itertools import islice, repeat

from av import VideoFrame
from PIL import Image

from rushes_sandbox.studio.scene import FRAMES_PER_SECOND, Scene
from rushes_sandbox.studio.stack import plane

#: A film that is slow shows every frame for so long.
SLOW = 2


def rate_of(scene: Scene) -> int:
    """Say how many frames per second a scene's film has."""
    return FRAMES_PER_SECOND // (SLOW if "slow" in scene.flaws else 1)


def shown(scene: Scene, frames: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
    """Make of a scene's frames what its flaws say; yield each with its number in the film."""
    if "black" in scene.flaws:
        black = plane(Image.new("RGB", (scene.width, scene.height)))
        frames = repeat(black, scene.frames)
    elif "frozen" in scene.flaws:
        frames = repeat(next(frames), scene.frames)
    numbered = enumerate(frames)
    return islice(numbered, 0, None, SLOW) if "slow" in scene.flaws else numbered
