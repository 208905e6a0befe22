"""The calls to ToAPIs, byte for byte: their addresses and client ids."""

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rushes import Answer, Call, Client, LocalFile, Receipt, RefusedError, Request
from rushes.plugins import Registry, sample_task
from rushes.testing import Clock, Network, check

ALL = ("toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6")
BASES = [
    (None, "https://toapis.com"),
    ("http://127.0.0.1:9/toapis/v1", "http://127.0.0.1:9/toapis"),
]


@cache
def registry(base: str | None = None) -> Registry:
    return Registry(base_urls={"toapis": base} if base else None)


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_submit_is_one_post(variant: str, base: str | None, root: str) -> None:
    loaded = registry(base).get(variant)
    payload = check(loaded, Request(prompt="Caf\u00e9", duration=5)).payload
    call = loaded.call("submit", payload=payload, client_id="job-1")
    assert isinstance(call, Call)
    assert (call.method, call.url) == ("POST", f"{root}/v1/videos/generations")
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert headers["content-type"].startswith("application/json")
    assert "authorization" not in headers
    assert call.body is not None
    body = json.loads(call.body)
    assert body == {
        "model": variant.partition("/")[2],
        "prompt": "Caf\u00e9",
        "duration": 5,
        "client_business_id": "job-1",
    }
    assert b"Caf\xc3\xa9" in call.body
    assert loaded.call("submit", payload=payload, client_id="job-1") == call


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_poll_is_one_get(variant: str, base: str | None, root: str) -> None:
    loaded = registry(base).get(variant)
    steps = loaded.call("poll", receipt=Receipt("video_1"), task=sample_task(loaded.variant))
    call = next(steps)
    assert (call.method, call.url) == ("GET", f"{root}/v1/videos/generations/video_1")
    assert call.body is None
    answer = Answer(status=200, headers={}, body=b"{}")
    with pytest.raises(StopIteration) as end:
        steps.send(answer)
    assert end.value.value == answer


def test_a_submit_is_declared_to_replay_by_its_client_id() -> None:
    for name in ALL:
        variant = registry().get(name).variant
        assert variant.idempotency == "replay"
        assert variant.look_up == "by_client_id"
        assert variant.client_id_field == "client_business_id"
        assert (variant.polling.first, variant.polling.every) == (5, 10)
        assert variant.polling.at_most == 600


def upload(answer: Any) -> tuple[Call, str | None]:
    file = LocalFile(content=b"\x89PNG\r\n\x1a\nlamp", type="image/png", name="lamp.png")
    steps = registry().get(ALL[0]).call("upload", file=file)
    call: Call = next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(Answer(status=200, headers={}, body=json.dumps(answer).encode()))
    return call, end.value.value


def test_an_upload_is_one_multipart_post() -> None:
    url = "https://files.example.org/lamp.png"
    data = {"id": "f", "url": url, "mime_type": "image/png", "size": 12}
    call, found = upload({"success": True, "message": "", "data": data})
    assert found == url
    assert (call.method, call.url) == ("POST", "https://toapis.com/v1/uploads/images")
    assert call.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert call.body is not None
    assert b'name="file"; filename="lamp.png"' in call.body
    assert b"\x89PNG\r\n\x1a\nlamp\r\n" in call.body


def test_upload_limits_are_the_documented_ones() -> None:
    uploads = registry().get(ALL[0]).variant.uploads
    assert uploads is not None
    assert sorted(uploads.types) == ["image/gif", "image/jpeg", "image/png", "image/webp"]
    assert uploads.max_bytes in (10_000_000, 10 * 1024 * 1024)


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, {"id": "video_1", "object": "generation.task", "error": {"code": "x"}}, ["video_1"]),
        (200, {"id": "video_1", "status": "queued"}, ["video_1"]),
        (200, {"id": "req_9", "error": {"code": "task_not_found"}}, None),
        (404, {"id": "req_9", "error": {"code": "task_not_found"}}, []),
        (500, {"id": "video_1", "object": "generation.task"}, None),
        (200, {"id": 7}, None),
    ],
)
def test_a_look_up_finds_only_tasks(status: int, body: Any, found: list[str] | None) -> None:
    loaded = Registry().get("toapis/kling-v3")
    steps = loaded.call("look_up", client_id="a/b", task=sample_task(loaded.variant))
    assert next(steps).url == "https://toapis.com/v1/videos/generations/a%2Fb"
    with pytest.raises(StopIteration) as caught:
        steps.send(Answer(status, {}, json.dumps(body).encode()))
    receipts = caught.value.value
    assert (receipts and [receipt.remote_id for receipt in receipts]) == found or receipts == found


@pytest.mark.parametrize(("age", "state"), [(30, "queued"), (90, "refused")])
def test_without_a_date_the_clocks_may_differ_by_a_minute(
    tmp_path: Path, age: float, state: str
) -> None:
    network, clock = Network(), Clock()
    task = {"id": "video_1", "object": "generation.task", "created_at": clock.now() - age}
    network.on("POST", "/v1/videos/generations", task)
    base_urls, keys = {"toapis": "https://gw.example.org"}, {"toapis": "any"}
    with Client(
        keys=keys, base_urls=base_urls, home=tmp_path, transport=network, clock=clock
    ) as client:
        with suppress(RefusedError):
            client.submit("toapis/kling-v3", Request("A red kite"), task="mine")
        assert client.task("mine").state == state
