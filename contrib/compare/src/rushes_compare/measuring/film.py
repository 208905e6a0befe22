"""From a file to everything that `results.Video` holds."""

from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from rushes_compare.measuring import opening
from rushes_compare.measuring.header import container_of, seconds_of
from rushes_compare.measuring.likeness import likeness
from rushes_compare.measuring.opening import MeasuringError, opened
from rushes_compare.measuring.picture import Sight
from rushes_compare.measuring.viewing import Viewing
from rushes_compare.results import Video

MISSING = 0.5
"""Seconds by which the frames may end before the header says, until the file counts as cut off."""


def measure(path: Path, folder: Path, *, first_frame: Path | None = None) -> Video:
    """Decode a video and measure it; `first_frame` is the picture that was given for its start.

    Sizes are as displayed. The duration is that of the frames that are really there, from the first
    one's begin to the last one's end, whatever the header says. What is wrong with the file is told
    in `damage`, what could not be measured in `notes`. `file` is relative to `folder`. Raises
    `MeasuringError` where no frame can be decoded.
    """
    with opened(path) as (container, stream):
        viewing = Viewing(container, stream)
        viewing.run()
        if viewing.sight is None or viewing.shape is None:
            why = f": {viewing.damage[0]}" if viewing.damage else ""
            raise MeasuringError(f"{path}: no frame of it can be decoded{why}")
        sight, hearing = viewing.sight, viewing.hearing
        seconds, damage, notes = _length(container, stream, sight, viewing)
        like, why_not = _compared(viewing, first_frame)
        sounds = container.streams.audio
        video_codec = stream.codec_context.codec.canonical_name
        size = path.stat().st_size
        width, height = viewing.shape.shown
        return Video(
            file=_relative(path, folder),
            bytes=size,
            container=container_of(container, video_codec),
            video_codec=video_codec,
            audio_codec=_codec(sounds[0]) if sounds else None,
            width=width,
            height=height,
            frame_rate=_rate(stream, sight),
            duration=round(seconds, 3),
            bit_rate=round(8 * size / seconds),
            silent=(hearing is None or hearing.silent) if sounds else None,
            loudness=hearing.loudness if hearing else None,
            black=sight.black,
            frozen=sight.frozen,
            cuts=sight.cuts,
            first_frame=like,
            damage=[*viewing.damage, *damage],
            notes=[*notes, *why_not],
        )


def _rate(stream: VideoStream, sight: Sight) -> float:
    """Count frames per second; where the header agrees, it knows the fractions better."""
    counted, told = sight.frames / sight.duration, float(stream.average_rate or 0)
    return round(told if abs(counted - told) < counted / 100 else counted, 3)


def _length(
    container: InputContainer, stream: VideoStream, sight: Sight, viewing: Viewing
) -> tuple[float, list[str], list[str]]:
    """Say how long the film is, in seconds; what is wrong with that; what is not known."""
    seen, told = sight.duration, seconds_of(container, stream)
    if not viewing.finished:
        note = (
            f"Only the first {seen:.1f} s were measured: all would have taken longer than "
            f"{opening.PATIENCE:g} s. The duration is what the file says."
        )
        return max(seen, told or 0), [], [note]
    if told is not None and seen < told - MISSING:
        return seen, [f"its frames end at {seen:.2f} s, though it says {told:.2f} s"], []
    return seen, [], []


def _compared(viewing: Viewing, given: Path | None) -> tuple[float | None, list[str]]:
    if given is None or viewing.first is None or viewing.shape is None:
        return None, []
    try:
        return likeness(viewing.first, viewing.shape, given), []
    except MeasuringError as error:
        return None, [f"The first frame was not compared: {error}"]


def _codec(sound: object) -> str:
    context = getattr(sound, "codec_context", None)
    return context.codec.canonical_name if context else "unknown"


def _relative(path: Path, folder: Path) -> str:
    whole, root = path.absolute(), folder.absolute()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()
