"""Every variant end to end, over real sockets, against the sandbox."""

import asyncio
import functools
import json
import os
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest
from PIL import Image as Picture
from rushes import (
    AsyncClient,
    Client,
    Image,
    Polling,
    Request,
    RequestError,
    Shot,
    Subject,
    Task,
    capabilities,
)
from rushes.plugins import Registry
from rushes_sandbox import Sandbox, protocols

QUICK = Polling(first=0.05, every=0.05)
REGISTRY = Registry()
INSTALLED = {name: REGISTRY.get(name).variant for name in REGISTRY.ids()}
VARIANTS = [name for name, variant in INSTALLED.items() if variant.ends is None]
FIRST = {name.partition("/")[0]: name for name in reversed(VARIANTS)}
SAMPLE = VARIANTS if "RUSHES_WHOLE" in os.environ else sorted(FIRST.values())
"""One variant of each provider; `nox -s whole` tries each variant."""
GATEWAYS = ("apimart", "toapis", "uniall")
PROMPT = "A red kite"


def shortest(variant: str) -> Request:
    """Return a request for the shortest video that a variant makes, upright."""
    can = capabilities(INSTALLED[variant])
    lengths = [seconds for seconds in can["duration"].accepted or () if seconds > 0]
    return Request(PROMPT, duration=min(lengths), aspect_ratio="9:16")


def settings(sandbox: Sandbox, home: Path) -> dict[str, Any]:
    """Return a client's settings: base URLs and keys, as for the real gateways."""
    keys = dict.fromkeys(sandbox.base_urls, sandbox.key)
    return {"keys": keys, "base_urls": sandbox.base_urls, "home": home, "polling": QUICK}


def measure(file: str | None) -> tuple[int, int, float, bool]:
    """Return width, height, duration in seconds, and whether there is sound."""
    assert file
    with av.open(file) as container:
        video = container.streams.video[0]
        assert container.duration
        seconds = round(container.duration / 1_000_000, 1)
        return video.width, video.height, seconds, bool(container.streams.audio)


def test_every_provider_has_a_stand_in() -> None:
    assert {variant.provider for variant in INSTALLED.values()} == {*protocols().by_id}
    ended = {variant.provider for variant in INSTALLED.values() if variant.ends}
    assert ended == {"google"}
    assert len(VARIANTS) > 20


