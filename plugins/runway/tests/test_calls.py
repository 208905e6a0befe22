"""Runway's calls: addresses, headers, uploads, cancelling, and what is read of the answers."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import (
    Answer,
    Call,
    Client,
    Image,
    Polling,
    RefusedError,
    Request,
    RequestError,
    RushesError,
    StillRunningError,
)
from rushes.testing import Clock, Network

KEY = "key_of_nobody"
TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"
OTHER = "00000000-6c24-4c16-946b-35dbbce2af2f"
GEN, STANDARD, PRO = "runway/gen4.5", "runway/kling3.0_standard", "runway/kling3.0_pro"
IMAGE = "https://pictures.example.com/a.png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
KITE = Request("A red kite")
MADE = {"id": TASK, "estimatedCost": {"credits": 60}}
DONE = {
    "id": TASK,
    "createdAt": "2026-11-21T10:00:00.000Z",
    "status": "SUCCEEDED",
    "cost": {"credits": 60},
    "output": ["https://videos.example.org/a.mp4?_jwt=x"],
}


def running(**more: Any) -> dict[str, Any]:
    return {"id": TASK, "createdAt": DONE["createdAt"], "status": "RUNNING", **more}


@pytest.fixture
def network() -> Network:
    network = Network()
    network.on("POST", "/v1/text_to_video", MADE)
    network.on("POST", "/v1/image_to_video", MADE)
    return network


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Any:
    with Client(
        keys={"runway": KEY},
        home=tmp_path / "home",
        transport=network,
        clock=Clock(),
        polling=Polling(first=10, every=60, at_most=600),
    ) as one:
        yield one


def body(call: Call) -> Any:
    return json.loads(call.body or b"")


def pages(client: Client, variant: str, request: Request) -> tuple[Any, dict[str, str]]:
    """Return what would be sent, and the notes by their codes."""
    report = client.check(variant, request)
    assert not report.problems
    return msgspec.to_builtins(report.payload), {note.code: note.path for note in report.notes}


@pytest.mark.parametrize("variant", [GEN, STANDARD, PRO])
@pytest.mark.parametrize(
    ("images", "path"),
    [((), "/v1/text_to_video"), ((Image(IMAGE, "first_frame"),), "/v1/image_to_video")],
)
def test_a_submit_is_one_post_whose_path_depends_on_the_images(
    variant: str, images: Any, path: str, network: Network, client: Client
) -> None:
    client.submit(variant, Request("A red kite", images=list(images)))
    (call,) = network.calls
    assert (call.method, call.url) == ("POST", f"https://api.dev.runwayml.com{path}")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["x-runway-version"] == "2024-11-06"
    assert call.headers["content-type"].startswith("application/json")
    assert body(call)["model"] == variant.partition("/")[2]


def test_every_poll_names_the_version_too(network: Network, client: Client) -> None:
    network.on("GET", f"/v1/tasks/{TASK}", running(progress=0.5), DONE)
    network.on("GET", "/a.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(64))
    task = client.wait(client.submit(GEN, KITE))
    with suppress(RushesError):  # what is fetched is no video
        client.fetch(task)
    polls = [call for call in network.calls if "/v1/tasks/" in call.url]
    assert len(polls) == 2
    assert all(call.headers["x-runway-version"] == "2024-11-06" for call in polls)
    fetched = [call for call in network.calls if call.url.startswith("https://videos.")]
    assert fetched
    assert not any("authorization" in call.headers for call in fetched)
    assert client.task(task.id).cost == 0.6


def test_another_tasks_answer_is_not_believed(network: Network, client: Client) -> None:
    network.on("GET", f"/v1/tasks/{TASK}", {**DONE, "id": OTHER})
    task = client.submit(GEN, KITE)
    with pytest.raises(StillRunningError):
        client.wait(task, timeout=300)
    assert client.task(task.id).state == "queued"


def place(uri: object = "runway://abc", url: object = "https://bucket.example.org/up") -> Any:
    fields = {"key": "k/a.png", "policy": "p", "x-odd": 7}
    return {"uploadUrl": url, "fields": fields, "runwayUri": uri}


def local(folder: Path, *roles: Any) -> Request:
    file = folder / "lamp.png"
    file.write_bytes(PNG)
    return Request("A lamp", images=[Image(str(file), role) for role in roles])


def test_an_image_is_uploaded_in_two_steps(
    network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("POST", "/v1/uploads", place())
    network.on("POST", "/up", b"")
    client.submit(GEN, local(tmp_path, "first_frame"))
    reserved, sent, submit = network.calls
    assert body(reserved) == {"filename": "lamp.png", "type": "ephemeral"}
    assert reserved.headers["authorization"] == f"Bearer {KEY}"
    assert reserved.headers["x-runway-version"] == "2024-11-06"
    assert sent.url == "https://bucket.example.org/up"
    assert KEY not in str(sent.headers)
    assert KEY.encode() not in (sent.body or b"")
    assert (sent.body or b"").index(b'name="policy"') < (sent.body or b"").index(b'name="file"')
    assert b"x-odd" not in (sent.body or b"")
    assert PNG in (sent.body or b"")
    assert submit.url.endswith("/v1/image_to_video")
    assert body(submit)["promptImage"] == "runway://abc"


def test_both_frames_of_kling_are_uploaded(
    network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("POST", "/v1/uploads", place())
    network.on("POST", "/up", b"")
    client.submit(PRO, local(tmp_path, "last_frame", "first_frame"))
    found = body(network.calls[-1])["promptImage"]
    assert {image["position"]: image["uri"] for image in found} == {
        "first": "runway://abc",
        "last": "runway://abc",
    }


@pytest.mark.parametrize("odd", [place(url=None), {**place(), "fields": []}, place(uri=7), {}, []])
def test_without_a_place_nothing_is_paid_for(
    odd: Any, network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("POST", "/v1/uploads", odd)
    network.on("POST", "/up", b"")
    with pytest.raises(RushesError):
        client.submit(GEN, local(tmp_path, "first_frame"))
    assert not any("_to_video" in call.url for call in network.calls)


def test_only_the_documented_kinds_are_uploaded(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "a.gif"
    file.write_bytes(b"GIF89a" + bytes(24))
    (problem,) = client.check(
        GEN, Request("A lamp", images=[Image(str(file), "first_frame")])
    ).problems
    assert problem.path == "images[0].url"


@pytest.mark.parametrize("variant", [GEN, PRO])
def test_images_are_fetched_over_https_only(variant: str, client: Client) -> None:
    over_http = Image(IMAGE.replace("https", "http"), "first_frame")
    (problem,) = client.check(variant, Request("A lamp", images=[over_http])).problems
    assert problem.path == "images[0].url"
    assert "https" in problem.message


def test_what_runway_requires_is_filled_in_and_said(client: Client) -> None:
    payload, notes = pages(client, GEN, KITE)
    assert (payload["ratio"], payload["duration"]) == ("1280:720", 5)
    assert notes["ratio_filled_in"] == "aspect_ratio"
    assert notes["duration_filled_in"] == "duration"
    payload, notes = pages(client, GEN, Request("Kites", duration=3, aspect_ratio="9:16"))
    assert (payload["ratio"], payload["duration"]) == ("720:1280", 3)
    assert not notes
    payload, _ = pages(client, PRO, KITE)
    assert payload["ratio"] == "1920:1080"
    payload, notes = pages(client, PRO, Request("Kites", images=[Image(IMAGE, "first_frame")]))
    assert "ratio" not in payload
    assert "ratio_filled_in" not in notes


def test_a_native_payload_is_not_filled_in(client: Client) -> None:
    native = Request(extra={"model": "gen4.5", "promptText": "Kites"})
    paths = {problem.path for problem in client.check(GEN, native).problems}
    assert paths == {"ratio", "duration"}
    native = Request(extra={"model": "kling3.0_pro", "promptText": "Kites"})
    assert [problem.path for problem in client.check(PRO, native).problems] == ["ratio"]
    beside = Request("Kites", extra={"ratio": "720:1280", "duration": 2})
    payload, notes = pages(client, GEN, beside)
    assert (payload["ratio"], payload["duration"]) == ("720:1280", 2)
    assert not notes


FRAMES = [Image(IMAGE, "first_frame")]


@pytest.mark.parametrize(
    ("variant", "request_", "cost"),
    [
        (GEN, KITE, 0.60),
        (GEN, Request("Kites", duration=10), 1.20),
        (GEN, Request("Kites", duration=2, images=FRAMES), 0.24),
        (GEN, Request("Kites", duration=5, extra={"outputFormat": "hlg"}), 1.60),
        (GEN, Request("Kites", duration=5, extra={"outputFormat": "mp4"}), 0.60),
        (STANDARD, Request("Kites", duration=5, audio=False), 0.45),
        (STANDARD, Request("Kites", duration=5, audio=True), 0.65),
        (STANDARD, Request("Kites", duration=5), 0.65),
        (PRO, Request("Kites", duration=5, audio=False), 0.60),
        (PRO, Request("Kites", duration=15, audio=True), 2.55),
        (PRO, KITE, None),
    ],
)
def test_costs(variant: str, request_: Request, cost: float | None, client: Client) -> None:
    assert client.check(variant, request_).cost == cost


@pytest.mark.parametrize(("variant", "size"), [(GEN, "720p"), (STANDARD, "720p"), (PRO, "1080p")])
def test_a_model_has_one_resolution(variant: str, size: str, client: Client) -> None:
    assert client.check(variant, Request("Kites", resolution=size)).valid
    other = "1080p" if size == "720p" else "720p"
    (problem,) = client.check(variant, Request("Kites", resolution=other)).problems
    assert problem.path == "resolution"


def test_from_text_gen_has_two_ratios(client: Client) -> None:
    (problem,) = client.check(GEN, Request("Kites", aspect_ratio="1:1")).problems
    assert problem.path == "aspect_ratio"
    assert client.check(GEN, Request("Kites", aspect_ratio="1:1", images=FRAMES)).valid


def test_only_what_is_alive_is_cancelled(network: Network, client: Client) -> None:
    network.on("GET", f"/v1/tasks/{TASK}", DONE)
    task = client.submit(GEN, KITE)
    client.cancel(task)  # the same call would erase the video
    assert not [call for call in network.calls if call.method == "DELETE"]
    assert client.task(task.id).state == "completed"


def test_a_cancelled_task_is_seen_as_cancelled(network: Network, client: Client) -> None:
    cancelled = {"id": TASK, "createdAt": DONE["createdAt"], "status": "CANCELLED"}
    network.on("GET", f"/v1/tasks/{TASK}", running(), {**cancelled, "cost": {"credits": 60}})
    network.on("DELETE", f"/v1/tasks/{TASK}", b"")
    task = client.submit(GEN, KITE)
    assert client.cancel(task).state == "cancelled"
    assert [call.method for call in network.calls] == ["POST", "GET", "DELETE", "GET"]


def test_what_runway_no_longer_knows_keeps_its_state(network: Network, client: Client) -> None:
    """HTTP 404 is also the answer to another organisation's key: it is no news of the task."""
    gone = Answer(404, {}, b'{"error": "Not found"}')
    network.on("GET", f"/v1/tasks/{TASK}", running(), gone)
    network.on("DELETE", f"/v1/tasks/{TASK}", b"")
    task = client.submit(GEN, KITE)
    assert not client.cancel(task).ended


def test_a_refused_submit_says_why(network: Network, client: Client) -> None:
    issue = {"code": "too_big", "path": ["promptText"], "message": "Too long"}
    refused = {"error": "Validation of body failed", "issues": [issue]}
    network.on("POST", "/v1/text_to_video", Answer(400, {}, json.dumps(refused).encode()))
    with pytest.raises(RefusedError, match="Validation of body failed"):
        client.submit(GEN, KITE)


def test_nothing_is_sent_that_is_wrong(network: Network, client: Client) -> None:
    with pytest.raises(RequestError):
        client.submit(GEN, Request("Kites", duration=11))
    assert not network.calls
