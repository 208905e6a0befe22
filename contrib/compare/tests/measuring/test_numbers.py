"""Films whose motion, light, sharpness and sound are known: the numbers say what was made."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from results_made import cell, results
from rushes_compare._measure import measure, repeatability
from rushes_compare._measure.motion import REACH, displacement
from rushes_compare._measure.sound_meter import FULL, RUN, clipped
from rushes_compare._run.measure_cell import measure_repeat
from rushes_compare.results import Measures, Settings

SIZE = (320, 180)
RATE = 24
Levels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@cache
def wall() -> Image.Image:
    """Return a picture that is wider than a film, and textured everywhere."""
    noise = np.random.default_rng(7).integers(40, 200, (90, 400, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((1600, 360), Image.Resampling.BICUBIC)


def at(x: float = 0) -> Image.Image:
    """Return what a camera sees that has moved this many pixels to the right."""
    return wall().crop((round(x), 60, round(x) + SIZE[0], 60 + SIZE[1]))


def brighter(
    picture: Image.Image, by: int, colour: tuple[int, int, int] = (1, 1, 1)
) -> Image.Image:
    levels = np.asarray(picture).astype(int) + by * np.array(colour)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def filmed(path: Path, pictures: Iterable[Image.Image], rate: int = RATE) -> Path:
    """Encode pictures so well that almost nothing is lost."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"crf": "6", "preset": "veryfast"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv444p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    return path


Numbers = Callable[..., Measures]


@pytest.fixture
def numbers(tmp_path: Path) -> Numbers:
    """Film pictures, and measure the film."""

    def measured(
        pictures: Iterable[Image.Image], rate: int = RATE, last: Path | None = None
    ) -> Measures:
        path = filmed(tmp_path / "f.mp4", pictures, rate)
        return measure(path, tmp_path, last_frame=last).measures

    return measured


def test_a_still_does_not_move_flicker_or_drift(numbers: Numbers) -> None:
    still = numbers([at()] * 24)
    assert (still.motion, still.repeated_frames) == (0, 100)
    assert still.steadiness == pytest.approx(1, abs=0.002)
    assert still.loop == pytest.approx(1, abs=0.02)
    for drift in (still.exposure_drift, still.colour_drift):
        assert drift == pytest.approx(0, abs=1)
    assert (still.sound_duration, still.silence, still.clipping) == (None, None, None)


@pytest.mark.parametrize("pixels", [1, 2, 5, 12])
def test_the_speed_of_a_pan_is_measured(numbers: Numbers, pixels: int) -> None:
    panned = numbers(at(pixels * number) for number in range(24))
    assert panned.motion == pytest.approx(100 * pixels * RATE / SIZE[0], rel=0.1)
    assert panned.steadiness is None  # it is defined for still scenes
    assert panned.repeated_frames == 0
    assert panned.loop is not None
    assert panned.loop < 0.6


