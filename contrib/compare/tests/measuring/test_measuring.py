"""Films made with known cuts, silence, black, and the rest: what is measured is what was made."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.filter import Graph
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageStat
from rushes_compare._measure import MeasuringError, measure, write_poster
from rushes_compare._measure.cuts import MIN_SCORE, NEIGHBOURHOOD, find_cuts
from rushes_compare.results import Stretch
from rushes_sandbox import Scene, Shot, render_video

#: FFmpeg's sources: two that move without a cut, a still one, a black one.
MOVES, ALSO_MOVES, STANDS, BLACK = "testsrc2", "mandelbrot", "smptebars", "color=c=black"
LOUD, NOTHING = "sine=frequency=997:sample_rate=48000", "anullsrc=r=48000:cl=stereo"

Piece = tuple[str, float]


def frames(piece: Piece, size: tuple[int, int], rate: Fraction) -> Iterator[av.VideoFrame]:
    """Use one of FFmpeg's sources for the length of a piece."""
    (name, _, more), seconds = piece[0].partition("="), piece[1]
    graph = Graph()
    shaped = f"s={size[0]}x{size[1]}:r={rate}" + (f":{more}" if more else "")
    graph.link_nodes(
        graph.add(name, shaped),
        graph.add("format", "pix_fmts=yuv420p"),
        graph.add("buffersink"),
    ).configure()
    for _ in range(round(seconds * rate)):
        yield graph.vpull()


def samples(piece: Piece, decibel: float) -> Iterator[av.AudioFrame]:
    """Make a sound as long as a piece, which peaks at `decibel` of full scale."""
    (name, _, more), seconds = piece[0].partition("="), piece[1]
    graph = Graph()
    # FFmpeg's sine peaks at an eighth: -18.06 dB.
    graph.link_nodes(
        graph.add(name, more),
        graph.add("volume", f"{decibel + 18.0618}dB"),
        graph.add("atrim", f"end={seconds}"),
        # FFmpeg would turn the volume down when it makes two channels of one.
        graph.add("pan", "stereo|c0=c0|c1=c0") if name == "sine" else graph.add("anull"),
        graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
        graph.add("asetnsamples", "n=1024:p=0"),
        graph.add("abuffersink"),
    ).configure()
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def film(
    path: Path,
    pieces: Sequence[Piece] = ((MOVES, 1.0),),
    sound: Sequence[Piece] = (),
    *,
    size: tuple[int, int] = (320, 180),
    rate: Fraction | int = 24,
    codecs: tuple[str, str] = ("libx264", "aac"),
    turned: int = 0,
    pixel: Fraction | None = None,
    decibel: float = -20.0,
    **options: str,
) -> Path:
    """Make a film of pieces, one after another."""
    rate = Fraction(rate)
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(codecs[0], rate=rate)
        assert isinstance(video, av.VideoStream)
        video.width, video.height = size
        video.pix_fmt = "yuvj420p" if codecs[0] == "mjpeg" else "yuv420p"
        video.codec_context.options = {"strict": "unofficial"} if codecs[0] == "mjpeg" else {}
        if pixel:
            video.codec_context.sample_aspect_ratio = pixel
        if turned:
            video.set_display_rotation(turned)
        audio = container.add_stream(codecs[1], rate=48_000, layout="stereo") if sound else None
        number = 0
        for piece in pieces:
            for frame in frames(piece, size, rate):
                frame = frame.reformat(format=video.pix_fmt)
                frame.pts, frame.time_base = number, 1 / rate
                number += 1
                container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            assert isinstance(audio, av.AudioStream)
            at = 0
            for one in sound:
                for audio_frame in samples(one, decibel):
                    audio_frame.pts, audio_frame.time_base = at, Fraction(1, 48_000)
                    at += audio_frame.samples
                    container.mux(audio.encode(audio_frame))
            container.mux(audio.encode(None))
    return path


def found(stretches: Sequence[Stretch]) -> list[float]:
    """Return the start and end of each stretch, in order."""
    return [edge for stretch in stretches for edge in (stretch.start, stretch.end)]


