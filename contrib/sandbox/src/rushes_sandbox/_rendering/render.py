"""Renders a scene into a file: H.264 and AAC in MP4."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from rushes_sandbox._rendering.compositing import TICK, Compositor, to_frame
from rushes_sandbox._rendering.flaws import apply_flaws, frame_rate
from rushes_sandbox._rendering.images import fitted_image
from rushes_sandbox._rendering.landscape import Sky, ridges
from rushes_sandbox._rendering.palette import palette_for
from rushes_sandbox._rendering.scene import FRAMES_PER_SECOND, Scene
from rushes_sandbox._rendering.sound import SAMPLE_RATE, tones
from rushes_sandbox._rendering.timecode import TimeCode
from rushes_sandbox._rendering.titles import titles

#: How long a given first or last frame is shown, and how long it takes to fade, in seconds.
HOLD, FADE = 0.25, 0.75

#: Called with the share of the video that is done (0 to 1); may raise to stop rendering.
Progress = Callable[[float], None]


def render_video(scene: Scene, path: Path, progress: Progress = lambda _share: None) -> None:
    """Render a scene into an MP4 file at `path`, its index in front so that it streams.

    With the same machine and libraries, the same scene gives the same bytes.
    """
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        picture = container.add_stream("libx264", rate=frame_rate(scene))
        _set_up(picture, scene)
        sound_written = _sound(container, scene) if scene.sound else iter(())
        for number, frame in apply_flaws(scene, _frames(scene)):
            frame.pts, frame.time_base = number, TICK
            container.mux(picture.encode(frame))
            # Interleaved, or a player would have to seek back and forth.
            for seconds in sound_written:
                if seconds > number / FRAMES_PER_SECOND:
                    break
            progress((number + 1) / scene.frames)
        container.mux(picture.encode(None))
        for _ in sound_written:
            pass


def _sound(container: OutputContainer, scene: Scene) -> Iterator[float]:
    """Add a sound track, and write more of it at each step; yields the seconds written."""
    stream = container.add_stream("aac", rate=SAMPLE_RATE)
    stream.bit_rate = 96_000
    stream.codec_context.options = {"flags": "+bitexact"}
    stream.layout = "stereo"
    return _written(container, stream, scene)


def _written(container: OutputContainer, stream: AudioStream, scene: Scene) -> Iterator[float]:
    volume = 0.0 if "silent" in scene.flaws else 1.0
    for samples in tones(scene.prompt, scene.seconds, volume):
        container.mux(stream.encode(samples))
        yield (samples.pts or 0) / SAMPLE_RATE
    container.mux(stream.encode(None))


def _set_up(stream: VideoStream, scene: Scene) -> None:
    stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
    stream.time_base = TICK
    context = stream.codec_context
    context.gop_size = 2 * FRAMES_PER_SECOND
    # Several threads would make x264's output differ from run to run.
    context.thread_count = 1
    context.color_primaries = context.color_trc = context.colorspace = 1
    context.color_range = 1
    context.options = {
        "preset": "ultrafast",
        "crf": "20",
        "flags": "+bitexact",
        "x264-params": "threads=1:lookahead-threads=1",
    }


def _frames(scene: Scene) -> Iterator[av.VideoFrame]:
    """Yield the finished frames: the shots, with the given first and last frames faded in."""
    size = scene.width, scene.height
    first = fitted_image(scene.first, *size) if scene.first else None
    last = fitted_image(scene.last, *size) if scene.last else None
    stretch = min(HOLD + FADE, scene.seconds / 3) / (HOLD + FADE)
    number = 0
    for shot in range(len(scene.shots)):
        for frame in _shot(scene, shot):
            seconds = number / FRAMES_PER_SECOND
            left = (scene.frames - 1 - number) / FRAMES_PER_SECOND
            for image, away in ((first, seconds), (last, left)):
                share = 1 - (away / stretch - HOLD) / FADE
                if image is not None and share > 0:
                    frame = _blend(frame, image, min(1.0, share))
            yield frame
            number += 1


def _blend(frame: av.VideoFrame, image: Image.Image, share: float) -> av.VideoFrame:
    smooth = share * share * (3 - 2 * share)
    if smooth >= 1:
        return to_frame(image)
    plain = frame.reformat(format="rgb24", src_colorspace="ITU709")
    moving: Image.Image = plain.to_image()  # type: ignore[no-untyped-call]
    return to_frame(Image.blend(moving, image, smooth))


def _shot(scene: Scene, shot: int) -> Iterator[av.VideoFrame]:
    """Yield the frames of one shot, without the given first and last frames."""
    start, end = scene.cuts[shot], scene.cuts[shot + 1]
    look = f"{scene.variant}\0{scene.prompt}"
    palette = palette_for(look, shot)
    seed = f"{look}\0{shot}"
    size = scene.width, scene.height
    seconds = (end - start) / FRAMES_PER_SECOND
    sky = Sky(palette, seed, *size, seconds)
    clock = TimeCode(scene)
    compositor = Compositor(*size)
    for ridge in ridges(scene.scenery, palette, seed, size, seconds):
        overhang = ridge.image.width - scene.width
        move = f"-{overhang}+{ridge.speed}*n/{FRAMES_PER_SECOND}"
        compositor.add(ridge.image, move, ridge.top)
    for title in titles(scene, shot, palette):
        compositor.add(title.image, title.left, title.top)
    thick = max(2, round(min(size) / 180) & ~1)
    bar = Image.new("RGBA", (scene.width, thick), (*palette.sun, 220))
    compositor.add(bar, f"-w+w*({start}+n+1)/{scene.frames}", scene.height - thick)
    compositor.add_moving(clock.frame(0), clock.left, clock.top)
    compositor.close()
    for number in range(end - start):
        back = to_frame(sky.frame(number / FRAMES_PER_SECOND), size)
        yield compositor.frame(number, back, to_frame(clock.frame(start + number)))
