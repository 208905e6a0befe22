"""What a file's header declares: names, and what is compared with the actual frames."""

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
    """Return the video's duration according to the header, in seconds; None if it has none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration else None


def header_frame_time(stream: VideoStream) -> float:
    """Return the duration of one frame according to the header, in seconds."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 1 / 25
