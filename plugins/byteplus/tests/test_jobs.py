"""Whole jobs at BytePlus through a client, against a scripted network."""

import asyncio
import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rushes import (
    Answer,
    AsyncClient,
    Client,
    Delivery,
    Image,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    Request,
    StillRunningError,
    Task,
)
from rushes.testing import DROPPED, Clock, Network
from rushes_byteplus import seedance_1_5_pro, seedance_2_0
from rushes_byteplus.provider import parse_webhook

BASE = "https://ark.ap-southeast.bytepluses.com/api/v3"
TASKS, TASK = "/api/v3/contents/generations/tasks", "/api/v3/contents/generations/tasks/cgt-1"
FILM = "https://store.example.com/v.mp4?X-Tos-Expires=86400"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
WAV = b"RIFF\x04\x00\x00\x00WAVE"


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


VIDEO = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(2048)) + box(b"moov", b"m")


def task(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "cgt-1", "model": "m", "status": status, "error": None, **more}


def done(tokens: int, **more: Any) -> dict[str, Any]:
    content, usage = {"video_url": FILM}, {"completion_tokens": tokens, "total_tokens": tokens}
    return task("succeeded", content=content, usage=usage, **more)


@pytest.fixture
def network() -> Network:
    """Return a provider that has made the video at the third poll."""
    network = Network()
    network.on("POST", TASKS, {"id": "cgt-1"})
    network.on("GET", TASK, task("queued"), task("running"), done(108900))
    network.on("GET", "/v.mp4", VIDEO)
    return network


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Iterator[Client]:
    plugins = [seedance_1_5_pro.plugin, seedance_2_0.plugin]
    with Client(
        plugins=plugins, home=tmp_path / "home", keys={"byteplus": "any"},
        transport=network, clock=Clock(),
    ) as client:  # fmt: skip
        yield client


KITE = Request("A red kite")


@pytest.mark.parametrize(
    ("variant", "request_", "estimate", "cost"),
    [
        ("seedance-1.5-pro", {"audio": True, "aspect_ratio": "16:9"}, 0.26136, 0.26136),
        ("seedance-1.5-pro", {"audio": False, "aspect_ratio": "9:16"}, 0.13068, 0.13068),
        ("seedance-1.5-pro", {"extra": {"service_tier": "flex"}}, 0.131504, 0.13068),
        ("seedance-2.0", {"aspect_ratio": "16:9"}, 0.7623, 0.7623),
        ("seedance-2.0", {"aspect_ratio": "16:9", "resolution": "1080p"}, 1.886693, 0.83853),
        ("seedance-2.0", {"extra": {"duration": -1}}, None, 0.7623),
    ],
)
def test_a_job_costs_what_its_tokens_cost(
    variant: str, request_: Any, estimate: float | None, cost: float, client: Client, tmp_path: Path
) -> None:
    request = Request("A red kite", **request_)
    made = client.generate(f"byteplus/{variant}", request, output=tmp_path / "kite.mp4")
    assert (made.state, made.estimate) == ("completed", estimate)
    assert made.cost == pytest.approx(cost)
    assert (tmp_path / "kite.mp4").read_bytes() == VIDEO


def test_tasks_that_wait_at_once_are_asked_for_in_one_call(
    network: Network, tmp_path: Path
) -> None:
    """Each gets its own film and its own bill."""
    made = [f"cgt-{number}" for number in range(1, 4)]
    network.on("POST", TASKS, *({"id": name} for name in made))
    items = []
    for tokens, name in enumerate(made, 1):
        content = {"video_url": f"https://store.example.com/{name}.mp4"}
        usage = {"completion_tokens": tokens * 1_000_000}
        items.append({"id": name, "status": "succeeded", "content": content, "usage": usage})
    network.on("GET", TASKS, {"items": items[::-1], "total": 3})

    async def run() -> list[Task]:
        async with AsyncClient(
            plugins=[seedance_1_5_pro.plugin], journal=None, home=tmp_path,
            keys={"byteplus": "any"}, transport=network, clock=Clock(),
        ) as client:  # fmt: skip
            tasks = [await client.submit("byteplus/seedance-1.5-pro", KITE) for _ in made]
            return await asyncio.gather(*(client.wait(task) for task in tasks))

    tasks = asyncio.run(run())
    (asked,) = [call.url for call in network.calls if call.method == "GET"]
    ids = "&".join(f"filter.task_ids={name}" for name in made)
    assert asked == f"{BASE}/contents/generations/tasks?page_size=500&{ids}"
    assert [task.results[0].url for task in tasks] == [
        f"https://store.example.com/{name}.mp4" for name in made
    ]
    assert [task.cost for task in tasks] == pytest.approx([2.4, 4.8, 7.2])


