"""From a file to everything that `results.Video` holds."""

from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from rushes_compare._measure import open_media
from rushes_compare._measure.analysis import MediaAnalysis
from rushes_compare._measure.header import container_name, header_duration
from rushes_compare._measure.open_media import MeasuringError
from rushes_compare._measure.similarity import similarity
from rushes_compare._measure.video_meter import VideoMeter
from rushes_compare.results import Video

MISSING = 0.5
"""A file counts as cut off if its frames end this many seconds before the time in its header."""


def measure(path: Path, folder: Path, *, first_frame: Path | None = None) -> Video:
    """Decode a video and measure it; `first_frame` is the image that was given for its start.

    Sizes are as displayed. The duration is that of the frames that are really there, from the start
    of the first to the end of the last, whatever the header says. `damage` lists what is wrong with
    the file, `notes` what could not be measured. `file` is relative to `folder`. Raises
    MeasuringError if no frame can be decoded.
    """
    with open_media.open_media(path) as (container, stream):
        analysis = MediaAnalysis(container, stream)
        analysis.run()
        if analysis.video is None or analysis.shape is None:
            why = f": {analysis.damage[0]}" if analysis.damage else ""
            raise MeasuringError(f"{path}: none of its frames can be decoded{why}")
        video, audio = analysis.video, analysis.audio
        seconds, damage, notes = _duration(container, stream, analysis, video)
        ssim, why_not = _compare_first_frame(analysis, first_frame)
        sounds = container.streams.audio
        video_codec = stream.codec_context.codec.canonical_name
        size = path.stat().st_size
        width, height = analysis.shape.shown
        return Video(
            file=_relative(path, folder),
            bytes=size,
            container=container_name(container, video_codec),
            video_codec=video_codec,
            audio_codec=_codec(sounds[0]) if sounds else None,
            width=width,
            height=height,
            frame_rate=_frame_rate(stream, video),
            duration=round(seconds, 3),
            bit_rate=round(8 * size / seconds),
            silent=(audio is None or audio.silent) if sounds else None,
            loudness=audio.loudness if audio else None,
            black=video.black,
            frozen=video.frozen,
            cuts=video.cuts,
            first_frame=ssim,
            damage=[*analysis.damage, *damage],
            notes=[*notes, *why_not],
        )


def _frame_rate(stream: VideoStream, video: VideoMeter) -> float:
    """Return frames per second as counted, or the header's more exact number if it agrees."""
    counted, stated = video.frames / video.duration, float(stream.average_rate or 0)
    return round(stated if abs(counted - stated) < counted / 100 else counted, 3)


def _duration(
    container: InputContainer, stream: VideoStream, analysis: MediaAnalysis, video: VideoMeter
) -> tuple[float, list[str], list[str]]:
    """Return the duration in seconds, what is wrong with it, and what is not known about it."""
    decoded, stated = video.duration, header_duration(container, stream)
    if not analysis.finished:
        note = (
            f"Only the first {decoded:.1f} s were measured: all would have taken longer than "
            f"{open_media.TIME_LIMIT:g} s. The duration is the one in the file's header."
        )
        return max(decoded, stated or 0), [], [note]
    if stated is not None and decoded < stated - MISSING:
        damage = f"its frames end at {decoded:.2f} s, though its header says {stated:.2f} s"
        return decoded, [damage], []
    return decoded, [], []


def _compare_first_frame(
    analysis: MediaAnalysis, given: Path | None
) -> tuple[float | None, list[str]]:
    if given is None or analysis.first is None or analysis.shape is None:
        return None, []
    try:
        return similarity(analysis.first, analysis.shape, given), []
    except MeasuringError as error:
        return None, [f"The first frame was not compared: {error}"]


def _codec(sound: object) -> str:
    context = getattr(sound, "codec_context", None)
    return context.codec.canonical_name if context else "unknown"


def _relative(path: Path, folder: Path) -> str:
    whole, root = path.absolute(), folder.absolute()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()
