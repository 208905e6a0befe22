"""What a file's header says: for names, and to compare with what its frames are."""

from av.container import InputContainer
from av.video.stream import VideoStream

_MICROSECONDS = 1_000_000


def container_name(container: InputContainer, codec: str) -> str:
    """Return the container's usual name; FFmpeg only names families of containers."""
    family = container.format.name
    if family.startswith("mov,mp4"):
        quicktime = container.metadata.get("major_brand", "").startswith("qt")
        return "mov" if quicktime else "mp4"
    if family.startswith("matroska"):
        return "webm" if codec in {"vp8", "vp9", "av1"} else "matroska"
    return family


def header_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the duration of the video by the header, in seconds; None if it says none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration else None


def header_frame_time(stream: VideoStream) -> float:
    """Return how long a frame is shown by the header, in seconds."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 1 / 25
