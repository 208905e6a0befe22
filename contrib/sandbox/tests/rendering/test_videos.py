"""Rendered videos, opened and measured."""

import json
import math
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from PIL import Image, ImageChops, ImageStat
from rushes_sandbox import Incoming, Picture, Scene, Shot, Submit, protocols, render_video
from rushes_sandbox._rendering.palette import palette_for
from rushes_sandbox._rendering.titles import titles

IMAGE = "https://img.example.org/one.png"


def scene_from_body(provider: str, body: dict[str, Any], picture: Any) -> Scene:
    """Return the scene that a body asks a provider for."""
    endpoints = protocols().by_id[provider].endpoints
    (submit,) = (each for each in endpoints if isinstance(each, Submit))
    elsewhere: Any = SimpleNamespace(picture=picture)
    return submit.scene(Incoming("POST", "", body=json.dumps(body).encode()), elsewhere)


def scene(**changes: Any) -> Scene:
    """Describe a small, short, silent video."""
    fields: dict[str, Any] = {
        "variant": "toapis / kling-v3",
        "prompt": "a lantern on a wall",
        "width": 320,
        "height": 180,
        "shots": (Shot("a lantern on a wall", 1.0),),
        "sound": False,
    }
    return Scene(**{**fields, **changes})


def rendered(path: Path, **changes: Any) -> Path:
    render_video(scene(**changes), path)
    return path


def frames(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def boxes(content: bytes) -> Iterator[str]:
    at = 0
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        yield kind.decode()
        at += size


def picture(url: str, label: str) -> Picture:
    return Picture(label, url)


@pytest.fixture
def uploaded(tmp_path: Path) -> Picture:
    path = tmp_path / "up.png"
    left, right = Image.new("RGB", (200, 200), "#c03020"), Image.new("RGB", (200, 200), "#2060c0")
    image = Image.new("RGB", (400, 200))
    image.paste(left, (0, 0))
    image.paste(right, (200, 0))
    image.save(path)
    return Picture("first frame", "", "digest", path)


def test_a_video_is_h264_and_aac_in_mp4_with_its_index_in_front(tmp_path: Path) -> None:
    path = rendered(tmp_path / "f.mp4", sound=True)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert (video.width, video.height, video.frames) == (320, 180, 24)
    order = list(boxes(path.read_bytes()))
    assert order.index("moov") < order.index("mdat")


def test_the_same_scene_is_the_same_file_to_the_bit(tmp_path: Path, uploaded: Picture) -> None:
    changes = {"sound": True, "first": uploaded}
    one, two = rendered(tmp_path / "1.mp4", **changes), rendered(tmp_path / "2.mp4", **changes)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("gateway", "body", "size", "seconds", "sound"),
    [
        ("toapis", {"model": "kling-v3"}, (1280, 720), 5, False),
        (
            "toapis",
            {"model": "kling-v3", "mode": "pro", "duration": 10, "audio": True},
            (1920, 1080),
            10,
            True,
        ),
        ("toapis", {"model": "kling-v2-6", "aspect_ratio": "9:16"}, (720, 1280), 5, False),
        ("toapis", {"model": "kling-v3-omni", "aspect_ratio": "1:1"}, (720, 720), 5, False),
        ("apimart", {"model": "kling-v3", "mode": "4k", "duration": 7}, (3840, 2160), 7, False),
        (
            "apimart",
            {"model": "kling-v3", "mode": "4k", "aspect_ratio": "9:16"},
            (2160, 3840),
            5,
            False,
        ),
        ("uniall", {"model": "kling-v3-pro-audio"}, (1920, 1080), 5, True),
        (
            "uniall",
            {"model": "kling-v3-std-silent", "duration": 3, "aspect_ratio": "1:1"},
            (720, 720),
            3,
            False,
        ),
    ],
)
def test_a_body_decides_size_length_and_sound(
    gateway: str, body: dict[str, Any], size: tuple[int, int], seconds: int, sound: bool
) -> None:
    made = scene_from_body(gateway, {"prompt": "a lantern", **body}, picture)
    assert ((made.width, made.height), made.seconds, made.sound) == (size, seconds, sound)


def test_a_real_request_is_measured(tmp_path: Path) -> None:
    body = {"model": "kling-v3-std-audio", "prompt": "a lantern", "duration": 3}
    path = tmp_path / "f.mp4"
    render_video(scene_from_body("uniall", body, picture), path)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (1280, 720)
        for stream in (video, audio):
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(3, abs=0.05)


def test_sound_is_there_when_asked_for_and_can_be_heard(tmp_path: Path) -> None:
    with av.open(str(rendered(tmp_path / "silent.mp4"))) as container:
        assert not container.streams.audio
    with av.open(str(rendered(tmp_path / "loud.mp4", sound=True))) as container:
        loudest = 0.0
        for frame in container.decode(audio=0):
            samples = bytes(frame.planes[0])[: frame.samples * 4]
            loudest = max(loudest, *map(abs, struct.unpack(f"{frame.samples}f", samples)))
    assert 0.1 < loudest < 1.0


