"""The calls to APIMart, byte for byte: their addresses and idempotency keys."""

import json
from functools import cache
from typing import Any

import pytest
from rushes import Answer, Call, LocalFile, Receipt, Request
from rushes.plugins import LoadedVariant, Registry, sample_task
from rushes.testing import check

BASES = [
    (None, "https://api.apimart.ai"),
    ("http://127.0.0.1:9/apimart/v1", "http://127.0.0.1:9/apimart"),
]


@cache
def kling(base: str | None = None) -> LoadedVariant:
    return Registry(base_urls={"apimart": base} if base else None).get("apimart/kling-v3")


@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_submit_is_one_post(base: str | None, root: str) -> None:
    payload = check(kling(base), Request(prompt="Caf\u00e9", duration=6)).payload
    call = kling(base).call("submit", payload=payload, client_id="job-1")
    assert isinstance(call, Call)
    assert (call.method, call.url) == ("POST", f"{root}/v1/videos/generations")
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert headers["content-type"].startswith("application/json")
    assert headers["idempotency-key"] == "job-1"
    assert "authorization" not in headers
    assert call.body == b'{"model":"kling-v3","prompt":"Caf\xc3\xa9","duration":6}'
    assert kling(base).call("submit", payload=payload, client_id="job-1") == call


@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_poll_is_one_get(base: str | None, root: str) -> None:
    steps = kling(base).call(
        "poll", receipt=Receipt("task_1"), task=sample_task(kling(base).variant)
    )
    call = next(steps)
    assert (call.method, call.url) == ("GET", f"{root}/v1/tasks/task_1")
    assert call.body is None
    answer = Answer(status=200, headers={}, body=b"{}")
    with pytest.raises(StopIteration) as end:
        steps.send(answer)
    assert end.value.value == answer


def test_a_submit_is_declared_to_replay_by_its_key() -> None:
    variant = kling().variant
    assert variant.idempotency == "replay"
    assert variant.look_up == "none"
    assert variant.client_id_field is None


def upload(answer: Any) -> tuple[Call, str | None]:
    file = LocalFile(content=b"\x89PNG\r\n\x1a\nlamp", type="image/png", name="lamp.png")
    steps = kling().call("upload", file=file)
    call: Call = next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(Answer(status=200, headers={}, body=json.dumps(answer).encode()))
    return call, end.value.value


def test_an_upload_is_one_multipart_post() -> None:
    url = "https://files.example.org/lamp.png"
    call, found = upload({"url": url, "filename": "lamp.png", "bytes": 12, "created_at": 1})
    assert found == url
    assert (call.method, call.url) == ("POST", "https://api.apimart.ai/v1/uploads/images")
    assert call.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert call.body is not None
    assert b'name="file"; filename="lamp.png"' in call.body
    assert b"\x89PNG\r\n\x1a\nlamp\r\n" in call.body


def test_upload_limits_are_the_documented_ones() -> None:
    uploads = kling().variant.uploads
    assert uploads is not None
    assert uploads.max_bytes in (20_000_000, 20 * 1024 * 1024)