def test_the_answer_says_whether_there_is_sound(client: Client, network: Network) -> None:
    network.on("GET", TASK, done(1_000_000, generate_audio=False))
    assert client.wait(client.submit("byteplus/seedance-1.5-pro", KITE)).cost == 1.2


def test_a_video_among_the_references_is_cheaper_by_the_token(
    client: Client, network: Network
) -> None:
    network.on("GET", TASK, done(1_000_000))
    clip = {"type": "video_url", "video_url": {"url": FILM}, "role": "reference_video"}
    body = {"model": "dreamina-seedance-2-0-260128", "content": [clip], "resolution": "4k"}
    made = client.submit("byteplus/seedance-2.0", Request(extra=body))
    assert made.estimate is None
    assert client.wait(made).cost == 2.4


def test_the_key_goes_to_the_provider_alone(
    client: Client, network: Network, tmp_path: Path
) -> None:
    client.generate("byteplus/seedance-2.0", KITE, output=tmp_path / "kite.mp4")
    *calls, fetched = network.calls
    assert {call.headers.get("authorization") for call in calls} == {"Bearer any"}
    assert (fetched.url, fetched.headers.get("authorization")) == (FILM, None)


def test_the_key_is_found_by_the_name_that_others_use() -> None:
    assert seedance_2_0.plugin.variables == {"api_key": "ARK_API_KEY"}


def test_a_delivery_about_no_task_is_none() -> None:
    for body in (b"", b"null", b"[]", b'{"id": null}', b'{"status": "queued"}', b"\xff"):
        assert parse_webhook(Delivery({}, body)) is None


def test_a_local_image_goes_into_the_payload(
    client: Client, network: Network, tmp_path: Path
) -> None:
    (tmp_path / "kite.png").write_bytes(PNG)
    image = Image(str(tmp_path / "kite.png"), "first_frame")
    client.submit("byteplus/seedance-1.5-pro", Request(images=[image]))
    (sent,) = network.calls
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    part = {"type": "image_url", "image_url": {"url": data}, "role": "first_frame"}
    assert sent.json()["content"] == [part]


def test_a_local_sound_goes_into_the_payload(
    client: Client, network: Network, tmp_path: Path
) -> None:
    (tmp_path / "wind.wav").write_bytes(WAV)
    (tmp_path / "kite.png").write_bytes(PNG)
    image = Image(str(tmp_path / "kite.png"), "reference")
    client.submit(
        "byteplus/seedance-2.0",
        Request("A red kite", images=[image], sounds=[str(tmp_path / "wind.wav")]),
    )
    data = f"data:audio/wav;base64,{base64.b64encode(WAV).decode()}"
    part = {"type": "audio_url", "audio_url": {"url": data}, "role": "reference_audio"}
    assert part in network.calls[0].json()["content"]


def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(
    client: Client, network: Network
) -> None:
    network.on("POST", TASKS, DROPPED)
    with pytest.raises(OutcomeUnknownError):
        client.submit("byteplus/seedance-2.0", KITE)
    assert len(network.calls) == 1


def test_only_what_is_queued_is_cancelled(client: Client, network: Network) -> None:
    network.on("DELETE", TASK, {})
    network.on("GET", TASK, task("queued"), task("cancelled"))
    waiting = client.submit("byteplus/seedance-2.0", KITE)
    assert client.cancel(waiting).state == "cancelled"
    network.on("GET", TASK, task("running"))
    running = client.submit("byteplus/seedance-2.0", Request("Another"))
    with pytest.raises(NotOfferedError):
        client.cancel(running)
    assert [call.method for call in network.calls].count("DELETE") == 1


def test_what_has_ended_is_not_erased(client: Client, network: Network) -> None:
    network.on("GET", TASK, done(108900))
    made = client.submit("byteplus/seedance-2.0", KITE)
    assert client.cancel(made).state == "completed"
    assert all(call.method != "DELETE" for call in network.calls)


def test_a_task_that_begins_before_it_is_cancelled_continues(
    client: Client, network: Network
) -> None:
    code = {"code": "InvalidAction.RunningTaskDeletion", "message": "It is currently running."}
    network.on("GET", TASK, task("queued"))
    network.on("DELETE", TASK, Answer(409, {}, json.dumps({"error": code}).encode()))
    made = client.submit("byteplus/seedance-2.0", KITE)
    with pytest.raises(StillRunningError, match="currently running"):
        client.cancel(made)


def test_refused_content_names_its_reason(client: Client, network: Network) -> None:
    code = {"code": "InputTextSensitiveContentDetected", "message": "The text is sensitive."}
    network.on("POST", TASKS, Answer(400, {}, json.dumps({"error": code}).encode()))
    with pytest.raises(RefusedError, match="The text is sensitive"):
        client.submit("byteplus/seedance-2.0", KITE)