@pytest.mark.parametrize(
    ("name", "codecs", "expected"),
    [
        ("f.mp4", ("libx264", "aac"), ("mp4", "h264", "aac")),
        ("f.mp4", ("libx265", "aac"), ("mp4", "hevc", "aac")),
        ("f.webm", ("libvpx-vp9", "libopus"), ("webm", "vp9", "opus")),
        ("f.mov", ("mjpeg", "pcm_s16le"), ("mov", "mjpeg", "pcm_s16le")),
        ("f.mkv", ("libx264", "flac"), ("matroska", "h264", "flac")),
        ("f.ts", ("libx264", "aac"), ("mpegts", "h264", "aac")),
    ],
)
def test_containers_and_codecs_are_named(
    tmp_path: Path, name: str, codecs: tuple[str, str], expected: tuple[str, str, str]
) -> None:
    path = film(tmp_path / name, sound=[(LOUD, 1.0)], codecs=codecs)
    video = measure(path, tmp_path)
    assert (video.container, video.video_codec, video.audio_codec) == expected
    assert (video.file, video.bytes) == (name, path.stat().st_size)
    assert (video.width, video.height, video.frame_rate) == (320, 180, 24)
    assert video.duration == pytest.approx(1, abs=0.01)
    assert video.bit_rate == pytest.approx(8 * path.stat().st_size / video.duration, rel=0.001)
    assert (video.silent, video.damage, video.notes) == (False, [], [])


@pytest.mark.parametrize("rate", [Fraction(12), Fraction(25), Fraction(30_000, 1001), Fraction(60)])
@pytest.mark.parametrize("name", ["f.mp4", "f.mkv"])
def test_frame_rate_and_duration_are_counted(tmp_path: Path, rate: Fraction, name: str) -> None:
    video = measure(film(tmp_path / name, rate=rate), tmp_path)
    assert video.frame_rate == round(float(rate), 3)
    assert video.duration == pytest.approx(round(rate) / rate, abs=0.002)


@pytest.mark.parametrize(
    ("turned", "pixel", "shown"),
    [
        (0, None, (320, 180)),
        (90, None, (180, 320)),
        (-90, None, (180, 320)),
        (180, None, (320, 180)),
        (0, Fraction(4, 3), (427, 180)),
        (90, Fraction(4, 3), (180, 427)),
    ],
)
def test_the_size_is_as_displayed(
    tmp_path: Path, turned: int, pixel: Fraction | None, shown: tuple[int, int]
) -> None:
    video = measure(film(tmp_path / "f.mp4", turned=turned, pixel=pixel), tmp_path)
    assert (video.width, video.height) == shown


def test_black_and_frozen_stretches_and_cuts_are_found(tmp_path: Path) -> None:
    pieces = [(MOVES, 1.0), (BLACK, 0.75), (ALSO_MOVES, 1.0), (STANDS, 1.5), (MOVES, 0.5)]
    video = measure(film(tmp_path / "f.mp4", pieces), tmp_path)
    assert found(video.black) == pytest.approx([1.0, 1.75], abs=0.06)
    # Black does not move either.
    assert found(video.frozen) == pytest.approx([1.0, 1.75, 2.75, 4.25], abs=0.06)
    assert video.cuts == pytest.approx([1.0, 1.75, 2.75, 4.25], abs=0.001)


def test_a_stretch_that_lasts_to_the_end_is_found(tmp_path: Path) -> None:
    video = measure(film(tmp_path / "f.mp4", [(MOVES, 1.0), (BLACK, 1.0)]), tmp_path)
    assert found(video.black) == pytest.approx([1.0, 2.0], abs=0.06)
    assert found(video.frozen) == pytest.approx([1.0, 2.0], abs=0.06)


@pytest.mark.parametrize(("shade", "black"), [("0x080808", True), ("0x181818", False)])
def test_a_dark_night_is_not_black(tmp_path: Path, shade: str, black: bool) -> None:
    video = measure(film(tmp_path / "f.mp4", [(f"color=c={shade}", 1.0)]), tmp_path)
    assert bool(video.black) is black


def test_a_cut_between_equally_bright_scenes_is_found(tmp_path: Path) -> None:
    red, blue = ("color=c=0xC82828", 1.0), ("color=c=0x1464C8", 1.0)
    assert measure(film(tmp_path / "f.mp4", [red, blue]), tmp_path).cuts == [1.0]


def test_a_short_pause_does_not_count(tmp_path: Path) -> None:
    pieces = [(MOVES, 1.0), (STANDS, 0.4), (MOVES, 0.5), (BLACK, 0.4), (MOVES, 0.5)]
    video = measure(film(tmp_path / "f.mp4", pieces), tmp_path)
    assert (video.black, video.frozen) == ([], [])


