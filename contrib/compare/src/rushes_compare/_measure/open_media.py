"""Open an untrusted file: only as a video or image, only from this disk, with a time limit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from rushes import RushesError

TIME_LIMIT = 60.0
"""Seconds spent on one file; the results note what was not measured by then."""

MAX_PIXELS = 8192 * 8192
"""A frame of 8K has 33 million. A few bytes can claim a frame of gigabytes."""

# A playlist called .mp4 would have FFmpeg open whatever other files it names.
_VIDEOS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv,gif"
_PICTURES = "png_pipe,jpeg_pipe,webp_pipe,gif,gif_pipe,bmp_pipe,image2,mov,mp4,m4a,3gp,3g2,mj2"

BROKEN = (av.FFmpegError, ValueError, OverflowError, MemoryError, ZeroDivisionError)
"""What FFmpeg and PyAV raise for malformed files."""


class MeasuringError(RushesError):
    """A file cannot be measured; the message says why."""


class Deadline:
    """The end of the time limit for one file."""

    def __init__(self) -> None:
        self._end = time.monotonic() + TIME_LIMIT

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._end


@contextmanager
def open_media(
    path: Path, *, picture: bool = False
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video (or an image); yields its container and its video stream."""
    limit = {"max_pixels": str(MAX_PIXELS)}
    formats = _PICTURES if picture else _VIDEOS
    options = {"format_whitelist": formats, "protocol_whitelist": "file", **limit}
    # Absolute, so that no name can be taken for a URL.
    name = str(path.absolute())
    try:
        container = av.open(name, "r", options=options, metadata_errors="replace")
    except FileNotFoundError:
        raise MeasuringError(f"{path}: there is no such file") from None
    except BROKEN as error:
        raise MeasuringError(
            f"{path}: this is not a video that can be read: {ffmpeg_message(error)}"
        ) from None
    with container:
        frames = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not frames:
            raise MeasuringError(f"{path}: it contains no video")
        stream = frames[0]
        if stream.codec_context is None:
            raise MeasuringError(f"{path}: no decoder for its video is available")
        _refuse_giant(path, stream.width, stream.height)
        # The option above is for probing the file, this one for decoding it.
        stream.codec_context.options = limit
        yield container, stream


def _refuse_giant(path: Path, width: int, height: int) -> None:
    if not width * height:
        raise MeasuringError(
            f"{path}: the size of its frames is unknown, or larger than 8K; nothing was decoded"
        )
    if width * height > MAX_PIXELS:
        raise MeasuringError(
            f"{path}: frames of {width} x {height} pixels are larger than 8K; nothing was decoded"
        )


def ffmpeg_message(error: BaseException) -> str:
    """Return FFmpeg's message for an error, without its number and the file's name."""
    if isinstance(error, av.FFmpegError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