def test_frames_shown_twice_are_counted_and_do_not_change_the_speed(numbers: Numbers) -> None:
    twice = numbers(at(4 * (number // 2)) for number in range(48))
    assert twice.repeated_frames == pytest.approx(51, abs=1)  # 24 of 47
    assert twice.motion == pytest.approx(100 * 2 * RATE / SIZE[0], rel=0.1)


def test_a_cut_is_no_motion(numbers: Numbers) -> None:
    assert numbers([at()] * 24 + [at(800)] * 24).motion == 0


@pytest.mark.parametrize("levels", [2, 10])
def test_flicker_of_a_known_size_is_measured(numbers: Numbers, levels: int) -> None:
    flickering = numbers(brighter(at(), levels * (number % 2)) for number in range(24))
    assert flickering.steadiness == pytest.approx(1 - levels / 255, abs=0.002)


def test_a_fade_and_a_change_of_colour_are_drift(numbers: Numbers) -> None:
    # From the middle of the first quarter to that of the last: three quarters of the way.
    fading = numbers(brighter(at(), -number) for number in range(40))
    assert fading.exposure_drift == pytest.approx(-100 * 30 / 255, abs=1)
    assert fading.colour_drift == pytest.approx(0, abs=0.5)
    reddening = numbers(brighter(at(), number, (1, 0, 0)) for number in range(40))
    expected = 30 * np.hypot((1 - 0.2126) / 1.5748, 0.2126 / 1.8556)
    assert reddening.colour_drift == pytest.approx(100 * expected / 255, abs=0.5)


def test_drift_does_not_count_across_a_cut(numbers: Numbers) -> None:
    dark, light = brighter(at(), -35), brighter(at(800), 50)
    assert numbers([dark] * 24 + [light] * 24).exposure_drift == pytest.approx(0, abs=0.5)


def test_blur_is_less_sharp_and_growing_blur_is_drift(numbers: Numbers) -> None:
    sharp = numbers([at()] * 8).sharpness
    soft = numbers([at().filter(ImageFilter.GaussianBlur(2))] * 8).sharpness
    assert sharp is not None
    assert soft is not None
    assert soft < sharp / 4
    softening = numbers(at().filter(ImageFilter.GaussianBlur(number / 24)) for number in range(48))
    assert softening.sharpness_drift is not None
    assert softening.sharpness_drift < -50


def test_the_end_is_compared_with_the_image_given_for_it(numbers: Numbers, tmp_path: Path) -> None:
    at(200).save(tmp_path / "end.png")
    at(0).save(tmp_path / "start.png")
    pan = [at(20 * number) for number in range(11)]
    alike = numbers(pan, last=tmp_path / "end.png").last_frame
    unlike = numbers(pan, last=tmp_path / "start.png").last_frame
    assert alike is not None
    assert unlike is not None
    assert alike > 0.95 > 0.6 > unlike
    (tmp_path / "broken.png").write_bytes(b"no image")
    video = measure(tmp_path / "f.mp4", tmp_path, last_frame=tmp_path / "broken.png")
    assert "The last frame was not compared" in video.notes[0]


def heard(
    folder: Path, levels: np.ndarray[tuple[int], np.dtype[np.float64]], layout: str
) -> Measures:
    """Make a film with these samples in every channel, and measure it."""
    path = folder / "f.mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=48_000, layout=layout)
        assert isinstance(audio, av.AudioStream)
        for _ in range(RATE):
            container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(video.encode(None))
        channels = len(audio.codec_context.layout.channels)
        whole = np.repeat(np.clip(levels, -1, 1), channels) * 32767
        frame = av.AudioFrame.from_ndarray(
            whole.astype(np.int16)[None], format="s16", layout=layout
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return measure(path, folder).measures


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_a_sine_that_clips_is_measured(tmp_path: Path, layout: str) -> None:
    seconds = np.arange(36_000) / 48_000
    sine = np.sin(2 * np.pi * 440 * seconds)
    clean = heard(tmp_path, 0.9 * sine, layout)
    assert (clean.clipping, clean.silence, clean.sound_duration) == (0, 0, 0.75)
    # Of a sine twice as high as full scale, two thirds are above it.
    assert heard(tmp_path, 2 * sine, layout).clipping == pytest.approx(66.7, abs=0.5)


def test_silence_is_measured_in_time(tmp_path: Path) -> None:
    seconds = np.arange(48_000) / 48_000
    sine = 0.5 * np.sin(2 * np.pi * 440 * seconds) * (seconds >= 0.75)
    assert heard(tmp_path, sine, "stereo").silence == pytest.approx(75, abs=5)


@given(st.lists(st.sampled_from([0.0, 0.5, FULL, 1.0]), max_size=40))
def test_only_runs_at_full_scale_clip(levels: list[float]) -> None:
    marks = "".join("x" if level >= FULL else "." for level in levels)
    runs = [len(run) for run in marks.split(".") if len(run) >= RUN]
    assert clipped(np.array(levels, dtype=np.float32)) == sum(runs)


@given(st.integers(-REACH, REACH), st.integers(-REACH, REACH))
def test_a_shift_of_whole_pixels_is_found(x: int, y: int) -> None:
    grey = np.asarray(wall().convert("L").resize((400, 150))).astype(np.float32)
    before = grey[20:110, 20:180]
    after = grey[20 + y : 110 + y, 20 + x : 180 + x]
    assert displacement(before, after) == pytest.approx(np.hypot(x, y), abs=0.01)


def test_what_is_plain_or_tiny_does_not_move() -> None:
    plain = np.full((90, 160), 128, dtype=np.float32)
    assert displacement(plain, plain) is None
    assert displacement(plain[:10], plain[:10]) is None


def test_videos_are_repeatable_as_far_as_their_frames_are_alike(tmp_path: Path) -> None:
    still = filmed(tmp_path / "still.mp4", [at()] * 24)
    longer = filmed(tmp_path / "longer.mp4", [at()] * 48)
    moving = filmed(tmp_path / "moving.mp4", (at(8 * number) for number in range(24)))
    assert repeatability(still, still) == 1
    assert repeatability(still, longer) == pytest.approx(1, abs=0.02)  # as far as both go
    alike = repeatability(still, moving)
    assert alike is not None
    assert 0.4 < alike < 0.8  # the first of two frames is the same, the other is not
    (tmp_path / "broken.mp4").write_bytes(moving.read_bytes()[:500])
    assert repeatability(still, tmp_path / "broken.mp4") is None


def test_only_takes_with_one_seed_are_compared(tmp_path: Path) -> None:
    filmed(tmp_path / "a.mp4", [at()] * 12)
    (tmp_path / "videos").mkdir()
    (tmp_path / "a.mp4").rename(tmp_path / "videos" / "a.mp4")

    def alike(*seeds: int | None) -> float | None:
        settings = [Settings(seed=seed) for seed in seeds]
        made = results(cell(0, settings=settings[0]), cell(1, repeat=2, settings=settings[1]))
        found = measure_repeat(made.cells[1], made, tmp_path)
        assert measure_repeat(made.cells[0], made, tmp_path) == made.cells[0]
        return found.video.measures.repeatability if found.video else None

    assert alike(None, None) is None
    assert alike(7, 8) is None
    assert alike(7, 7) == 1
