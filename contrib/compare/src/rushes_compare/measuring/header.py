"""What a file says of itself: read for its names only, and to be held against its frames."""

from av.container import InputContainer
from av.video.stream import VideoStream

_MICROSECONDS = 1_000_000


def container_of(container: InputContainer, codec: str) -> str:
    """Name the container as people do; FFmpeg names families."""
    family = container.format.name
    if family.startswith("mov,mp4"):
        quicktime = container.metadata.get("major_brand", "").startswith("qt")
        return "mov" if quicktime else "mp4"
    if family.startswith("matroska"):
        return "webm" if codec in {"vp8", "vp9", "av1"} else "matroska"
    return family


def seconds_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Say how long the picture lasts by the header, in seconds; None where it does not tell."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration else None


def step_of(stream: VideoStream) -> float:
    """Say how long a frame stands by the header, in seconds."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 1 / 25
