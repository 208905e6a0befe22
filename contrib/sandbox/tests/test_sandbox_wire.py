"""What goes over the wire, gateway by gateway, over real sockets."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

# The tests run with importlib's import mode, in which a conftest is not to be imported.
SMALLEST: dict[str, dict[str, Any]] = {
    "toapis": {"model": "kling-v3", "prompt": "a lantern", "duration": 5},
    "apimart": {"model": "kling-v3", "prompt": "a lantern", "duration": 3},
    "uniall": {"model": "kling-v3-std-silent", "prompt": "a lantern", "duration": 3},
}
GATEWAYS = sorted(SMALLEST)

#: Without a key. Not httpx's own functions, which load all certificates with every call.
web = httpx.Client(verify=False, timeout=120)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with web:
        yield


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def error(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["error"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_everything_but_results_needs_the_key(callers: Any, name: str) -> None:
    caller = callers[name]
    base = caller.sandbox.base_urls[name]
    for authorization in ("", "Bearer", "Bearer wrong", "Basic sandbox-key", "sandbox-key"):
        headers = {"Authorization": authorization}
        for method, path in (("POST", caller.submit_path), ("GET", f"{caller.status_path}/x")):
            answer = web.request(method, base + path, headers=headers, content=b"{}")
            assert answer.status_code == 401
            assert set(error(answer)) >= {"code", "message", "type"}
        if name != "uniall":
            files = {"file": ("a.png", PNG)}
            upload = web.post(f"{base}/v1/uploads/images", headers=headers, files=files)
            assert upload.status_code == 401
    assert caller.sandbox.created == []


def test_toapis_answers_a_submit_and_a_look_in_one_shape(callers: Any, clock: Any) -> None:
    caller = callers["toapis"]
    answer = caller.submit(SMALLEST["toapis"]).json()
    assert answer == {
        "id": answer["id"],
        "object": "generation.task",
        "model": "kling-v3",
        "status": "queued",
        "progress": 0,
        "created_at": int(clock.now),
        "metadata": {},
    }
    address = caller.video()
    done = caller.look(answer["id"]).json()
    assert done["status"] == "completed"
    assert done["progress"] == 100
    assert done["completed_at"] == int(clock.now)
    assert done["expires_at"] == int(clock.now) + 86400
    assert done["result"] == {"type": "video", "data": [{"url": address, "format": "mp4"}]}


def test_apimart_answers_in_envelopes(callers: Any, clock: Any) -> None:
    caller = callers["apimart"]
    answer = caller.submit(SMALLEST["apimart"]).json()
    task = answer["data"][0]["task_id"]
    assert answer == {"code": 200, "data": [{"status": "submitted", "task_id": task}]}
    address = caller.video()
    done = caller.look(task).json()
    assert done["code"] == 200
    data = done["data"]
    assert (data["id"], data["status"], data["progress"]) == (task, "completed", 100)
    assert data["cost"] == pytest.approx(3 * 0.0672)
    expires = int(clock.now) + 86400
    assert data["result"] == {"videos": [{"url": [address], "expires_at": expires}]}


def test_uniall_answers_plainly(callers: Any) -> None:
    caller = callers["uniall"]
    answer = caller.submit(SMALLEST["uniall"]).json()
    assert answer["status"] == "queued"
    address = caller.video()
    done = caller.look(answer["id"]).json()
    assert (done["status"], done["progress"], done["error"]) == ("completed", 100, None)
    assert done["video_url"] == address


@pytest.mark.parametrize("callers", [{"queue_seconds": 10, "render_seconds": 20}], indirect=True)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("toapis", ["queued", "in_progress", "completed"]),
        ("apimart", ["pending", "processing", "completed"]),
        ("uniall", ["queued", "in_progress", "completed"]),
    ],
)
def test_a_task_waits_then_works_then_is_complete(
    callers: Any, clock: Any, name: str, words: list[str]
) -> None:
    caller = callers[name]
    task = caller.task_id(caller.submit(SMALLEST[name]))
    assert caller.sandbox.created[0].film.finished.wait(300)
    seen = []
    for age in (0, 9, 10, 15, 20, 29, 30, 31):
        clock.now = caller.sandbox.created[0].created + age
        answer = caller.look(task)
        body = answer.json()
        body = body["data"] if name == "apimart" else body
        seen.append((body["status"], body["progress"]))
        assert ("retry-after" in answer.headers) == (body["status"] != "completed")
    assert seen == [
        *[(words[0], 0)] * 2,
        *[(words[1], share) for share in (1, 25, 50, 95)],
        *[(words[2], 100)] * 2,
    ]


@pytest.mark.parametrize("name", GATEWAYS)
def test_an_unknown_task_is_not_found_in_the_gateways_shape(callers: Any, name: str) -> None:
    for other in GATEWAYS:
        foreign = callers[other].task_id(callers[other].submit(SMALLEST[other]))
        if other != name:
            assert callers[name].look(foreign).status_code == 404
    answer = callers[name].look("../../etc/passwd")
    assert answer.status_code == 404
    codes = {"toapis": "task_not_found", "apimart": 404, "uniall": "not_found"}
    assert error(answer)["code"] == codes[name]


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_refusal_names_the_field(callers: Any, name: str) -> None:
    answer = callers[name].submit({**SMALLEST[name], "duration": "5"})
    assert answer.status_code == 400
    assert error(answer)["param"] == "duration"
    assert error(answer)["message"].startswith("duration: ")
    codes = {"toapis": "invalid_request", "apimart": 400, "uniall": "invalid_request_error"}
    assert error(answer)["code"] == codes[name]
    assert callers[name].sandbox.created == []


NO_OBJECTS = [
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
def test_what_is_no_json_object_is_refused(callers: Any, name: str) -> None:
    for body in NO_OBJECTS:
        answer = callers[name].submit(body)
        assert answer.status_code == 400, body[:20]
        assert error(answer)


@pytest.mark.parametrize("size", [10 * 1024 * 1024 + 1, 30 * 1024 * 1024])
def test_an_over_large_body_is_refused(callers: Any, size: int) -> None:
    answer = callers["apimart"].submit(b'{"prompt":"' + b"x" * size + b'"}')
    assert answer.status_code == 413
    assert error(answer)["code"] == 413


def test_text_that_utf8_cannot_carry_is_answered(callers: Any) -> None:
    answer = callers["toapis"].submit(rb'{"model": "kling-v3", "prompt": "x", "\ud800\"": 1}')
    assert answer.status_code == 400
    assert "\ud800" in error(answer)["param"]


def test_toapis_gives_back_the_task_of_a_client_business_id(callers: Any) -> None:
    caller = callers["toapis"]
    body = {**SMALLEST["toapis"], "client_business_id": "order/7 ä?"}
    first = caller.submit(body).json()
    assert caller.submit(body).json() == first
    assert caller.submit({**body, "prompt": "another"}).json()["id"] == first["id"]
    found = caller.client.get("/v1/videos/generations/order%2F7%20%C3%A4%3F")
    assert found.json()["id"] == first["id"]
    assert len(caller.sandbox.created) == 1
    assert caller.sandbox.created[0].client_id == "order/7 ä?"


def test_apimart_replays_by_its_header_only_the_same_body(callers: Any) -> None:
    caller = callers["apimart"]
    body = SMALLEST["apimart"]
    first = caller.submit(body, **{"Idempotency-Key": "k"})
    again = caller.submit(json.dumps(body, indent=2).encode(), **{"idempotency-key": "k"})
    assert again.json() == first.json()
    other = caller.submit({**body, "duration": 4}, **{"Idempotency-Key": "k"})
    assert other.status_code == 409
    assert error(other)["code"] == 409
    assert caller.submit(body, **{"Idempotency-Key": "l"}).json() != first.json()
    assert len(caller.sandbox.created) == 2


def test_uniall_knows_no_keys(callers: Any) -> None:
    caller = callers["uniall"]
    for _ in range(2):
        caller.submit(SMALLEST["uniall"], **{"Idempotency-Key": "k"})
    assert len(caller.sandbox.created) == 2
    assert caller.look("k").status_code == 404


def test_many_submits_with_one_key_at_once_create_one_task(callers: Any) -> None:
    caller = callers["toapis"]
    # Large enough to be judged in a thread for a while, where others could slip in between.
    images = [f"https://img.example.org/{number}.png" for number in range(5000)]
    body = {**SMALLEST["toapis"], "client_business_id": "c", "reference_images": images}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.submit(body).json()["id"], range(16)))
    assert len(set(answers)) == len(caller.sandbox.created) == 1


@pytest.mark.parametrize("callers", [{"rate_limit": 2, "rate_window": 30.0}], indirect=True)
def test_the_rate_limit_says_how_long_to_wait_and_creates_nothing(callers: Any, clock: Any) -> None:
    caller = callers["apimart"]
    assert caller.submit(SMALLEST["apimart"]).status_code == 200
    clock.now += 10
    assert caller.submit(SMALLEST["apimart"]).status_code == 200
    answer = caller.submit(SMALLEST["apimart"])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")
    assert len(caller.sandbox.created) == 2
    assert callers["uniall"].submit(SMALLEST["uniall"]).status_code == 200
    clock.now += 20
    assert caller.submit(SMALLEST["apimart"]).status_code == 200


@pytest.mark.parametrize("callers", [{"balance": 0.5}], indirect=True)
def test_the_balance_is_spent_and_then_missing(callers: Any) -> None:
    caller = callers["apimart"]
    for left in (0.2984, 0.0968):
        assert caller.submit(SMALLEST["apimart"]).status_code == 200
        shown = caller.client.get("/v1/balance").json()["data"]["balance"]
        assert shown == pytest.approx(left)
    answer = caller.submit(SMALLEST["apimart"])
    assert (answer.status_code, error(answer)["code"]) == (402, 402)
    toapis = callers["toapis"].submit(SMALLEST["toapis"])
    assert (toapis.status_code, error(toapis)["code"]) == (402, "insufficient_quota")
    assert len(caller.sandbox.created) == 2


@pytest.mark.parametrize("callers", [{"result_lifetime": 100}], indirect=True)
def test_a_result_expires(callers: Any, clock: Any) -> None:
    caller = callers["uniall"]
    caller.submit(SMALLEST["uniall"])
    address = caller.video()
    assert web.head(address).status_code == 200
    clock.now += 100
    answer = web.get(address)
    assert answer.status_code == 403
    assert error(answer)


def test_a_result_is_served_in_parts_and_told_by_its_tag(callers: Any) -> None:
    caller = callers["uniall"]
    caller.submit(SMALLEST["uniall"])
    address = caller.video()
    whole = web.get(address)
    assert whole.headers["content-type"] == "video/mp4"
    assert int(whole.headers["content-length"]) == len(whole.content) > 10_000
    head = web.head(address)
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]
    tag = whole.headers["etag"]
    part = web.get(address, headers={"Range": "bytes=100-199", "If-Range": tag})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    stale = web.get(address, headers={"Range": "bytes=100-199", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    beyond = web.get(address, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


def test_no_file_has_a_guessable_or_climbing_name(callers: Any) -> None:
    url = callers["toapis"].sandbox.url
    for name in ("x.mp4", "..%2f..%2fetc%2fpasswd", "%2e%2e/uploads/x", "%2fetc%2fpasswd", ""):
        assert web.get(f"{url}/results/{name}").status_code == 404
        assert web.get(f"{url}/uploads/{name}").status_code == 404


def test_uploads_are_told_by_content_and_served_back(callers: Any) -> None:
    toapis = callers["toapis"].upload(PNG, "holiday.jpg", "image/jpeg").json()
    assert toapis["success"] is True
    data = toapis["data"]
    assert (data["mime_type"], data["size"]) == ("image/png", len(PNG))
    served = web.get(data["url"])
    assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
    apimart = callers["apimart"].upload(PNG, "holiday.jpg", "text/plain").json()
    assert (apimart["filename"], apimart["content_type"]) == ("holiday.jpg", "image/png")
    assert apimart["bytes"] == len(PNG)
    assert web.get(apimart["url"]).content == PNG


def test_uploads_at_apimart_live_72_hours(callers: Any, clock: Any) -> None:
    address = callers["apimart"].upload(PNG).json()["url"]
    clock.now += 72 * 3600
    assert web.get(address).status_code == 403


@pytest.mark.parametrize("name", ["toapis", "apimart"])
def test_an_upload_that_is_no_image_is_refused(callers: Any, name: str) -> None:
    for content in (b"", b"plain words", b"<svg/>", bytes(100), b"RIFF0000WAVE"):
        answer = callers[name].upload(content)
        assert answer.status_code == 400
        assert error(answer)["param"] == "file"


def test_uploads_are_limited_by_gateway(callers: Any) -> None:
    content = PNG + bytes(10 * 1024 * 1024)
    assert callers["toapis"].upload(content).status_code == 413
    assert callers["apimart"].upload(content).status_code == 200
    assert callers["apimart"].upload(content * 2).status_code == 413
    assert callers["uniall"].upload(PNG).status_code == 404


def test_an_upload_without_a_file_is_refused(callers: Any) -> None:
    client = callers["toapis"].client
    for answer in (
        client.post("/v1/uploads/images", data={"file": "words"}),
        client.post("/v1/uploads/images", files={"image": ("a.png", PNG)}),
        client.post("/v1/uploads/images", content=PNG),
        client.post(
            "/v1/uploads/images",
            content=b"--x\r\nbroken",
            headers={"Content-Type": "multipart/form-data"},
        ),
    ):
        assert answer.status_code == 400


def test_other_methods_and_paths_are_refused_in_the_gateways_shape(callers: Any) -> None:
    caller = callers["toapis"]
    assert error(caller.client.delete(caller.submit_path))["code"] == "invalid_request"
    assert caller.client.get("/v1/models").status_code == 404
    assert error(caller.client.get("/v1/models"))["code"] == "task_not_found"


def test_every_exchange_is_recorded_before_its_answer_is_sent(callers: Any) -> None:
    caller = callers["toapis"]
    sandbox = caller.sandbox
    caller.submit(b'{"x": 1}', **{"X-Mine": "yes"})
    exchange = sandbox.exchanges[-1]
    assert (exchange.method, exchange.path) == ("POST", "/toapis/v1/videos/generations")
    assert (exchange.body, exchange.status) == (b'{"x": 1}', 400)
    assert exchange.headers["x-mine"] == "yes"
    caller.submit(SMALLEST["toapis"])
    task = sandbox.created[-1]
    assert (task.gateway, task.body, task.client_id) == ("toapis", SMALLEST["toapis"], None)


def test_a_thousand_tasks_alike_are_one_film(callers: Any, rushes_sandbox_folder: Path) -> None:
    caller = callers["uniall"]
    body = {**SMALLEST["uniall"], "prompt": "one of a thousand"}
    before = len(list((rushes_sandbox_folder / "films").glob("*.mp4")))
    for _ in range(1000):
        caller.submit(body)
    films = {id(task.film) for task in caller.sandbox.created}
    assert (len(caller.sandbox.created), len(films)) == (1000, 1)
    assert len({task.id for task in caller.sandbox.created}) == 1000
    assert len({task.token for task in caller.sandbox.created}) == 1000
    assert web.get(caller.video()).status_code == 200
    assert len(list((rushes_sandbox_folder / "films").glob("*.mp4"))) == before + 1


def test_an_uploaded_image_is_shown_and_one_from_elsewhere_is_not_read(
    callers: Any, clock: Any
) -> None:
    caller = callers["apimart"]
    address = caller.upload(PNG).json()["url"]
    body = {**SMALLEST["apimart"], "image_urls": [address, f"{address}x"]}
    caller.submit(body)
    scene = caller.sandbox.created[-1].film.scene
    assert scene.first.path.read_bytes() == PNG
    assert (scene.last.path, scene.last.address) == (None, f"{address}x")
    clock.now += 72 * 3600
    caller.submit(body)
    assert caller.sandbox.created[-1].film.scene.first.path is None
