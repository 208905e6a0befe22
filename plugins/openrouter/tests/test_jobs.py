"""Whole jobs at OpenRouter through a client, against a scripted network."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rushes import (
    Answer,
    Client,
    Image,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    Request,
    TaskEndedError,
)
from rushes.testing import DROPPED, Clock, Network
from rushes_openrouter.listing import snapshot
from rushes_openrouter.variants import variants

VIDEOS, JOB = "/api/v1/videos", "/api/v1/videos/gen-vid-1"
CONTENT = "https://openrouter.ai/api/v1/videos/gen-vid-1/content?index=0"
STORED = "https://store.example.com/v.mp4?sig=x"
STD, VEO = "openrouter/kling-v3.0-std", "openrouter/veo-3.1"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
KITE = Request("A red kite", duration=5, aspect_ratio="16:9")


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


VIDEO = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(2048)) + box(b"moov", b"m")


def job(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "gen-vid-1", "polling_url": JOB, "status": status, **more}


def refused(status: int, message: str, **metadata: Any) -> Answer:
    error = {"code": status, "message": message, "metadata": metadata}
    return Answer(status, {}, json.dumps({"error": error}).encode())


@pytest.fixture
def network() -> Network:
    """Return a provider that has made the video at the third poll."""
    network = Network()
    network.on("POST", VIDEOS, Answer(202, {}, json.dumps(job("pending")).encode()))
    done = job("completed", unsigned_urls=[CONTENT], usage={"cost": 0.63})
    network.on("GET", JOB, job("pending"), job("in_progress"), done)
    network.on("GET", f"{JOB}/content", VIDEO)
    return network


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Iterator[Client]:
    with Client(
        plugins=variants(snapshot()), home=tmp_path / "home",
        keys={"openrouter": "any"}, transport=network, clock=Clock(),
    ) as client:  # fmt: skip
        yield client


def test_the_model_keeps_its_slash_and_the_bill_is_the_routers(
    client: Client, network: Network, tmp_path: Path
) -> None:
    made = client.generate(STD, KITE, output=tmp_path / "kite.mp4")
    assert (made.state, made.estimate, made.cost) == ("completed", 0.63, 0.63)
    assert (tmp_path / "kite.mp4").read_bytes() == VIDEO
    assert network.calls[0].json() == {
        "model": "kwaivgi/kling-v3.0-std",
        "prompt": "A red kite",
        "duration": 5,
        "aspect_ratio": "16:9",
    }
    assert network.calls[-1].url == CONTENT
    assert {call.headers.get("authorization") for call in network.calls} == {"Bearer any"}


def test_a_redirect_from_the_content_does_not_get_the_key(
    client: Client, network: Network, tmp_path: Path
) -> None:
    network.on("GET", f"{JOB}/content", Answer(302, {"location": STORED}))
    network.on("GET", "/v.mp4", VIDEO)
    client.generate(STD, KITE, output=tmp_path / "kite.mp4")
    asked, fetched = network.calls[-2:]
    assert asked.headers["authorization"] == "Bearer any"
    assert (fetched.url, fetched.headers.get("authorization")) == (STORED, None)


@pytest.mark.parametrize(
    ("offered", "tried"),
    [
        ({"urls": [STORED], "unsigned_urls": [CONTENT]}, [STORED]),
        ({"unsigned_urls": [STORED]}, [STORED]),
        ({"urls": ["https://gone.example.com/gone.mp4"], "unsigned_urls": [CONTENT]},
         ["https://gone.example.com/gone.mp4", CONTENT]),
    ],
)  # fmt: skip
def test_only_openrouters_own_addresses_get_the_key(
    offered: Any, tried: list[str], client: Client, network: Network, tmp_path: Path
) -> None:
    network.on("GET", JOB, job("completed", **offered))
    network.on("GET", "/v.mp4", VIDEO)
    network.on("GET", "/gone.mp4", b"<html>it is not here</html>")
    client.generate(STD, KITE, output=tmp_path / "kite.mp4")
    assert (tmp_path / "kite.mp4").read_bytes() == VIDEO
    fetched = [call for call in network.calls if call.url != f"https://openrouter.ai{JOB}"][1:]
    assert list(dict.fromkeys(call.url for call in fetched)) == tried
    for call in fetched:
        assert ("authorization" in call.headers) == (call.url == CONTENT)


def test_two_videos_are_two_files(client: Client, network: Network, tmp_path: Path) -> None:
    second = CONTENT.replace("index=0", "index=1")
    network.on("GET", JOB, job("completed", unsigned_urls=[CONTENT, second]))
    made = client.generate(STD, KITE, output=tmp_path / "kite.mp4")
    assert [Path(file).name for file in made.files] == ["kite.mp4", "kite-2.mp4"]


def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(
    client: Client, network: Network
) -> None:
    network.on("POST", VIDEOS, DROPPED)
    with pytest.raises(OutcomeUnknownError):
        client.submit(STD, KITE)
    assert len(network.calls) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(403, "Flagged.", reasons=["violence"]), "Flagged"),
        (refused(400, "No.", error_type="content_policy_violation"), "No"),
    ],
)
def test_a_documented_refusal_is_one(
    answer: Answer, said: str, client: Client, network: Network
) -> None:
    network.on("POST", VIDEOS, answer)
    with pytest.raises(RefusedError, match=said):
        client.submit(VEO, Request("And on", continues="gen-vid-0"))
    assert network.calls[0].json()["previous_job_id"] == "gen-vid-0"


def test_nothing_can_be_cancelled(client: Client, network: Network) -> None:
    made = client.submit(STD, KITE)
    with pytest.raises(NotOfferedError):
        client.cancel(made)
    assert [call.method for call in network.calls] == ["POST"]


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_the_error_is_quoted(state: str, client: Client, network: Network) -> None:
    network.on("GET", JOB, job(state, error="Job exceeded its time to live"))
    with pytest.raises(TaskEndedError, match="time to live") as caught:
        client.wait(client.submit(STD, KITE))
    assert caught.value.task is not None
    assert caught.value.task.state == state


def test_a_local_image_goes_into_the_payload(
    client: Client, network: Network, tmp_path: Path
) -> None:
    (tmp_path / "kite.png").write_bytes(PNG)
    image = Image(str(tmp_path / "kite.png"), "last_frame")
    client.submit(STD, Request("k", images=[image]))
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert network.calls[0].json()["frame_images"] == [
        {"type": "image_url", "image_url": {"url": data}, "frame_type": "last_frame"}
    ]
