"""The HTTP protocol of each gateway, over real sockets."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sandbox_clients import Clients, FrozenClock
from sandbox_http import PNG

SMALLEST: dict[str, dict[str, Any]] = {
    "toapis": {"model": "kling-v3", "prompt": "a lantern", "duration": 5},
    "apimart": {"model": "kling-v3", "prompt": "a lantern", "duration": 3},
    "uniall": {"model": "kling-v3-std-silent", "prompt": "a lantern", "duration": 3},
}
GATEWAYS = sorted(SMALLEST)

#: Without a key. httpx's own functions would load all certificates with every call.
web = httpx.Client(verify=False, timeout=120)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with web:
        yield


def error(response: httpx.Response) -> Any:
    assert response.headers["content-type"] == "application/json"
    return response.json()["error"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_everything_but_results_needs_the_key(clients: Clients, name: str) -> None:
    client = clients[name]
    base = client.sandbox.base_urls[name]
    for authorization in ("", "Bearer", "Bearer wrong", "Basic sandbox-key", "sandbox-key"):
        headers = {"Authorization": authorization}
        for method, path in (("POST", client.submit_path), ("GET", f"{client.status_path}/x")):
            response = web.request(method, base + path, headers=headers, content=b"{}")
            assert response.status_code == 401
            assert set(error(response)) >= {"code", "message", "type"}
        if name != "uniall":
            files = {"file": ("a.png", PNG)}
            upload = web.post(f"{base}/v1/uploads/images", headers=headers, files=files)
            assert upload.status_code == 401
    assert client.sandbox.created == []


def test_toapis_has_one_format_for_submit_and_status(clients: Clients, clock: FrozenClock) -> None:
    client = clients["toapis"]
    response = client.submit(SMALLEST["toapis"]).json()
    assert response == {
        "id": response["id"],
        "object": "generation.task",
        "model": "kling-v3",
        "status": "queued",
        "progress": 0,
        "created_at": int(clock.now),
        "metadata": {},
    }
    url = client.video_url()
    done = client.poll(response["id"]).json()
    assert done["status"] == "completed"
    assert done["progress"] == 100
    assert done["completed_at"] == int(clock.now)
    assert done["expires_at"] == int(clock.now) + 86400
    assert done["result"] == {"type": "video", "data": [{"url": url, "format": "mp4"}]}


def test_apimart_has_an_envelope(clients: Clients, clock: FrozenClock) -> None:
    client = clients["apimart"]
    response = client.submit(SMALLEST["apimart"]).json()
    task = response["data"][0]["task_id"]
    assert response == {"code": 200, "data": [{"status": "submitted", "task_id": task}]}
    url = client.video_url()
    done = client.poll(task).json()
    assert done["code"] == 200
    data = done["data"]
    assert (data["id"], data["status"], data["progress"]) == (task, "completed", 100)
    assert data["cost"] == pytest.approx(3 * 0.0672)
    expires = int(clock.now) + 86400
    assert data["result"] == {"videos": [{"url": [url], "expires_at": expires}]}


def test_uniall_has_a_flat_format(clients: Clients) -> None:
    client = clients["uniall"]
    response = client.submit(SMALLEST["uniall"]).json()
    assert response["status"] == "queued"
    url = client.video_url()
    done = client.poll(response["id"]).json()
    assert (done["status"], done["progress"], done["error"]) == ("completed", 100, None)
    assert done["video_url"] == url


@pytest.mark.parametrize("clients", [{"queue_seconds": 10, "render_seconds": 20}], indirect=True)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("toapis", ["queued", "in_progress", "completed"]),
        ("apimart", ["pending", "processing", "completed"]),
        ("uniall", ["queued", "in_progress", "completed"]),
    ],
)
def test_a_task_is_queued_then_in_progress_then_completed(
    clients: Clients, clock: FrozenClock, name: str, words: list[str]
) -> None:
    client = clients[name]
    task = client.task_id(client.submit(SMALLEST[name]))
    assert client.sandbox.created[0].video.finished.wait(300)
    seen = []
    for age in (0, 9, 10, 15, 20, 29, 30, 31):
        clock.now = client.sandbox.created[0].created + age
        response = client.poll(task)
        body = response.json()
        body = body["data"] if name == "apimart" else body
        seen.append((body["status"], body["progress"]))
        assert ("retry-after" in response.headers) == (body["status"] != "completed")
    assert seen == [
        *[(words[0], 0)] * 2,
        *[(words[1], share) for share in (1, 25, 50, 95)],
        *[(words[2], 100)] * 2,
    ]


@pytest.mark.parametrize("name", GATEWAYS)
def test_an_unknown_task_is_an_error_in_the_gateways_format(clients: Clients, name: str) -> None:
    for other in GATEWAYS:
        foreign = clients[other].task_id(clients[other].submit(SMALLEST[other]))
        if other != name:
            assert clients[name].poll(foreign).status_code == 404
    response = clients[name].poll("../../etc/passwd")
    assert response.status_code == 404
    codes = {"toapis": "task_not_found", "apimart": 404, "uniall": "not_found"}
    assert error(response)["code"] == codes[name]


@pytest.mark.parametrize("name", GATEWAYS)
def test_an_error_names_the_field(clients: Clients, name: str) -> None:
    response = clients[name].submit({**SMALLEST[name], "duration": "5"})
    assert response.status_code == 400
    assert error(response)["param"] == "duration"
    assert error(response)["message"].startswith("duration: ")
    codes = {"toapis": "invalid_request", "apimart": 400, "uniall": "invalid_request_error"}
    assert error(response)["code"] == codes[name]
    assert clients[name].sandbox.created == []


NOT_OBJECTS = [
    b"",
    b"[]",
    b"null",
    b"{",
    b"\xff{}",
    b'{"model": NaN}',
    b'{"model": Infinity}',
    b'{"duration": ' + b"9" * 5000 + b"}",
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_body_that_is_not_a_json_object_is_refused(clients: Clients, name: str) -> None:
    for body in NOT_OBJECTS:
        response = clients[name].submit(body)
        assert response.status_code == 400, body[:20]
        assert error(response)


@pytest.mark.parametrize("size", [10 * 1024 * 1024 + 1, 30 * 1024 * 1024])
def test_a_body_that_is_too_large_is_refused(clients: Clients, size: int) -> None:
    response = clients["apimart"].submit(b'{"prompt":"' + b"x" * size + b'"}')
    assert response.status_code == 413
    assert error(response)["code"] == 413


def test_a_lone_surrogate_is_answered(clients: Clients) -> None:
    response = clients["toapis"].submit(rb'{"model": "kling-v3", "prompt": "x", "\ud800\"": 1}')
    assert response.status_code == 400
    assert "\ud800" in error(response)["param"]


def test_toapis_returns_the_task_of_a_client_business_id(clients: Clients) -> None:
    client = clients["toapis"]
    body = {**SMALLEST["toapis"], "client_business_id": "order/7 ä?"}
    first = client.submit(body).json()
    assert client.submit(body).json() == first
    assert client.submit({**body, "prompt": "another"}).json()["id"] == first["id"]
    found = client.client.get("/v1/videos/generations/order%2F7%20%C3%A4%3F")
    assert found.json()["id"] == first["id"]
    assert len(client.sandbox.created) == 1
    assert client.sandbox.created[0].client_id == "order/7 ä?"


def test_apimart_replays_by_its_header_only_the_same_body(clients: Clients) -> None:
    client = clients["apimart"]
    body = SMALLEST["apimart"]
    first = client.submit(body, **{"Idempotency-Key": "k"})
    again = client.submit(json.dumps(body, indent=2).encode(), **{"idempotency-key": "k"})
    assert again.json() == first.json()
    other = client.submit({**body, "duration": 4}, **{"Idempotency-Key": "k"})
    assert other.status_code == 409
    assert error(other)["code"] == 409
    assert client.submit(body, **{"Idempotency-Key": "l"}).json() != first.json()
    assert len(client.sandbox.created) == 2


def test_uniall_ignores_idempotency_keys(clients: Clients) -> None:
    client = clients["uniall"]
    for _ in range(2):
        client.submit(SMALLEST["uniall"], **{"Idempotency-Key": "k"})
    assert len(client.sandbox.created) == 2
    assert client.poll("k").status_code == 404


def test_many_submits_with_one_key_at_once_create_one_task(clients: Clients) -> None:
    client = clients["toapis"]
    # Large enough to be validated in a thread for a while, so that others could come in between.
    images = [f"https://img.example.org/{number}.png" for number in range(5000)]
    body = {**SMALLEST["toapis"], "client_business_id": "c", "reference_images": images}
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: client.submit(body).json()["id"], range(16)))
    assert len(set(responses)) == len(client.sandbox.created) == 1


@pytest.mark.parametrize("clients", [{"rate_limit": 2, "rate_window": 30.0}], indirect=True)
def test_the_rate_limit_says_how_long_to_wait_and_creates_nothing(
    clients: Clients, clock: FrozenClock
) -> None:
    client = clients["apimart"]
    assert client.submit(SMALLEST["apimart"]).status_code == 200
    clock.now += 10
    assert client.submit(SMALLEST["apimart"]).status_code == 200
    response = client.submit(SMALLEST["apimart"])
    assert (response.status_code, response.headers["retry-after"]) == (429, "20")
    assert len(client.sandbox.created) == 2
    assert clients["uniall"].submit(SMALLEST["uniall"]).status_code == 200
    clock.now += 20
    assert client.submit(SMALLEST["apimart"]).status_code == 200


@pytest.mark.parametrize("clients", [{"balance": 0.5}], indirect=True)
def test_the_balance_is_spent_and_then_exhausted(clients: Clients) -> None:
    client = clients["apimart"]
    for left in (0.2984, 0.0968):
        assert client.submit(SMALLEST["apimart"]).status_code == 200
        shown = client.client.get("/v1/balance").json()["data"]["balance"]
        assert shown == pytest.approx(left)
    response = client.submit(SMALLEST["apimart"])
    assert (response.status_code, error(response)["code"]) == (402, 402)
    toapis = clients["toapis"].submit(SMALLEST["toapis"])
    assert (toapis.status_code, error(toapis)["code"]) == (402, "insufficient_quota")
    assert len(client.sandbox.created) == 2


@pytest.mark.parametrize("clients", [{"result_lifetime": 100}], indirect=True)
def test_a_result_expires(clients: Clients, clock: FrozenClock) -> None:
    client = clients["uniall"]
    client.submit(SMALLEST["uniall"])
    url = client.video_url()
    assert web.head(url).status_code == 200
    clock.now += 100
    response = web.get(url)
    assert response.status_code == 403
    assert error(response)


def test_a_result_is_served_in_ranges_with_an_etag(clients: Clients) -> None:
    client = clients["uniall"]
    client.submit(SMALLEST["uniall"])
    url = client.video_url()
    whole = web.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert int(whole.headers["content-length"]) == len(whole.content) > 10_000
    head = web.head(url)
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]
    tag = whole.headers["etag"]
    part = web.get(url, headers={"Range": "bytes=100-199", "If-Range": tag})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    stale = web.get(url, headers={"Range": "bytes=100-199", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    beyond = web.get(url, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


def test_no_other_file_can_be_fetched(clients: Clients) -> None:
    url = clients["toapis"].sandbox.url
    for name in ("x.mp4", "..%2f..%2fetc%2fpasswd", "%2e%2e/uploads/x", "%2fetc%2fpasswd", ""):
        assert web.get(f"{url}/results/{name}").status_code == 404
        assert web.get(f"{url}/uploads/{name}").status_code == 404


def test_the_type_of_an_upload_is_detected_by_its_content(clients: Clients) -> None:
    toapis = clients["toapis"].upload(PNG, "holiday.jpg", "image/jpeg").json()
    assert toapis["success"] is True
    data = toapis["data"]
    assert (data["mime_type"], data["size"]) == ("image/png", len(PNG))
    served = web.get(data["url"])
    assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
    apimart = clients["apimart"].upload(PNG, "holiday.jpg", "text/plain").json()
    assert (apimart["filename"], apimart["content_type"]) == ("holiday.jpg", "image/png")
    assert apimart["bytes"] == len(PNG)
    assert web.get(apimart["url"]).content == PNG


def test_uploads_at_apimart_live_72_hours(clients: Clients, clock: FrozenClock) -> None:
    url = clients["apimart"].upload(PNG).json()["url"]
    clock.now += 72 * 3600
    assert web.get(url).status_code == 403


@pytest.mark.parametrize("name", ["toapis", "apimart"])
def test_an_upload_that_is_not_an_image_is_refused(clients: Clients, name: str) -> None:
    for content in (b"", b"plain words", b"<svg/>", bytes(100), b"RIFF0000WAVE"):
        response = clients[name].upload(content)
        assert response.status_code == 400
        assert error(response)["param"] == "file"


def test_uploads_are_limited_by_gateway(clients: Clients) -> None:
    content = PNG + bytes(10 * 1024 * 1024)
    assert clients["toapis"].upload(content).status_code == 413
    assert clients["apimart"].upload(content).status_code == 200
    assert clients["apimart"].upload(content * 2).status_code == 413
    assert clients["uniall"].upload(PNG).status_code == 404


def test_an_upload_without_a_file_is_refused(clients: Clients) -> None:
    client = clients["toapis"].client
    for response in (
        client.post("/v1/uploads/images", data={"file": "words"}),
        client.post("/v1/uploads/images", files={"image": ("a.png", PNG)}),
        client.post("/v1/uploads/images", content=PNG),
        client.post(
            "/v1/uploads/images",
            content=b"--x\r\nbroken",
            headers={"Content-Type": "multipart/form-data"},
        ),
    ):
        assert response.status_code == 400


def test_other_methods_and_paths_are_errors_in_the_gateways_format(clients: Clients) -> None:
    client = clients["toapis"]
    assert error(client.client.delete(client.submit_path))["code"] == "invalid_request"
    assert client.client.get("/v1/models").status_code == 404
    assert error(client.client.get("/v1/models"))["code"] == "task_not_found"


def test_every_exchange_is_recorded_before_its_response_is_sent(clients: Clients) -> None:
    client = clients["toapis"]
    sandbox = client.sandbox
    client.submit(b'{"x": 1}', **{"X-Mine": "yes"})
    exchange = sandbox.exchanges[-1]
    assert (exchange.method, exchange.path) == ("POST", "/toapis/v1/videos/generations")
    assert (exchange.body, exchange.status) == (b'{"x": 1}', 400)
    assert exchange.headers["x-mine"] == "yes"
    client.submit(SMALLEST["toapis"])
    task = sandbox.created[-1]
    assert (task.gateway, task.body, task.client_id) == ("toapis", SMALLEST["toapis"], None)


def test_a_thousand_equal_tasks_share_one_video(clients: Clients) -> None:
    client = clients["uniall"]
    body = {**SMALLEST["uniall"], "prompt": "one of a thousand"}
    for _ in range(1000):
        client.submit(body)
    videos = {id(task.video) for task in client.sandbox.created}
    assert (len(client.sandbox.created), len(videos)) == (1000, 1)
    assert len({task.id for task in client.sandbox.created}) == 1000
    assert len({task.token for task in client.sandbox.created}) == 1000
    assert web.get(client.video_url()).status_code == 200


def test_an_uploaded_image_is_shown_and_another_url_is_not_read(
    clients: Clients, clock: FrozenClock
) -> None:
    client = clients["apimart"]
    url = client.upload(PNG).json()["url"]
    body = {**SMALLEST["apimart"], "image_urls": [url, f"{url}x"]}
    client.submit(body)
    scene = client.sandbox.created[-1].video.scene
    assert scene.first is not None
    assert scene.last is not None
    assert scene.first.path is not None
    assert scene.first.path.read_bytes() == PNG
    assert (scene.last.path, scene.last.url) == (None, f"{url}x")
    clock.now += 72 * 3600
    client.submit(body)
    expired = client.sandbox.created[-1].video.scene.first
    assert expired is not None
    assert expired.path is None
