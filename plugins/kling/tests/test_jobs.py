"""Whole jobs at Kling through a client, with either generation; its keys, costs, callbacks."""

import asyncio
import base64
import hmac
import json
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
    OutcomeUnknownError,
    RefusedError,
    Request,
    Shot,
    StillRunningError,
    Task,
    Video,
)
from rushes.plugins import Registry
from rushes.testing import DROPPED, Clock, Network, check
from rushes_kling import current, kling_3, kling_3_omni, kling_v2_6, kling_v3

PLUGINS = [kling_3.plugin, kling_3_omni.plugin, kling_v2_6.plugin, kling_v3.plugin]
BASE = "https://api-singapore.klingai.com"
FRAME = [Image("https://pictures.example.com/a.png", "first_frame")]
KITE = Request("A red kite", duration=5)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NO_BALANCE = {"code": 1102, "message": "Your package is used up", "request_id": "q-1"}
TOO_MANY = {"code": 1303, "message": "parallel task over resource pack limit", "request_id": "q"}


def good(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "q-1", "data": data}


def opened(network: Network, home: Path, **keys: str) -> Client:
    return Client(
        plugins=PLUGINS, home=home, keys=keys or {"kling": "k-1"}, transport=network, clock=Clock()
    )


@pytest.fixture
def network() -> Network:
    """Return a Kling that has just accepted whatever it was sent."""
    network = Network()
    old, new = good({"task_id": "t/1", "task_status": "submitted"}), good({"id": "t/1"})
    for path in ("/v1/videos/text2video", "/v1/videos/image2video"):
        network.on("POST", path, old)
    for path in ("/text-to-video/kling-3.0", "/image-to-video/kling-3.0"):
        network.on("POST", path, new)
    network.on("POST", "/omni-video/kling-3.0-omni", new)
    return network


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Iterator[Client]:
    with opened(network, tmp_path / "home") as client:
        yield client


def lines(network: Network) -> list[str]:
    return [f"{call.method} {call.url.removeprefix(BASE)}" for call in network.calls]


@pytest.mark.parametrize(("images", "kind"), [([], "text2video"), (FRAME, "image2video")])
def test_an_older_task_is_asked_for_where_it_was_made(
    images: Any, kind: str, network: Network, tmp_path: Path
) -> None:
    made = {"task_id": "t/1", "task_status": "processing"}
    network.on("GET", f"/v1/videos/{kind}/t/1", good(made))
    with opened(network, tmp_path / "home") as client:
        task = client.submit("kling/kling-v3", Request("A red kite", images=images))
    with opened(network, tmp_path / "home") as client:
        assert client.refresh(task.id).state == "in_progress"
    assert lines(network) == [f"POST /v1/videos/{kind}", f"GET /v1/videos/{kind}/t%2F1"]
    body = network.calls[0].json()
    assert (body["model_name"], body["external_task_id"]) == ("kling-v3", task.client_id)
    assert network.calls[1].headers["authorization"] == "Bearer k-1"


def test_a_newer_task_is_found_in_a_list(network: Network, client: Client) -> None:
    task = client.submit("kling/kling-3.0", KITE)
    charge = {"charge_type": "cash", "amount": "0.42", "currency": "USD"}
    ours = {"id": "t/1", "status": "succeeded", "billing": [charge]}
    network.on("GET", "/tasks", good([{"id": "t-2", "status": "failed"}]), good([ours]))
    with pytest.raises(StillRunningError):
        client.refresh(task)  # another's task says nothing about ours
    assert client.task(task.id).state == "queued"
    task = client.refresh(task)
    assert (task.state, task.cost) == ("completed", 0.42)
    assert lines(network)[-1] == "GET /tasks?task_ids=t%2F1"
    body = network.calls[0].json()
    assert body["options"] == {"external_task_id": task.client_id}
    assert body["settings"] == {"duration": 5}


