"""Real films: an honest sandbox keeps every promise, and one that lies is caught."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from rushes import AsyncClient, Polling, Request, Shot
from rushes import Image as Given
from rushes_compare._measure import measure
from rushes_compare._promises.promises import check_promises
from rushes_sandbox import LIES, Picture, Sandbox, Scene, apply_lies, render_video
from rushes_sandbox import Shot as Take

PROMPT = "A red kite over white dunes at dusk"
SHOTS = (Shot("dusk", 1), Shot("night", 2))
SAMPLE = ("toapis/kling-v3", "apimart/kling-v3", "uniall/kling-v3-pro-silent")
"""One variant of each provider: with sound, with shots, in 1080p."""
#: The shortest request of each of the eight variants.
ASKED = {
    "toapis/kling-v3": Request(PROMPT, duration=5, resolution="720p", audio=True),
    "toapis/kling-v3-omni": Request(PROMPT, duration=5, aspect_ratio="1:1", audio=False),
    "toapis/kling-v2-6": Request(PROMPT, duration=5, aspect_ratio="9:16"),
    "apimart/kling-v3": Request(shots=SHOTS, resolution="720p", aspect_ratio="9:16"),
    "uniall/kling-v3-std-silent": Request(PROMPT, duration=3, audio=False),
    "uniall/kling-v3-std-audio": Request(PROMPT, duration=3, audio=True, aspect_ratio="1:1"),
    "uniall/kling-v3-pro-silent": Request(PROMPT, duration=3, resolution="1080p"),
    "uniall/kling-v3-pro-audio": Request(PROMPT, duration=3, aspect_ratio="9:16", audio=True),
}


async def ordered(
    sandbox: Sandbox, asked: dict[str, Request], home: Path
) -> dict[str, tuple[dict[str, Any], dict[str, Any], Path]]:
    """Order films; return each variant's request and payload as plain values, and the file."""
    async with AsyncClient(
        keys=dict.fromkeys(sandbox.base_urls, sandbox.key),
        base_urls=sandbox.base_urls,
        home=home,
        polling=Polling(first=0.1, every=0.1),
    ) as client:

        async def one(variant: str, request: Request) -> tuple[Any, Any, Path]:
            payload = msgspec.to_builtins(client.check(variant, request).payload)
            output = home / f"{variant.replace('/', '-')}.mp4"
            await client.generate(variant, request, output=output)
            return msgspec.to_builtins(request), payload, output

        films = await asyncio.gather(*(one(*each) for each in asked.items()))
        return dict(zip(asked, films, strict=True))


@pytest.mark.rushes_sandbox(poll_after=None)
def test_an_honest_film_of_every_variant_breaks_no_promise(
    rushes_sandbox: Sandbox, tmp_path: Path, whole: bool
) -> None:
    asked = ASKED if whole else {variant: ASKED[variant] for variant in SAMPLE}
    films = asyncio.run(ordered(rushes_sandbox, asked, tmp_path))
    assert len(films) == (8 if whole else 3)
    for variant, (request, payload, file) in films.items():
        found = check_promises(request, payload, measure(file, tmp_path))
        assert [one for one in found if one.kept is not True] == [], variant
        promised = {"resolution", "aspect_ratio", "audio", "shots"} & {*request}
        assert {one.name for one in found} == {"duration", "file"} | promised, variant


@pytest.mark.rushes_sandbox(poll_after=None, lies=["smaller", "shorter", "mute"])
def test_a_lying_gateway_answers_as_usual_and_is_caught(
    rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    asked = {"apimart/kling-v3": Request(PROMPT, duration=3, resolution="720p", audio=True)}
    films = asyncio.run(ordered(rushes_sandbox, asked, tmp_path))
    ((request, payload, file),) = films.values()
    found = {one.name: one for one in check_promises(request, payload, measure(file, tmp_path))}
    broken = {name: one.delivered for name, one in found.items() if one.kept is False}
    assert broken == {
        "resolution": "854 \N{MULTIPLICATION SIGN} 480",
        "duration": "2.00 s", "audio": "no sound track"
    }  # fmt: skip


#: The promises that each lie breaks.
BREAKS = {
    "smaller": {"resolution"},
    "other-ratio": {"aspect_ratio"},
    "shorter": {"duration"},
    "longer": {"duration"},
    "mute": {"audio"},
    "silent": {"audio"},
    "one-shot": {"shots"},
    "other-first-frame": {"first_frame"},
    "frozen": {"shots", "file"},
    "black": {"first_frame", "file"},
    "slow-frames": {"file"},
}


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shades = [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)]
    path = tmp_path_factory.mktemp("given") / "given.png"
    Image.merge("RGB", shades).resize((1280, 720)).save(path)
    return path


def broken_by(lies: list[str], picture: Path, folder: Path) -> set[str]:
    """Render what was requested with these lies; return the promises that they broke."""
    takes = (Take("dusk", 1.5), Take("noon", 1.0))
    first = Picture("first frame", str(picture), "digest", picture)
    scene = Scene("v", PROMPT, 1280, 720, takes, sound=True, first=first)
    # A given image may decide the ratio, so that lie is tried without one.
    with_picture = "other-ratio" not in lies
    scene = scene if with_picture else replace(scene, first=None)
    render_video(apply_lies(scene, lies), folder / "f.mp4")
    request = Request(
        shots=(Shot("dusk", 1.5), Shot("noon", 1.0)),
        resolution="720p",
        aspect_ratio="16:9",
        audio=True,
        images=(Given(str(picture), "first_frame"),) if with_picture else (),
    )
    video = measure(folder / "f.mp4", folder, first_frame=picture if with_picture else None)
    found = check_promises(msgspec.to_builtins(request), {}, video)
    assert len(found) == (7 if with_picture else 6)
    return {one.name for one in found if one.kept is False}


def test_every_lie_breaks_a_promise() -> None:
    assert set(BREAKS) == set(LIES)


@pytest.mark.parametrize("lie", BREAKS)
def test_a_lie_is_caught_by_the_promise_it_breaks(lie: str, picture: Path, tmp_path: Path) -> None:
    assert broken_by([lie], picture, tmp_path) == BREAKS[lie]


def test_an_honest_film_breaks_no_promise(picture: Path, tmp_path: Path) -> None:
    assert broken_by([], picture, tmp_path) == set()


def test_a_film_in_4k_is_measured_too(tmp_path: Path) -> None:
    scene = Scene("v", PROMPT, 3840, 2160, (Take("dusk", 1.0),), sound=False)
    render_video(scene, tmp_path / "f.mp4")
    video = measure(tmp_path / "f.mp4", tmp_path)
    assert (video.width, video.height, video.duration) == (3840, 2160, 1.0)
    found = check_promises({"resolution": "4k", "duration": 1, "aspect_ratio": "16:9"}, {}, video)
    assert all(one.kept for one in found)