@pytest.mark.whole
@pytest.mark.parametrize(
    ("variant", "how"),
    [(variant, ("sync", "async")[place % 2]) for place, variant in enumerate(SAMPLE)],
)
def test_a_request_becomes_a_film(
    variant: str, how: str, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    options = settings(rushes_sandbox, tmp_path / "home")
    request = shortest(variant)
    seen: list[str] = []

    def record(task: Task) -> None:
        seen.append(task.state)

    async def shoot() -> Task:
        async with AsyncClient(**options) as client:
            return await client.generate(variant, request, output=target, on_update=record)

    target = tmp_path / "film.mp4"
    if how == "async":
        task = asyncio.run(shoot())
    else:
        with Client(**options) as client:
            task = client.generate(variant, request, output=target, on_update=record)
    assert task.file == str(target)
    width, height, seconds, sound = measure(task.file)
    (made,) = rushes_sandbox.created
    asked = made.requested
    assert (width, height) == (asked.width, asked.height)
    assert width < height
    assert seconds == asked.seconds == float(request.duration or 0)
    assert sound == asked.sound
    if variant.startswith(GATEWAYS):
        assert (width, height) == ((1080, 1920) if "-pro-" in variant else (720, 1280))
        assert sound == variant.endswith("-audio")
    assert seen[:2] == ["recorded", "sending"]
    assert seen[-1] == "completed"


@pytest.mark.whole
@pytest.mark.rushes_sandbox(lies=["smaller", "smaller"])  # nobody looks at the films
@pytest.mark.parametrize("variant", SAMPLE)
def test_check_shows_what_is_sent(variant: str, rushes_sandbox: Sandbox, tmp_path: Path) -> None:
    with Client(**settings(rushes_sandbox, tmp_path)) as client:
        report = client.check(variant, shortest(variant))
        client.submit(variant, shortest(variant), task="job-1")
    (exchange,) = [e for e in rushes_sandbox.exchanges if e.method == "POST"]
    shown = json.loads(msgspec.json.encode(report.payload))
    sent = json.loads(exchange.body)
    declared = INSTALLED[variant]
    if declared.client_id_field:
        *parents, last = declared.client_id_field.split(".")
        holder = functools.reduce(lambda at, name: at[name], parents, sent)
        assert holder.pop(last) == "job-1"
        if parents and not holder:
            del sent[parents[0]]
    if declared.client_id_header:
        assert exchange.headers[declared.client_id_header.lower()] == "job-1"
    assert sent == shown
    header = protocols().by_id[declared.provider].key.name.lower()
    assert exchange.headers[header].endswith(rushes_sandbox.key)


@pytest.mark.parametrize(
    ("variant", "request_", "size", "sound"),
    [
        ("toapis/kling-v3", Request("Kites", resolution="1080p", audio=True), (1920, 1080), True),
        ("toapis/kling-v2-6", Request("Kites", aspect_ratio="1:1"), (720, 720), False),
        ("apimart/kling-v3", Request("Kites", duration=3, resolution="4k"), (3840, 2160), False),
        (
            "apimart/kling-v3",
            Request(shots=[Shot("Up", 1), Shot("Down", 2)], audio=True, duration=3),
            (1280, 720),
            True,
        ),
    ],
)
def test_the_video_matches_the_request(
    variant: str,
    request_: Request,
    size: tuple[int, int],
    sound: bool,
    rushes_sandbox: Sandbox,
    tmp_path: Path,
    whole: bool,
) -> None:
    if request_.resolution == "4k" and not whole:
        pytest.skip("rendering it takes long; `nox -s whole` includes it")
    with Client(**settings(rushes_sandbox, tmp_path)) as client:
        task = client.generate(variant, request_)
    width, height, seconds, audible = measure(task.file)
    assert (width, height) == size
    assert seconds == float(request_.duration or 5)
    assert audible == sound


@pytest.mark.parametrize("variant", ["toapis/kling-v3", "toapis/kling-v2-6", "apimart/kling-v3"])
def test_local_frames_are_uploaded_and_used(
    variant: str, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    for name, colour in (("first.png", (200, 30, 30)), ("last.png", (30, 30, 200))):
        Picture.new("RGB", (640, 360), colour).save(tmp_path / name)
    request = Request(
        "From red to blue",
        images=[
            Image(str(tmp_path / "last.png"), "last_frame"),
            Image(str(tmp_path / "first.png"), "first_frame"),
        ],
    )
    with Client(**settings(rushes_sandbox, tmp_path / "home")) as client:
        report = client.check(variant, request)
        assert report.input_mode == "frame control"
        assert {upload.origin for upload in report.uploads} == {"images[0].url", "images[1].url"}
        assert not rushes_sandbox.exchanges
        task = client.generate(variant, request)
    assert task.file
    with av.open(task.file) as container:
        frames = list(container.decode(video=0))
    first, last = (frames[place].to_image() for place in (0, -1))  # type: ignore[no-untyped-call]
    assert first.getpixel((10, 10))[0] > 150
    assert last.getpixel((10, 10))[2] > 150


def test_subjects_are_uploaded_too(rushes_sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("front.png", "side.png"):
        Picture.new("RGB", (64, 64), (9, 99, 9)).save(tmp_path / name)
    subject = Subject("kite", "A kite", [str(tmp_path / "front.png"), str(tmp_path / "side.png")])
    with Client(**settings(rushes_sandbox, tmp_path / "home")) as client:
        client.submit("apimart/kling-v3", Request("@kite rises", subjects=[subject]))
    (submit,) = [e for e in rushes_sandbox.exchanges if e.path.endswith("/generations")]
    urls = json.loads(submit.body)["element_list"][0]["element_input_urls"]
    assert len(urls) == 2
    assert all(url.startswith(rushes_sandbox.url) for url in urls)


def test_uniall_refuses_local_files_with_a_reason(rushes_sandbox: Sandbox, tmp_path: Path) -> None:
    Picture.new("RGB", (64, 64)).save(tmp_path / "first.png")
    request = Request("Kites", images=[Image(str(tmp_path / "first.png"), "first_frame")])
    with (
        Client(**settings(rushes_sandbox, tmp_path / "home")) as client,
        pytest.raises(RequestError, match="no upload endpoint"),
    ):
        client.generate("uniall/kling-v3-std-silent", request)
    assert not rushes_sandbox.exchanges