def test_newer_tasks_that_wait_at_once_are_asked_for_in_one_call(
    network: Network, tmp_path: Path
) -> None:
    """Each gets its own film and its own bill."""
    made = [f"t-{number}" for number in range(1, 4)]
    network.on("POST", "/text-to-video/kling-3.0", *(good({"id": name}) for name in made))
    listed = [
        {
            "id": name,
            "status": "succeeded",
            "outputs": [{"type": "video", "url": f"https://films.example.com/{name}.mp4"}],
            "billing": [{"charge_type": "cash", "amount": f"0.{number}", "currency": "USD"}],
        }
        for number, name in enumerate(made, 1)
    ]
    network.on("GET", "/tasks", good(listed[::-1]))

    async def run() -> list[Task]:
        async with AsyncClient(
            plugins=PLUGINS,
            journal=None,
            home=tmp_path,
            keys={"kling": "k-1"},
            transport=network,
            clock=Clock(),
        ) as client:
            tasks = [await client.submit("kling/kling-3.0", KITE) for _ in made]
            return await asyncio.gather(*(client.wait(task) for task in tasks))

    tasks = asyncio.run(run())
    assert lines(network)[3:] == ["GET /tasks?task_ids=t-1,t-2,t-3"]
    films = [f"https://films.example.com/{name}.mp4" for name in made]
    assert [task.results[0].url for task in tasks] == films
    assert [task.cost for task in tasks] == [0.1, 0.2, 0.3]


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_pair_of_keys_signs_a_token_that_lasts_half_an_hour(
    network: Network, tmp_path: Path
) -> None:
    keys = {"kling.access_key": "half-one", "kling.secret_key": "half-two"}
    clock = Clock()
    with Client(
        plugins=PLUGINS, home=tmp_path / "home", keys=keys, transport=network, clock=clock
    ) as client:
        for _ in range(2):
            client.submit("kling/kling-v2-6", KITE)
        clock.advance(1800)
        client.submit("kling/kling-v2-6", KITE)
    tokens = [call.headers["authorization"].removeprefix("Bearer ") for call in network.calls]
    assert tokens[0] == tokens[1] != tokens[2]
    header, claims, signature = tokens[0].split(".")
    assert decoded(header) == {"alg": "HS256", "typ": "JWT"}
    said = decoded(claims)
    assert said["iss"] == "half-one"
    assert said["exp"] - said["nbf"] == 1805
    wanted = hmac.digest(b"half-two", f"{header}.{claims}".encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == wanted


def test_the_pair_of_keys_is_not_for_the_newer_generation() -> None:
    assert kling_3.plugin.secrets == kling_3_omni.plugin.secrets == (("api_key",),)
    assert ("access_key", "secret_key") in kling_v3.plugin.secrets


@pytest.mark.parametrize("model", ["kling-v2-6", "kling-3.0"])
def test_an_empty_account_is_told_from_a_busy_one(
    model: str, network: Network, client: Client
) -> None:
    path = "/v1/videos/text2video" if model == "kling-v2-6" else "/text-to-video/kling-3.0"
    network.on("POST", path, Answer(429, {}, json.dumps(NO_BALANCE).encode()))
    with pytest.raises(RefusedError, match="used up") as caught:
        client.submit(f"kling/{model}", KITE)
    assert caught.value.refusal is not None
    assert caught.value.refusal.kind == "balance"
    accepted = good({"task_id": "t-1"} if model == "kling-v2-6" else {"id": "t-1"})
    network.on("POST", path, Answer(429, {}, json.dumps(TOO_MANY).encode()), accepted)
    assert client.submit(f"kling/{model}", KITE).remote_id == "t-1"
    assert len(network.calls) == 3


@pytest.mark.parametrize(
    ("answer", "remote_id"),
    [
        ({"task_id": "t-9", "task_info": {"external_task_id": "job-7"}}, "t-9"),
        ({"task_id": "t-9", "task_info": {"external_task_id": "job-8"}}, None),
        ({"task_id": "t-9"}, None),
    ],
)
def test_an_older_submit_that_was_lost_is_looked_up_by_our_id(
    answer: Any, remote_id: str | None, network: Network, client: Client
) -> None:
    network.on("POST", "/v1/videos/image2video", DROPPED)
    network.on("GET", "/v1/videos/image2video/job-7", good(answer))
    request = Request("A red kite", images=FRAME)
    if remote_id:
        assert client.submit("kling/kling-v3", request, task="job-7").remote_id == remote_id
    else:
        with pytest.raises(OutcomeUnknownError):
            client.submit("kling/kling-v3", request, task="job-7")
    assert lines(network).count("POST /v1/videos/image2video") == 1  # a second would be paid for


def test_a_newer_submit_that_was_lost_is_looked_up_by_our_id(
    network: Network, client: Client
) -> None:
    network.on("POST", "/omni-video/kling-3.0-omni", DROPPED)
    network.on("GET", "/tasks", good([{"id": "t-9", "status": "submitted"}]))
    task = client.submit("kling/kling-3.0-omni", KITE, task="job-7")
    assert task.remote_id == "t-9"
    assert lines(network)[-1] == "GET /tasks?external_task_ids=job-7"


@pytest.mark.parametrize("model", ["kling-v2-6", "kling-v3", "kling-3.0", "kling-3.0-omni"])
def test_a_local_image_goes_into_the_request(
    model: str, network: Network, client: Client, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    client.submit(f"kling/{model}", Request("k", images=[Image(str(picture), "first_frame")]))
    (sent,) = network.calls
    body = sent.json()
    frames = [item["url"] for item in body.get("contents", ()) if item["type"] == "first_frame"]
    assert frames or [body["image"]] == [base64.b64encode(PNG).decode()]
    assert frames in ([], [base64.b64encode(PNG).decode()])


def priced(model: str, request: Any) -> float | None:
    report = check(Registry(plugins=PLUGINS).get(f"kling/{model}"), request)
    assert report.valid, report.problems
    return report.cost


CLIP = "https://pictures.example.com/a.mp4"


@pytest.mark.parametrize(
    ("model", "request_", "usd"),
    [
        ("kling-v2-6", Request("k"), 0.21),
        ("kling-v2-6", Request("k", resolution="1080p", audio=True, duration=10), 1.4),
        ("kling-v3", Request("k", duration=3), 0.252),
        ("kling-v3", Request("k", audio=True, resolution="4k"), 2.1),
        ("kling-3.0", Request("k", audio=True, duration=15), 1.89),
        ("kling-3.0-omni", Request("k", audio=True, resolution="1080p"), 0.7),
        ("kling-3.0-omni", Request("k", videos=[Video(CLIP, "reference")]), 0.63),
        ("kling-3.0-omni", Request("k", videos=[Video(CLIP, "edit")]), None),
    ],
)
def test_the_price_is_that_of_the_page(model: str, request_: Request, usd: float | None) -> None:
    assert priced(model, request_) == usd


def test_shots_are_written_into_the_prompt() -> None:
    request = Request(shots=[Shot("A door opens", 3), Shot("A cat leaves", 2.0)])
    for model, at in (("kling-3.0", "prompt"), ("kling-3.0-omni", "contents")):
        report = check(Registry(plugins=PLUGINS).get(f"kling/{model}"), request)
        text = getattr(report.payload, at)
        text = text if at == "prompt" else text[0].text
        assert text == "shot 1, 3, A door opens; shot 2, 2, A cat leaves;"


@pytest.mark.parametrize(
    ("shots", "more", "paths"),
    [
        ([Shot("k")], {}, ["shots[0].duration"]),
        ([Shot("k", 0.5), Shot("l", 4.5)], {}, ["shots[0].duration", "shots[1].duration"]),
        ([Shot("k; l", 5)], {}, ["shots[0].prompt"]),
        ([Shot("k" * 513, 5)], {}, ["shots[0].prompt"]),
        ([Shot("k", 1)] * 7, {}, ["shots"]),
        ([Shot("k", 4)], {"duration": 5}, ["shots"]),
        ([Shot("k", 4)], {"extra": {"settings": {"duration": 5}}}, ["shots"]),
        ([Shot("k", 16)], {}, ["shots"]),
        ([Shot("k", 5)], {"prompt": "k"}, ["shots"]),
    ],
)
@pytest.mark.parametrize("model", ["kling-3.0", "kling-3.0-omni"])
def test_shots_that_no_prompt_can_hold_are_refused(
    model: str, shots: list[Shot], more: dict[str, Any], paths: list[str]
) -> None:
    report = check(Registry(plugins=PLUGINS).get(f"kling/{model}"), Request(shots=shots, **more))
    assert [problem.path for problem in report.problems] == paths


VECTOR = Delivery(
    {
        "webhook-id": "9876543210",
        "webhook-timestamp": "1781080794",
        "webhook-signature": "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
    },
    b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,'
    b'"update_time":1781080794151}',
)
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="


def test_klings_own_example_of_a_signature_is_verified() -> None:
    event = current.parse_webhook(VECTOR, [SECRET], 1781080800.0)
    assert event is not None
    assert (event.remote_id, event.id, event.verified) == ("1234567890", "9876543210", True)


@pytest.mark.parametrize(
    ("secrets", "now"),
    [
        ([], 1781080800.0),
        (["whsec_AAAA"], 1781080800.0),
        (["whsec_"], 1781080800.0),
        (["whsec_\u00e9"], 1781080800.0),
        (["whsec_A"], 1781080800.0),
        ([SECRET], 1781081200.0),
    ],
)
def test_a_forged_or_late_callback_is_no_event(secrets: list[str], now: float) -> None:
    assert current.parse_webhook(VECTOR, secrets, now) is None