def test_the_variant_shows_in_the_colours_only(tmp_path: Path) -> None:
    """A name in the picture would give the variant away in a blind comparison."""
    one, other = scene(variant="toapis / kling-v3"), scene(variant="uniall / kling-v3-pro-audio")
    palette = palette_for("a lantern", 0)
    texts = [
        [(title.image.tobytes(), title.left, title.top) for title in titles(of, 0, palette)]
        for of in (one, other)
    ]
    assert texts[0] == texts[1]
    pictures = [
        frames(rendered(tmp_path / f"{number}.mp4", variant=of.variant))[0]
        for number, of in enumerate((one, other))
    ]
    assert distance(*pictures) > 3


def test_it_moves(tmp_path: Path) -> None:
    seen = frames(rendered(tmp_path / "f.mp4"))
    steps = [distance(one, other) for one, other in pairwise(seen)]
    assert min(steps) > 0.05


def test_shots_are_cut_at_their_times(tmp_path: Path) -> None:
    shots = (Shot("dusk", 0.5), Shot("noon", 0.75), Shot("night", 0.25))
    seen = frames(rendered(tmp_path / "f.mp4", shots=shots))
    steps = [distance(one, other) for one, other in pairwise(seen)]
    cuts = [number + 1 for number, step in enumerate(steps) if step > 4 * math.fsum(steps) / 36]
    assert cuts == [12, 30]
    assert len(seen) == 36
    for cut in cuts:
        before, after = (seen[number].resize((1, 1)) for number in (cut - 1, cut))
        assert distance(before, after) > 4, "another shot has other colours"


def test_apimart_shots_have_their_own_durations() -> None:
    listed = [
        {"index": 1, "prompt": "near", "duration": 1},
        {"index": 2, "prompt": "far", "duration": 4},
    ]
    body = {"model": "kling-v3", "multi_shot": True, "shot_type": "customize"}
    made = scene_from_body("apimart", {**body, "multi_prompt": listed}, picture)
    assert made.shots == (Shot("near", 1), Shot("far", 4))
    assert made.cuts == (0, 24, 120)
    assert made.prompt == "near"


def test_apimart_divides_the_shots_itself_if_asked_to() -> None:
    body = {"model": "kling-v3", "prompt": "all", "multi_shot": True, "duration": 9}
    made = scene_from_body("apimart", {**body, "shot_type": "intelligence"}, picture)
    assert [shot.seconds for shot in made.shots] == [3, 3, 3]


def test_uniall_shots_share_the_time_evenly() -> None:
    shots = [{"prompt": str(number)} for number in range(3)]
    body = {"model": "kling-v3-std-silent", "image": IMAGE, "duration": 10}
    made = scene_from_body("uniall", {**body, "extra_body": {"multi_prompt": shots}}, picture)
    assert made.cuts == (0, 80, 160, 240)
    assert [shot.prompt for shot in made.shots] == ["0", "1", "2"]


def test_the_omni_prompt_gets_its_tag_when_images_are_not_cited() -> None:
    body = {"model": "kling-v3-omni", "prompt": "she waves"}
    assert scene_from_body("toapis", body, picture).prompt == "she waves"
    body["image_urls"] = [IMAGE]  # type: ignore[assignment]
    assert scene_from_body("toapis", body, picture).prompt == "<<<image_1>>> she waves"
    body["prompt"] = "<<<image_1>>> waves"
    assert scene_from_body("toapis", body, picture).prompt == "<<<image_1>>> waves"


@pytest.mark.parametrize(
    ("gateway", "fields"),
    [
        (
            "toapis",
            {
                "model": "kling-v3",
                "image_with_roles": [
                    {"url": "https://b.org/2", "role": "last_frame"},
                    {"url": "https://a.org/1", "role": "first_frame"},
                ],
            },
        ),
        ("apimart", {"model": "kling-v3", "image_urls": ["https://a.org/1", "https://b.org/2"]}),
        (
            "uniall",
            {
                "model": "kling-v3-std-audio",
                "image": "https://a.org/1",
                "last_image": "https://b.org/2",
            },
        ),
    ],
)
def test_each_gateway_names_frames_its_own_way(gateway: str, fields: dict[str, Any]) -> None:
    made = scene_from_body(gateway, {"prompt": "a lantern", **fields}, picture)
    assert made.first is not None
    assert made.last is not None
    assert (made.first.url, made.last.url) == ("https://a.org/1", "https://b.org/2")


def test_an_uploaded_image_is_the_first_and_the_last_frame(
    tmp_path: Path, uploaded: Picture
) -> None:
    shots = (Shot("a lantern", 3.0),)
    seen = frames(rendered(tmp_path / "f.mp4", first=uploaded, last=uploaded, shots=shots))
    assert uploaded.path is not None
    # 16:9 out of 2:1: the same height, the middle of the width.
    expected = Image.open(uploaded.path).resize((360, 180)).crop((20, 0, 340, 180))
    assert distance(seen[0], expected) < 4
    assert distance(seen[-1], expected) < 4
    assert distance(seen[36], expected) > 25


def test_an_image_from_elsewhere_gets_a_placeholder(tmp_path: Path) -> None:
    elsewhere = Picture("first frame", IMAGE)
    without = frames(rendered(tmp_path / "1.mp4"))
    with_it = frames(rendered(tmp_path / "2.mp4", first=elsewhere))
    assert distance(without[0], with_it[0]) > 10


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n broken", b"GIF89a"])
def test_a_broken_image_does_not_break_the_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    broken = Picture("first frame", "", "digest", path)
    assert len(frames(rendered(tmp_path / "f.mp4", first=broken, references=(broken,)))) == 24
