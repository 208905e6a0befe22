"""Whole jobs at fal through a client: the queue, two answers for one status, uploads, cancels."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rushes import (
    Answer,
    Client,
    ConfigurationError,
    Image,
    OutcomeUnknownError,
    RefusedError,
    Request,
    Shot,
    StillRunningError,
    TaskEndedError,
)
from rushes.plugins import Registry
from rushes.testing import DROPPED, Clock, Network, check
from rushes_fal import kling_v3

PLUGINS = [kling_v3.standard, kling_v3.pro]
QUEUE = "https://queue.fal.run/fal-ai/kling-video/requests/r-1"
PLACE = "/fal-ai/kling-video/requests/r-1"
TEXT = "/fal-ai/kling-video/v3/pro/text-to-video"
FRAME = "/fal-ai/kling-video/v3/pro/image-to-video"
SUBMITTED = {
    "status": "IN_QUEUE",
    "request_id": "r-1",
    "response_url": QUEUE,
    "status_url": f"{QUEUE}/status",
    "cancel_url": f"{QUEUE}/cancel",
}
KITE = Request("A red kite", duration=5)
FILM = "https://v3.fal.media/films/1.mp4"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def says(status: int, body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def phase(word: str, **more: Any) -> dict[str, Any]:
    return {"status": word, "request_id": "r-1", **more}


@pytest.fixture
def network() -> Network:
    """Return a queue that has just accepted a request."""
    network = Network()
    for path in (TEXT, FRAME):
        network.on("POST", path, SUBMITTED)
    return network


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Iterator[Client]:
    with Client(
        plugins=PLUGINS,
        home=tmp_path / "home",
        keys={"fal": "k-1"},
        transport=network,
        clock=Clock(),
    ) as client:
        yield client


def lines(network: Network) -> list[str]:
    return [f"{call.method} {call.url}" for call in network.calls]


def test_a_status_takes_two_answers(network: Network, client: Client) -> None:
    # fal answers 202 until the request is completed.
    under_way = says(202, phase("IN_PROGRESS"))
    network.on("GET", f"{PLACE}/status", under_way, phase("COMPLETED"))
    network.on("GET", PLACE, {"video": {"url": FILM}})
    task = client.submit("fal/kling-v3-pro", KITE)
    assert client.refresh(task).state == "in_progress"
    task = client.refresh(task)
    assert (task.state, [result.url for result in task.results]) == ("completed", [FILM])
    assert lines(network)[1:] == [
        f"GET {QUEUE}/status", f"GET {QUEUE}/status", f"GET {QUEUE}",
    ]  # fmt: skip
    for call in network.calls:
        assert call.headers["authorization"] == "Key k-1"
        assert call.headers["x-fal-no-retry"] == "1"


@pytest.mark.parametrize(
    ("word", "result", "reason"),
    [
        (
            phase("COMPLETED"),
            says(422, {"detail": [{"msg": "Not this.", "type": "content_policy_violation"}]}),
            "Not this.",
        ),
        (phase("COMPLETED", error="Gone", error_type="runner_disconnected"), None, "Gone"),
    ],
)
def test_a_request_that_completed_with_an_error_has_failed(
    word: Any, result: Any, reason: str, network: Network, client: Client
) -> None:
    network.on("GET", f"{PLACE}/status", word)
    if result is not None:
        network.on("GET", PLACE, result)
    with pytest.raises(TaskEndedError, match=reason):
        client.wait(client.submit("fal/kling-v3-pro", KITE))


def test_a_result_that_cannot_be_had_now_is_asked_for_again(
    network: Network, client: Client
) -> None:
    network.on("GET", f"{PLACE}/status", phase("COMPLETED"))
    network.on("GET", PLACE, says(500, {"detail": "Later."}), {"video": {"url": FILM}})
    assert client.wait(client.submit("fal/kling-v3-pro", KITE)).state == "completed"


def test_an_account_without_credit_is_told_from_a_wrong_key(
    network: Network, client: Client
) -> None:
    network.on("POST", TEXT, says(403, {"detail": "User is locked. Reason: Exhausted balance."}))
    with pytest.raises(RefusedError, match="Exhausted balance") as caught:
        client.submit("fal/kling-v3-pro", KITE)
    assert caught.value.refusal is not None
    assert caught.value.refusal.kind == "balance"


def test_a_local_image_is_uploaded_in_two_steps(
    network: Network, client: Client, tmp_path: Path
) -> None:
    place = {"upload_url": "https://store.example.com/1?sig=x", "file_url": FILM + ".png"}
    network.on("POST", "/storage/upload/initiate", place)
    network.on("PUT", "/1", b"")
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    request = Request("k", images=[Image(str(picture), "first_frame")])
    client.submit("fal/kling-v3-pro", request)
    begun, stored, sent = network.calls
    assert begun.url == "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert begun.headers["authorization"] == "Key k-1"
    assert (stored.url, stored.body) == (place["upload_url"], PNG)
    assert "authorization" not in stored.headers
    assert sent.url == f"https://queue.fal.run{FRAME}"
    assert sent.json()["start_image_url"] == place["file_url"]


def test_the_address_to_notify_is_in_the_endpoint_s_address(
    network: Network, client: Client
) -> None:
    payload = {"prompt": "A red kite", "fal_webhook": "https://me.example.com/fal?a=1&b=2"}
    client.submit("fal/kling-v3-pro", Request(extra=payload))
    (sent,) = network.calls
    query = "fal_webhook=https%3A%2F%2Fme.example.com%2Ffal%3Fa%3D1%26b%3D2"
    assert sent.url == f"https://queue.fal.run{TEXT}?{query}"
    assert sent.json() == {"prompt": "A red kite"}


def test_a_lost_answer_is_unknown_and_resolved_with_the_addresses(
    network: Network, client: Client
) -> None:
    network.on("POST", TEXT, DROPPED)
    with pytest.raises(OutcomeUnknownError) as caught:
        client.submit("fal/kling-v3-pro", KITE)
    assert lines(network) == [f"POST https://queue.fal.run{TEXT}"]  # a second would be paid for
    assert caught.value.task is not None
    with pytest.raises(ConfigurationError, match="status_url"):
        client.resolve(caught.value.task, remote_id="r-1")
    memo = {name: SUBMITTED[name] for name in ("status_url", "response_url", "cancel_url")}
    client.resolve(caught.value.task, remote_id="r-1", memo=memo)
    network.on("GET", f"{PLACE}/status", phase("COMPLETED"))
    network.on("GET", PLACE, {"video": {"url": FILM}})
    assert client.wait(caught.value.task.id).state == "completed"


def test_a_key_goes_to_no_address_of_somebody_else(network: Network, client: Client) -> None:
    elsewhere = {**SUBMITTED, "status_url": "https://evil.example.com/status"}
    network.on("POST", TEXT, elsewhere)
    task = client.submit("fal/kling-v3-pro", KITE)
    with pytest.raises(StillRunningError, match=r"is not at https://queue\.fal\.run"):
        client.refresh(task)
    assert not any("evil" in line for line in lines(network))


def test_a_cancel_is_a_request_that_may_come_too_late(network: Network, client: Client) -> None:
    task = client.submit("fal/kling-v3-pro", KITE)
    cancelled = phase("COMPLETED", error="Cancelled", error_type="client_cancelled")
    network.on("GET", f"{PLACE}/status", says(202, phase("IN_QUEUE")), cancelled)
    network.on("PUT", f"{PLACE}/cancel", says(202, {"status": "CANCELLATION_REQUESTED"}))
    assert client.cancel(task).state == "cancelled"
    assert f"PUT {QUEUE}/cancel" in lines(network)


def test_a_refused_cancel_is_told(network: Network, client: Client) -> None:
    task = client.submit("fal/kling-v3-pro", KITE)
    network.on("GET", f"{PLACE}/status", says(202, phase("IN_PROGRESS")))
    network.on("PUT", f"{PLACE}/cancel", says(400, {"status": "ALREADY_COMPLETED"}))
    with pytest.raises(StillRunningError):
        client.cancel(task)
    assert not client.task(task.id).ended


@pytest.mark.parametrize(
    ("model", "request_", "usd"),
    [
        ("kling-v3-standard", Request("k"), 0.63),
        ("kling-v3-standard", Request("k", audio=False, duration=10), 0.84),
        ("kling-v3-pro", Request("k", duration=15), 2.52),
        ("kling-v3-pro", Request("k", audio=False, duration=3), 0.336),
        ("kling-v3-pro", Request(shots=[Shot("k", 3), Shot("l", 4)], audio=False), 0.784),
    ],
)
def test_the_price_is_that_of_the_page(model: str, request_: Request, usd: float) -> None:
    report = check(Registry(plugins=PLUGINS).get(f"fal/{model}"), request_)
    assert report.cost == usd
