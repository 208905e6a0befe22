"""A sandbox that lies: the answers are as ever, and the films are what each lie says."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from rushes_sandbox import LIES, Sandbox
from rushes_sandbox.lies import told
from rushes_sandbox.studio.camera import shoot
from rushes_sandbox.studio.scene import Picture, Scene, Shot

BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 3, "mode": "pro", "audio": True}
ASKED = Scene(
    variant="apimart / kling-v3",
    prompt="a lantern",
    width=1280,
    height=720,
    shots=(Shot("near", 1.0), Shot("far", 3.0)),
    sound=True,
    first=Picture("first frame", "https://img.example.org/one.png"),
)


def test_an_honest_sandbox_delivers_what_was_asked_for() -> None:
    assert told(ASKED, []) is ASKED


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
    assert told(ASKED, [lie]) == replace(ASKED, **changes)


def test_another_first_frame_is_another_picture_where_one_was_given() -> None:
    other = told(ASKED, ["other-first-frame"])
    assert other.first != ASKED.first
    assert replace(other, first=ASKED.first) == ASKED
    without = replace(ASKED, first=None)
    assert told(without, ["other-first-frame"]) == without


@pytest.mark.parametrize(
    ("size", "smaller", "other"),
    [
        ((1920, 1080), (1280, 720), (1080, 1080)),
        ((3840, 2160), (1920, 1080), (2160, 2160)),
        ((720, 1280), (480, 854), (1280, 720)),
        ((1080, 1080), (720, 720), (1920, 1080)),
    ],
)
def test_every_size_has_a_smaller_one_and_another_ratio(
    size: tuple[int, int], smaller: tuple[int, int], other: tuple[int, int]
) -> None:
    asked = replace(ASKED, width=size[0], height=size[1])
    made = told(asked, ["smaller"]), told(asked, ["other-ratio"])
    assert [(scene.width, scene.height) for scene in made] == [smaller, other]


def test_several_lies_are_told_together() -> None:
    made = told(ASKED, ["shorter", "silent", "frozen"])
    assert (made.seconds, made.flaws) == (3.0, ("silent", "frozen"))
    assert made.key != ASKED.key


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Film the honest scene, small and short, and every flaw that is one of the film itself."""
    folder = tmp_path_factory.mktemp("films")
    small = replace(ASKED, width=320, height=180, first=None, shots=(Shot("near", 1.0),) * 2)
    names = ["honest", "silent", "frozen", "black", "slow-frames"]
    for name in names:
        scene = told(small, [] if name == "honest" else [name])
        shoot(scene, folder / f"{name}.mp4", lambda _: None)
    return {name: folder / f"{name}.mp4" for name in names}


def looked_at(path: Path) -> tuple[list[bytes], list[float]]:
    """Return a film's frames in grey, and when each is shown."""
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


def test_a_flawed_film_is_what_its_flaw_says(films: dict[str, Path]) -> None:
    seen = {name: looked_at(path) for name, path in films.items()}
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
    assert loudest(films["silent"]) < 0.0001
    assert min(loudest(films[name]) for name in ("honest", "frozen", "black")) > 0.1


def answers(sandbox: Sandbox) -> tuple[list[Any], float]:
    """Buy a film at a gateway; return all that it says, without what differs each time."""
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    base = sandbox.base_urls["apimart"]
    with httpx.Client(headers=headers, trust_env=False) as client:
        submitted = client.post(f"{base}/v1/videos/generations", json=BODY)
        task = sandbox.created[0]
        assert task.film.finished.wait(300)
        looked = client.get(f"{base}/v1/tasks/{task.id}")
        left = client.get(f"{base}/v1/balance")
        video = looked.json()["data"]["result"]["videos"][0]["url"][0]
        fetched = client.get(video)
    said = looked.text.replace(task.id, "ID").replace(task.token, "TOKEN")
    said = said.replace(sandbox.url, "URL")
    told = [submitted.status_code, json.loads(said), left.json(), fetched.status_code]
    return told, task.cost


def test_what_a_gateway_says_is_as_if_all_were_well(rushes_sandbox_folder: Path) -> None:
    common: dict[str, Any] = {"queue_seconds": 0, "render_seconds": 0, "clock": lambda: 1.8e9}
    with (
        Sandbox(**common, folder=rushes_sandbox_folder) as honest,
        Sandbox(
            **common, folder=rushes_sandbox_folder, lies=["smaller", "mute", "shorter"]
        ) as lies,
    ):
        assert answers(honest) == answers(lies)
        assert honest.created[0].film.scene.seconds == 3
        assert lies.created[0].film.scene.seconds == 2


@pytest.mark.rushes_sandbox(lies=["black"])
def test_the_marker_lets_a_sandbox_lie(rushes_sandbox: Sandbox) -> None:
    httpx.post(
        f"{rushes_sandbox.base_urls['apimart']}/v1/videos/generations",
        json={**BODY, "mode": "std"},
        headers={"Authorization": f"Bearer {rushes_sandbox.key}"},
        trust_env=False,
    ).raise_for_status()
    assert rushes_sandbox.created[0].film.scene.flaws == ("black",)


def test_an_unknown_lie_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="the nearest is 'shorter'"):
        Sandbox(lies=["shortr"])


RUN = [sys.executable, "-c", "from rushes_sandbox.command import sandbox; sandbox()"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*RUN, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_command_lists_every_lie_and_names_the_nearest() -> None:
    listed = run("--list-lies")
    assert (listed.returncode, listed.stderr) == (0, "")
    for name in LIES:
        assert f"\n{name} " in listed.stdout
    assert json.loads(run("--list-lies", "--json").stdout) == [
        {"name": lie.name, "does": lie.does} for lie in LIES.values()
    ]
    done = run("--lie", "blak", "--port", "0")
    assert done.returncode == 2
    assert "the nearest is 'black'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_says_that_it_lies() -> None:
    arguments = ["--port", "0", "--json", "--lie", "silent", "--lie", "shorter"]
    with subprocess.Popen(
        [*RUN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            url = f"{told['base_urls']['apimart']}/v1/videos/generations"
            headers = {"Authorization": f"Bearer {told['key']}"}
            bought = httpx.post(url, json=BODY, headers=headers, trust_env=False)
            assert bought.status_code == 200
        finally:
            process.terminate()
        assert process.stderr is not None
        assert "The videos lie: silent, shorter." in process.stderr.read()


def test_the_readme_lists_every_lie() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    rows = [f"| `{lie.name}` | {lie.does} |" for lie in LIES.values()]
    assert "\n".join(["| name | the video |", "|---|---|", *rows]) in readme
