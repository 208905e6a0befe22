"""A sandbox that lies: its responses are as usual, its videos differ as each lie declares."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from rushes_sandbox import LIES, Picture, Sandbox, Scene, Shot, apply_lies, render_video

BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 3, "mode": "pro", "audio": True}
REQUESTED = Scene(
    variant="apimart / kling-v3",
    prompt="a lantern",
    width=1280,
    height=720,
    shots=(Shot("near", 1.0), Shot("far", 3.0)),
    sound=True,
    first=Picture("first frame", "https://img.example.org/one.png"),
)


def test_an_honest_sandbox_delivers_what_was_requested() -> None:
    assert apply_lies(REQUESTED, []) is REQUESTED


@pytest.mark.parametrize(
    ("lie", "changes"),
    [
        ("smaller", {"width": 854, "height": 480}),
        ("other-ratio", {"width": 720, "height": 720}),
        ("shorter", {"shots": (Shot("near", 0.75), Shot("far", 2.25))}),
        ("longer", {"shots": (Shot("near", 1.25), Shot("far", 3.75))}),
        ("mute", {"sound": False}),
        ("silent", {"flaws": ("silent",)}),
        ("one-shot", {"shots": (Shot("near", 4.0),)}),
        ("frozen", {"flaws": ("frozen",)}),
        ("black", {"flaws": ("black",)}),
        ("slow-frames", {"flaws": ("slow",)}),
    ],
)
def test_a_lie_changes_one_thing(lie: str, changes: dict[str, Any]) -> None:
    assert apply_lies(REQUESTED, [lie]) == replace(REQUESTED, **changes)


def test_another_first_frame_is_another_picture_where_one_was_given() -> None:
    other = apply_lies(REQUESTED, ["other-first-frame"])
    assert other.first != REQUESTED.first
    assert replace(other, first=REQUESTED.first) == REQUESTED
    without = replace(REQUESTED, first=None)
    assert apply_lies(without, ["other-first-frame"]) == without


@pytest.mark.parametrize(
    ("size", "smaller", "other"),
    [
        ((1920, 1080), (1280, 720), (1080, 1080)),
        ((3840, 2160), (1920, 1080), (2160, 2160)),
        ((720, 1280), (480, 854), (1280, 720)),
        ((854, 480), (428, 240), (480, 480)),
        ((1080, 1080), (720, 720), (1920, 1080)),
    ],
)
def test_every_size_has_a_smaller_one_and_another_ratio(
    size: tuple[int, int], smaller: tuple[int, int], other: tuple[int, int]
) -> None:
    requested = replace(REQUESTED, width=size[0], height=size[1])
    made = apply_lies(requested, ["smaller"]), apply_lies(requested, ["other-ratio"])
    assert [(scene.width, scene.height) for scene in made] == [smaller, other]


def test_several_lies_are_combined() -> None:
    made = apply_lies(REQUESTED, ["shorter", "silent", "frozen"])
    assert (made.seconds, made.flaws) == (3.0, ("silent", "frozen"))
    assert made.key != REQUESTED.key


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Render the honest scene, small and short, and every flaw of the video itself."""
    folder = tmp_path_factory.mktemp("films")
    small = replace(REQUESTED, width=320, height=180, first=None, shots=(Shot("near", 1.0),) * 2)
    names = ["honest", "silent", "frozen", "black", "slow-frames"]
    for name in names:
        scene = apply_lies(small, [] if name == "honest" else [name])
        render_video(scene, folder / f"{name}.mp4")
    return {name: folder / f"{name}.mp4" for name in names}


def frames_and_times(path: Path) -> tuple[list[bytes], list[float]]:
    """Return a video's frames in grey, and when each is shown."""
    with av.open(str(path)) as container:
        found = list(container.decode(video=0))
    grey = [bytes(frame.reformat(format="gray", width=160, height=90).planes[0]) for frame in found]
    return grey, [frame.time for frame in found]


def loudest(path: Path) -> float:
    with av.open(str(path)) as container:
        peaks = [
            max(map(abs, memoryview(bytes(frame.planes[0])).cast("f")))
            for frame in container.decode(audio=0)
        ]
    assert math.fsum(peaks) >= 0
    return max(peaks)


def test_a_flawed_video_has_its_flaw(videos: dict[str, Path]) -> None:
    seen = {name: frames_and_times(path) for name, path in videos.items()}
    pictures = {name: frames for name, (frames, _) in seen.items()}
    for name in ("honest", "silent", "frozen", "black"):
        assert len(pictures[name]) == 48, name
    assert seen["slow-frames"][1] == pytest.approx([number / 12 for number in range(24)])
    assert pictures["silent"] == pictures["honest"]

    def moved(name: str) -> float:
        first, last = pictures[name][0], pictures[name][-1]
        return sum(abs(a - b) for a, b in zip(first, last, strict=True)) / len(first)

    assert moved("frozen") < 1 < moved("honest")
    assert max(max(frame) for frame in pictures["black"]) < 20
    assert loudest(videos["silent"]) < 0.0001
    assert min(loudest(videos[name]) for name in ("honest", "frozen", "black")) > 0.1


def responses(sandbox: Sandbox) -> tuple[list[Any], float]:
    """Buy a video at a gateway; return its responses without what differs each time."""
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    base = sandbox.base_urls["apimart"]
    with httpx.Client(headers=headers, trust_env=False) as client:
        submitted = client.post(f"{base}/v1/videos/generations", json=BODY)
        task = sandbox.created[0]
        assert task.video.finished.wait(300)
        looked = client.get(f"{base}/v1/tasks/{task.id}")
        left = client.get(f"{base}/v1/balance")
        video = looked.json()["data"]["result"]["videos"][0]["url"][0]
        fetched = client.get(video)
    body = looked.text.replace(task.id, "ID").replace(task.token, "TOKEN")
    body = body.replace(sandbox.url, "URL")
    found = [submitted.status_code, json.loads(body), left.json(), fetched.status_code]
    return found, task.cost


def test_the_responses_of_a_lying_sandbox_are_as_usual(rushes_sandbox_folder: Path) -> None:
    common: dict[str, Any] = {"queue_seconds": 0, "render_seconds": 0, "clock": lambda: 1.8e9}
    with (
        Sandbox(**common, folder=rushes_sandbox_folder) as honest,
        Sandbox(
            **common, folder=rushes_sandbox_folder, lies=["smaller", "mute", "shorter"]
        ) as lies,
    ):
        assert responses(honest) == responses(lies)
        assert honest.created[0].video.scene.seconds == 3
        assert lies.created[0].video.scene.seconds == 2


@pytest.mark.rushes_sandbox(lies=["black"])
def test_the_marker_makes_a_sandbox_lie(rushes_sandbox: Sandbox) -> None:
    httpx.post(
        f"{rushes_sandbox.base_urls['apimart']}/v1/videos/generations",
        json={**BODY, "mode": "std"},
        headers={"Authorization": f"Bearer {rushes_sandbox.key}"},
        trust_env=False,
    ).raise_for_status()
    assert rushes_sandbox.created[0].video.scene.flaws == ("black",)


def test_an_unknown_lie_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="the nearest is 'shorter'"):
        Sandbox(lies=["shortr"])


def test_the_readme_lists_every_lie() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = [f"| `{lie.name}` | {lie.does} |" for lie in LIES.values()]
    assert "\n".join(["| name | the video |", "|---|---|", *rows]) in readme
