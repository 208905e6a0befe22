"""From a file to everything that `results.Video` holds."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from rushes_compare._measure import open_media
from rushes_compare._measure.analysis import MediaAnalysis
from rushes_compare._measure.header import container_name, header_duration
from rushes_compare._measure.open_media import BROKEN, MeasuringError
from rushes_compare._measure.shape import shape_of
from rushes_compare._measure.similarity import frame_similarity, similarity
from rushes_compare._measure.video_meter import VideoMeter
from rushes_compare.results import Measures, Video

MISSING = 0.5
"""A file counts as cut off if its frames end this many seconds before the time in its header."""


def measure(
    path: Path,
    folder: Path,
    *,
    first_frame: Path | None = None,
    last_frame: Path | None = None,
) -> Video:
    """Decode a video and measure it; the images are those given for its start and its end.

    Sizes are as displayed. The duration is that of the frames that are really there, from the start
    of the first to the end of the last, whatever the header says. `damage` lists what is wrong with
    the file, `notes` what could not be measured. `file` is relative to `folder`. Raises
    MeasuringError if no frame can be decoded.
    """
    with open_media.open_media(path) as (container, stream):
        analysis = MediaAnalysis(container, stream)
        analysis.run()
        if analysis.video is None or analysis.shape is None:
            if not analysis.finished:
                limit = f"{open_media.TIME_LIMIT:g} s"
                raise MeasuringError(f"{path}: none of its frames was decoded in time ({limit})")
            why = f": {analysis.damage[0]}" if analysis.damage else ""
            raise MeasuringError(f"{path}: none of its frames can be decoded{why}")
        video, audio = analysis.video, analysis.audio
        seconds, damage, notes = _duration(container, stream, analysis, video)
        first, why_not = _compare(analysis, first_frame, "first")
        last, why_not_last = _compare(analysis, last_frame, "last")
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
            first_frame=first,
            measures=_measures(analysis, video, last),
            damage=[*analysis.damage, *damage],
            notes=[*notes, *why_not, *why_not_last],
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


def _compare(
    analysis: MediaAnalysis, given: Path | None, which: Literal["first", "last"]
) -> tuple[float | None, list[str]]:
    """Return how similar a frame is to an image, or why that is not known."""
    frame = analysis.first if which == "first" else analysis.last
    if given is None or frame is None:
        return None, []
    if which == "last" and not analysis.finished:
        return None, ["The last frame was not compared: it was not reached in time."]
    try:
        return similarity(frame, shape_of(analysis.stream, frame), given), []
    except MeasuringError as error:
        return None, [f"The {which} frame was not compared: {error}"]


def _measures(analysis: MediaAnalysis, video: VideoMeter, last: float | None) -> Measures:
    picture, sound, cuts = analysis.picture, analysis.sound, video.cuts
    if picture is None:
        return Measures()
    heard = sound if sound and sound.duration else None
    return Measures(
        motion=picture.motion(cuts),
        steadiness=picture.steadiness(cuts),
        sharpness=picture.sharpness,
        sharpness_drift=picture.sharpness_drift(cuts),
        exposure_drift=picture.exposure_drift(cuts),
        colour_drift=picture.colour_drift(cuts),
        repeated_frames=picture.repeated,
        last_frame=last,
        loop=_loop(analysis),
        sound_duration=round(heard.duration, 3) if heard else None,
        silence=heard.silence if heard else None,
        clipping=heard.clipping if heard else None,
    )


def _loop(analysis: MediaAnalysis) -> float | None:
    """Return how similar the last frame is to the first."""
    if not analysis.finished or analysis.first is None or analysis.last is None:
        return None
    first, last = ((one, shape_of(analysis.stream, one)) for one in (analysis.first, analysis.last))
    with suppress(*BROKEN):
        return frame_similarity(first, last)
    return None


def _codec(sound: AudioStream) -> str:
    context = sound.codec_context  # None if FFmpeg has no decoder for it
    return context.codec.canonical_name if context else "unknown"


def _relative(path: Path, folder: Path) -> str:
    whole, root = path.absolute(), folder.absolute()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()