def test_a_bird_in_a_still_sky_is_motion(tmp_path: Path) -> None:
    path = tmp_path / "f.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(48):
            image = Image.new("RGB", (1280, 720), "#88aacc")
            image.paste((20, 20, 20), (200 + 12 * number, 300, 280 + 12 * number, 345))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    assert measure(path, tmp_path).frozen == []


@pytest.mark.parametrize("shots", [(5.0,), (1.0, 2.0, 1.0), (0.5, 1.5, 0.75, 0.25 + 1 / 24)])
@pytest.mark.parametrize("prompt", ["dusk over a lake", "a wet street at night", "x"])
def test_cuts_within_one_palette_are_found(
    tmp_path: Path, prompt: str, shots: tuple[float, ...]
) -> None:
    scene = Scene("v", prompt, 320, 180, tuple(Shot(prompt, one) for one in shots), sound=False)
    render_video(scene, tmp_path / "f.mp4")
    video = measure(tmp_path / "f.mp4", tmp_path)
    assert video.cuts == pytest.approx([cut / 24 for cut in scene.cuts[1:-1]], abs=0.001)
    assert (video.black, video.frozen) == ([], [])


def test_a_shaken_camera_and_repeated_frames_are_not_cuts(tmp_path: Path) -> None:
    shaken, twice = tmp_path / "shaken.mp4", tmp_path / "twice.mp4"
    for path, every in ((shaken, 1), (twice, 3)):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            wide = [frame.to_image() for frame in frames((MOVES, 2.0), (400, 260), Fraction(24))]  # type: ignore[no-untyped-call]
            for number in range(len(wide)):
                step = number // every
                left, top = 37 * step % 71, 53 * step % 67
                cropped = wide[step].crop((left, top, left + 320, top + 180))
                container.mux(stream.encode(av.VideoFrame.from_image(cropped)))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(None))
        assert measure(path, tmp_path).cuts == [], path.name


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(8, 60))
def test_cuts_stand_out_and_keep_their_distance(scores: list[float], rate: int) -> None:
    times = [number / rate for number in range(len(scores))]
    moments = find_cuts(times, scores)
    assert moments == sorted(set(moments))
    assert all(moment >= NEIGHBOURHOOD - 0.001 for moment in moments)
    assert all(scores[round(moment * rate)] >= MIN_SCORE for moment in moments)
    for one, two in pairwise(moments):
        assert two - one > NEIGHBOURHOOD - 0.002
    steady = [2.0] * len(scores)
    assert find_cuts(times, steady) == []


def test_loudness_follows_the_standard(tmp_path: Path) -> None:
    # EBU Tech 3341: 1 kHz in both channels, its peak at -23 dB of full scale, is -23 LUFS.
    path = film(tmp_path / "f.mp4", [(MOVES, 3.0)], [(LOUD, 3.0)], decibel=-23.0)
    video = measure(path, tmp_path)
    assert video.loudness == pytest.approx(-23.0, abs=0.3)
    louder = film(tmp_path / "g.mp4", [(MOVES, 3.0)], [(LOUD, 3.0)], decibel=-13.0)
    assert measure(louder, tmp_path).loudness == pytest.approx(-13.0, abs=0.3)


def test_silence_differs_from_quiet_and_from_no_track(tmp_path: Path) -> None:
    tracks: dict[str, list[Piece]] = {
        "none": [],
        "silent": [(NOTHING, 2.0)],
        "late": [(NOTHING, 1.5), (LOUD, 0.5)],
    }
    expected = {}
    for name, sound in tracks.items():
        video = measure(film(tmp_path / f"{name}.mp4", [(MOVES, 2.0)], sound), tmp_path)
        expected[name] = video.audio_codec, video.silent
        assert (video.loudness is None) == (name != "late")
    assert expected == {"none": (None, None), "silent": ("aac", True), "late": ("aac", False)}
    hiss = film(tmp_path / "hiss.mp4", [(MOVES, 2.0)], [(LOUD, 2.0)], decibel=-80.0)
    quiet = film(tmp_path / "quiet.mp4", [(MOVES, 2.0)], [(LOUD, 2.0)], decibel=-45.0)
    assert measure(hiss, tmp_path).silent is True
    assert measure(quiet, tmp_path).silent is False


