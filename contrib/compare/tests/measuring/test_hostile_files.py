"""Broken and malicious files: a message, never a crash, a hang, or another file's content."""

import itertools
import math
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes_compare._measure import MeasuringError, measure, repeatability, write_poster
from rushes_compare._measure.open_media import Deadline
from rushes_compare.results import Measures

Result = TypeVar("Result")


def tiny(path: Path, codecs: tuple[str, str], seconds: int = 1) -> bytes:
    """Make a small film with sound, its index in front."""
    options = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(codecs[0], rate=24)
        audio = container.add_stream(codecs[1], rate=48_000, layout="stereo")
        assert isinstance(video, av.VideoStream)
        assert isinstance(audio, av.AudioStream)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(24 * seconds):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                level = range(7 * number, 7 * number + plane.buffer_size)
                plane.update(bytes(value % 256 for value in level))
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(video.encode(frame))
            sound = av.AudioFrame("fltp", "stereo", 2000)
            for channel in sound.planes:
                channel.update(struct.pack("<2000f", *(0.1 * (n % 40) / 40 for n in range(2000))))
            sound.pts, sound.rate, sound.time_base = number * 2000, 48_000, Fraction(1, 48_000)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("tiny")
    return {
        "f.mp4": tiny(folder / "f.mp4", ("libx264", "aac")),
        "f.webm": tiny(folder / "f.webm", ("libvpx-vp9", "libopus")),
        "long.mp4": tiny(folder / "long.mp4", ("libx264", "aac"), seconds=4),
        "long.webm": tiny(folder / "long.webm", ("libvpx-vp9", "libopus"), seconds=4),
    }


GIANT_GIF = (
    b"GIF89a\xff\xff\xff\xff\x80\0\0"
    + b"\0\0\0\xff\xff\xff"
    + (b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;")
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"<!doctype html><title>502</title>",
        b'{"error": "gone"}',
        b"\x1a\x45\xdf\xa3",
        struct.pack(">I4s", 8, b"ftyp"),
        struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 2**32 - 1, b"moov"),
        bytes(range(256)) * 40,
        GIANT_GIF,
    ],
    ids=["empty", "zero", "html", "json", "ebml", "ftyp", "endless box", "noise", "65535 squared"],
)
def test_a_file_that_is_not_a_video_is_reported_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.mp4"
    path.write_bytes(content)
    with pytest.raises(MeasuringError) as raised:
        measure(path, tmp_path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "Errno" not in str(raised.value)
    with pytest.raises(MeasuringError):
        write_poster(path, tmp_path / "p.jpg")
    assert not (tmp_path / "p.jpg").exists()


def png(side: int, rows: int) -> bytes:
    """Make a PNG that claims `side` by `side` pixels, but has only `rows` rows."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes((1 + 3 * side) * rows)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def test_a_giant_frame_is_refused_before_it_is_decoded(
    tmp_path: Path, films: dict[str, bytes]
) -> None:
    (tmp_path / "f.mp4").write_bytes(films["f.mp4"])
    (tmp_path / "giant.png").write_bytes(png(12_000, rows=1))
    video = measure(tmp_path / "f.mp4", tmp_path, first_frame=tmp_path / "giant.png")
    assert video.first_frame is None
    # Decoding it to find out its size would take 432 MB.
    assert "is unknown, or larger than 8K; nothing was decoded" in video.notes[0]
    (tmp_path / "fits.png").write_bytes(png(1_200, rows=1_200))
    video = measure(tmp_path / "f.mp4", tmp_path, first_frame=tmp_path / "fits.png")
    assert (video.first_frame is not None, video.notes) == (True, [])


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile other.webm\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.webm\n#EXT-X-ENDLIST\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    ],
)
@pytest.mark.parametrize("name", ["f.mp4", "f.m3u8", "f.ffconcat", "f.mpd"])
def test_a_playlist_is_not_followed(
    tmp_path: Path, films: dict[str, bytes], content: str, name: str
) -> None:
    (tmp_path / "other.webm").write_bytes(films["f.webm"])
    (tmp_path / name).write_text(content)
    with pytest.raises(MeasuringError):
        measure(tmp_path / name, tmp_path)


def test_sound_alone_is_not_a_video(tmp_path: Path) -> None:
    path = tmp_path / "f.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        for number in range(20):
            sound = av.AudioFrame("fltp", "stereo", 1024)
            for channel in sound.planes:
                channel.update(bytes(channel.buffer_size))
            sound.pts, sound.rate, sound.time_base = number * 1024, 48_000, Fraction(1, 48_000)
            container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(MeasuringError, match="it contains no video"):
        measure(path, tmp_path)


@pytest.mark.parametrize("name", ["long.mp4", "long.webm"])
def test_half_a_film_is_measured_to_its_end(
    tmp_path: Path, films: dict[str, bytes], name: str
) -> None:
    whole = films[name]
    (tmp_path / name).write_bytes(whole[: len(whole) * 6 // 10])
    video = measure(tmp_path / name, tmp_path)
    assert 1 < video.duration < 3.5
    assert any("its frames end at " in words for words in video.damage)
    write_poster(tmp_path / name, tmp_path / "p.jpg")


def test_garbage_in_the_middle_is_skipped_and_named(
    tmp_path: Path, films: dict[str, bytes]
) -> None:
    whole = bytearray(films["long.mp4"])
    middle = len(whole) // 2
    whole[middle : middle + 3000] = b"\xff" * 3000
    (tmp_path / "f.mp4").write_bytes(whole)
    video = measure(tmp_path / "f.mp4", tmp_path)
    assert video.damage != []
    assert video.duration == pytest.approx(4, abs=0.5)


def silent_film(path: Path, moments: list[float], size: tuple[int, int] = (64, 64)) -> Path:
    """Make a film without sound, whose frames are shown at these times, in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=24, options={"bf": "0", "preset": "ultrafast"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        container.start_encoding()
        for number, moment in enumerate(moments):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane in frame.planes:
                line = bytes((7 * number + at) % 256 for at in range(256))
                plane.update((line * (1 + plane.buffer_size // 256))[: plane.buffer_size])
            frame.pts, frame.time_base = round(1000 * moment), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def finite(measures: Measures) -> bool:
    return all(value is None or math.isfinite(value) for value in msgspec.structs.astuple(measures))


def test_one_frame_has_no_motion_and_no_drift(tmp_path: Path) -> None:
    video = measure(silent_film(tmp_path / "f.mp4", [0]), tmp_path)
    measures = video.measures
    assert (measures.motion, measures.steadiness, measures.repeated_frames) == (None, None, None)
    assert (measures.exposure_drift, measures.colour_drift) == (None, None)
    assert (measures.loop, measures.sound_duration) == (1, None)  # it is its own end
    assert measures.sharpness is not None


def test_a_film_without_a_frame_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MeasuringError, match=r"frames|video|size"):
        measure(silent_film(tmp_path / "f.mp4", []), tmp_path)


@pytest.mark.parametrize(
    "pauses",
    [
        [0.04, 0.02] * 6,
        [0.001] * 8,
        [0.04, 0.04, 30, 0.04],
        [2.0, 0.001],
        [0.1 * n for n in range(9)],
    ],
)
def test_frames_may_be_shown_for_any_time(tmp_path: Path, pauses: list[float]) -> None:
    moments = list(itertools.accumulate(pauses, initial=0.0))
    video = measure(silent_film(tmp_path / "f.mp4", moments), tmp_path)
    assert video.duration >= moments[-1] - 0.01
    assert video.frame_rate == pytest.approx(len(moments) / video.duration, rel=0.02)
    assert finite(video.measures)


@pytest.mark.parametrize("size", [(16, 2), (2, 16), (4096, 16), (16, 4096)])
def test_a_frame_of_any_shape_is_measured(tmp_path: Path, size: tuple[int, int]) -> None:
    moments = [number / 24 for number in range(12)]
    video = measure(silent_film(tmp_path / "f.mp4", moments, size), tmp_path)
    assert (video.width, video.height) == size
    assert finite(video.measures)
    assert repeatability(tmp_path / "f.mp4", tmp_path / "f.mp4") == 1


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two films in one stream: the second has frames of another size, and other sound."""
    parts = []
    for number, (side, rate, layout) in enumerate([(64, 48_000, "stereo"), (96, 44_100, "mono")]):
        path = tmp_path_factory.getbasetemp() / f"part{number}.ts"
        with av.open(str(path), "w") as container:
            video = container.add_stream("libx264", rate=24, options={"bf": "0"})
            audio = container.add_stream("aac", rate=rate, layout=layout)
            assert isinstance(video, av.VideoStream)
            assert isinstance(audio, av.AudioStream)
            video.width, video.height, video.pix_fmt = side, side, "yuv420p"
            for at in range(24):
                container.mux(video.encode(av.VideoFrame(side, side, "yuv420p")))
                sound = av.AudioFrame("fltp", layout, 1024)
                for channel in sound.planes:
                    channel.update(bytes(channel.buffer_size))
                sound.pts, sound.rate, sound.time_base = 1024 * at, rate, Fraction(1, rate)
                container.mux(audio.encode(sound))
            container.mux(video.encode(None))
            container.mux(audio.encode(None))
        parts.append(path.read_bytes())
    return b"".join(parts)


def test_a_film_that_becomes_another_is_measured_and_named(tmp_path: Path, streams: bytes) -> None:
    (tmp_path / "f.mp4").write_bytes(streams)
    video = measure(tmp_path / "f.mp4", tmp_path)
    assert (video.width, video.height) == (64, 64)
    assert "the size of its frames changes part-way" in video.damage
    assert finite(video.measures)
    assert repeatability(tmp_path / "f.mp4", tmp_path / "f.mp4") == 1


@pytest.mark.parametrize("packets", [0, 60])
def test_what_takes_too_long_is_measured_as_far_as_it_goes(
    tmp_path: Path, films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, packets: int
) -> None:
    looks = itertools.count()
    monkeypatch.setattr(Deadline, "passed", property(lambda _: next(looks) >= packets))
    (tmp_path / "f.mp4").write_bytes(films["long.mp4"])
    if not packets:
        with pytest.raises(MeasuringError, match="in time"):
            measure(tmp_path / "f.mp4", tmp_path)
        return
    video = measure(tmp_path / "f.mp4", tmp_path)
    assert video.duration == pytest.approx(4, abs=0.1)  # as its header says
    assert video.notes[0].startswith("Only the first ")
    assert (video.measures.loop, video.measures.motion is not None) == (None, True)


def changed(content: bytes, changes: list[tuple[int, int]], end: float) -> bytes:
    body = bytearray(content)
    for at, value in changes:
        body[at % len(body)] = value
    return bytes(body[: max(1, round(len(body) * end))])


def unless_refused(act: Callable[[], Result], path: Path) -> Result | None:
    """Return the result, or None if a message explained why there is none."""
    try:
        return act()
    except MeasuringError as error:
        words = str(error)
    assert words.startswith(f"{path}: ")
    return None


CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=40)


@pytest.mark.parametrize("name", ["f.mp4", "f.webm"])
@given(changes=CHANGES, end=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_any_bytes_are_measured_or_reported(
    tmp_path: Path, films: dict[str, bytes], name: str, changes: list[tuple[int, int]], end: float
) -> None:
    path = tmp_path / name
    path.write_bytes(changed(films[name], changes, end))
    video = unless_refused(lambda: measure(path, tmp_path), path)
    if video is not None:
        assert min(video.duration, video.frame_rate, video.width, video.height) > 0
        assert finite(video.measures)
    unless_refused(lambda: write_poster(path, tmp_path / "p.jpg"), path)