@pytest.fixture
def picture(tmp_path: Path) -> Image.Image:
    """Return a rotated or mirrored copy of a picture."""
    image = Image.linear_gradient("L").resize((800, 800)).rotate(30)
    red, blue = image, image.transpose(Image.Transpose.ROTATE_90)
    return Image.merge("RGB", (red, Image.radial_gradient("L").resize((800, 800)), blue))


def begins_with(path: Path, image: Image.Image, *, turned: int = 0) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *image.size, "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_the_first_frame_is_compared_with_the_image_cropped_to_fill_it(
    tmp_path: Path, picture: Image.Image, kind: str
) -> None:
    whole = tmp_path / f"given.{kind}"
    picture.save(whole)
    # 16:9 out of a square: the full width, the middle of the height.
    path = begins_with(tmp_path / "f.mp4", picture.crop((0, 175, 800, 625)).resize((640, 360)))
    like = measure(path, tmp_path, first_frame=whole).first_frame
    assert like is not None
    assert like > 0.95
    other = tmp_path / f"other.{kind}"
    picture.rotate(180).save(other)
    unlike = measure(path, tmp_path, first_frame=other).first_frame
    assert unlike is not None
    assert unlike < like - 0.2
    assert measure(path, tmp_path).first_frame is None


def test_rotated_films_and_photographs_are_compared_upright(
    tmp_path: Path, picture: Image.Image
) -> None:
    upright = picture.crop((0, 0, 360, 640))
    plain, photo = tmp_path / "plain.png", tmp_path / "photo.jpg"
    upright.save(plain)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by 90 degrees clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(photo, exif=exif, quality=95)
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    path = begins_with(tmp_path / "f.mp4", lying, turned=-90)
    for given_picture in (plain, photo):
        video = measure(path, tmp_path, first_frame=given_picture)
        assert (video.width, video.height) == (360, 640)
        assert video.first_frame is not None
        assert video.first_frame > 0.95, given_picture.name


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n broken"])
def test_an_unreadable_image_becomes_a_note(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    video = measure(film(tmp_path / "f.mp4"), tmp_path, first_frame=broken)
    assert video.first_frame is None
    assert len(video.notes) == 1
    assert "broken.png" in video.notes[0]
    assert video.damage == []


def test_a_film_is_measured_until_the_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "f.mp4", [(MOVES, 10.0)])
    clock = iter(range(10_000))
    # Only there: by the clock itself the event loops of other threads would go to sleep.
    stepping = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("rushes_compare._measure.open_media.time", stepping)
    video = measure(path, tmp_path)
    assert video.duration == 10
    assert video.frame_rate == 24
    assert len(video.notes) == 1
    assert video.notes[0].startswith("Only the first ")
    assert video.damage == []


@pytest.mark.parametrize(
    ("size", "turned", "shown"),
    [((1280, 720), 0, (640, 360)), ((720, 1280), 0, (360, 640)), ((1280, 720), 90, (360, 640)),
     ((160, 90), 0, (160, 90))],
)  # fmt: skip
def test_a_poster_is_small_and_shows_something(
    tmp_path: Path, size: tuple[int, int], turned: int, shown: tuple[int, int]
) -> None:
    pieces = [(BLACK, 1.0), (MOVES, 0.5), (BLACK, 1.0)]
    path = film(tmp_path / "f.mp4", pieces, size=size, turned=turned)
    write_poster(path, tmp_path / "p.jpg")
    with Image.open(tmp_path / "p.jpg") as image:
        assert (image.format, image.size) == ("JPEG", shown)
        assert min(ImageStat.Stat(image).stddev) > 20
    assert (tmp_path / "p.jpg").stat().st_size < 100_000


def test_a_black_film_has_a_poster_too(tmp_path: Path) -> None:
    write_poster(film(tmp_path / "f.mp4", [(BLACK, 0.5)]), tmp_path / "p.jpg")
    with Image.open(tmp_path / "p.jpg") as image:
        assert max(ImageStat.Stat(image).mean) < 3


def test_errors_have_a_message(tmp_path: Path) -> None:
    for act in (
        lambda path: measure(path, tmp_path),
        lambda path: write_poster(path, tmp_path / "p"),
    ):
        with pytest.raises(MeasuringError, match=r"nowhere\.mp4: there is no such file"):
            act(tmp_path / "nowhere.mp4")
