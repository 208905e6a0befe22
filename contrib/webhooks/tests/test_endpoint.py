"""What the endpoint answers: to providers, to strangers, and when it cannot work."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import rushes
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from rushes_webhooks import app
from rushes_webhooks.app import Endpoint

SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ="

Work = Callable[[httpx.AsyncClient, Endpoint], Awaitable[Any]]


def with_endpoint(home: Path, work: Work, base: str = "http://hooks") -> Any:
    """Do something with an endpoint that has a journal of its own."""

    async def main() -> Any:
        keys = {"toapis.webhook_secret": SECRET}
        async with rushes.AsyncClient(home=home, keys=keys) as client:
            endpoint = Endpoint(client)
            transport = httpx.ASGITransport(endpoint)
            async with httpx.AsyncClient(transport=transport, base_url=base) as caller:
                return await work(caller, endpoint)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/toapis", 401),
        ("/apimart", 200),
        ("/apimart/callback", 200),
        ("/nobody", 404),
        ("/uniall", 404),
        ("/", 404),
        ("/toapis/more", 404),
        ("/..%2Ftoapis", 404),
        ("/toapis%00", 404),
    ],
)
def test_who_is_called_and_what_is_answered(path: str, status: int, tmp_path: Path) -> None:
    async def work(caller: httpx.AsyncClient, endpoint: Endpoint) -> None:
        answer = await caller.post(path, json={"data": {"id": "task-1", "status": "completed"}})
        assert (answer.status_code, [*answer.json()]) == (status, ["message"])
        assert endpoint.answered == {status: 1}

    with_endpoint(tmp_path, work)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_a_delivery_is_a_post(method: str, tmp_path: Path) -> None:
    async def work(caller: httpx.AsyncClient, _: Endpoint) -> None:
        answer = await caller.request(method, "/toapis")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert bool(answer.content) == (method != "HEAD")

    with_endpoint(tmp_path, work)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    read = 0

    async def large() -> Any:
        nonlocal read
        for _ in range(30):
            read += 1
            yield b"x" * 100_000

    async def work(caller: httpx.AsyncClient, _: Endpoint) -> None:
        for length in (str(app.MAX_BYTES + 1), "9" * 5000):
            answer = await caller.post("/toapis", content=b"", headers={"content-length": length})
            assert answer.status_code == 413
        answer = await caller.post("/apimart", content=large())
        assert answer.status_code == 413
        assert read == 11  # and not one more than makes a megabyte

    with_endpoint(tmp_path, work)


def test_what_does_not_come_in_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PATIENCE", 0.01)

    async def never() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    async def work(caller: httpx.AsyncClient, _: Endpoint) -> None:
        answer = await caller.post("/apimart", content=never())
        assert answer.status_code == 408

    with_endpoint(tmp_path, work)


def test_what_ends_early_is_not_taken(tmp_path: Path) -> None:
    async def work(_: httpx.AsyncClient, endpoint: Endpoint) -> None:
        messages = [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/apimart", "headers": []}
        await endpoint(scope, receive, send)
        assert sent[0]["status"] == 400

    with_endpoint(tmp_path, work)


def test_it_is_unwell_without_its_journal(tmp_path: Path) -> None:
    async def asked(caller: httpx.AsyncClient, _: Endpoint) -> list[httpx.Response]:
        delivery = caller.post("/apimart", json={"data": {"id": "task-1"}})
        return [await caller.get("/health"), await delivery]

    well = with_endpoint(tmp_path, asked)
    (tmp_path / "journal.db").unlink()
    (tmp_path / "journal.db").mkdir()
    unwell = with_endpoint(tmp_path, asked)
    assert [(each.status_code, each.json()["message"]) for each in well] == [
        (200, "ok"),
        (200, "taken"),
    ]
    assert [(each.status_code, each.json()["message"]) for each in unwell] == [
        (503, "the journal is away"),
        (503, "the delivery cannot be taken now"),
    ]
    assert unwell[1].headers["retry-after"] == "30"


def test_a_broken_client_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(caller: httpx.AsyncClient, endpoint: Endpoint) -> None:
        answer = await caller.post("/apimart", json={"data": {"id": "task-1"}})
        assert answer.status_code == 500
        assert answer.json() == {"message": "the delivery cannot be taken"}

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(rushes.AsyncClient, "receive", broken)
    with_endpoint(tmp_path, work)
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" not in caplog.text


def test_the_log_has_nothing_of_what_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(caller: httpx.AsyncClient, _: Endpoint) -> None:
        headers = {"X-ToAPIs-Webhook-Signature": "v1=feedface", "authorization": "Bearer private"}
        body = {"data": {"id": "private", "task_id": "private", "url": "https://private"}}
        for path in ("/toapis", "/apimart", "/private%0Aline", "/" + "a" * 5000):
            await caller.post(path, json=body, headers=headers)

    with_endpoint(tmp_path, work)
    ours = [record for record in caplog.records if record.name == "rushes.webhooks"]
    lines = [record.getMessage() for record in ours]
    assert len(lines) == 4
    for line in lines[:2]:
        assert "private" not in line
    for line in lines:
        assert "\n" not in line
        assert len(line) < 300
        assert SECRET not in line
        assert "feedface" not in line


def test_it_can_be_mounted_below_another_application(tmp_path: Path) -> None:
    async def main() -> None:
        async with rushes.AsyncClient(home=tmp_path) as client:
            outer = FastAPI()
            outer.mount("/in/webhooks", Endpoint(client))
            transport = httpx.ASGITransport(outer)
            async with httpx.AsyncClient(transport=transport, base_url="http://hooks") as caller:
                health = await caller.get("/in/webhooks/health")
                taken = await caller.post("/in/webhooks/apimart", json={"data": {"id": "a"}})
        assert (health.status_code, taken.status_code) == (200, 200)

    asyncio.run(main())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "data", "task_id", "request_id", "status", "type"]), inner
        )
    ),
    max_leaves=8,
)
HEADERS = [
    *(f"x-toapis-webhook-{name}" for name in ("id", "timestamp", "signature")),
    *(f"x-fal-webhook-{name}" for name in ("request-id", "user-id", "timestamp", "signature")),
    *(f"webhook-{name}" for name in ("id", "timestamp", "signature")),
    "x-openrouter-signature",
    "content-length",
]


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Return what calls one endpoint, as an ASGI server does, and returns what it sends."""
    keys = {f"{name}.webhook_secret": SECRET for name in ("toapis", "kling")}
    client = rushes.AsyncClient(home=tmp_path_factory.mktemp("home"), keys=keys)
    endpoint = Endpoint(client)

    async def call(path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await endpoint(scope, receive, send)
        return sent

    with asyncio.Runner() as runner:
        yield lambda *given: runner.run(call(*given))
        runner.run(client.close())


@given(
    provider=st.sampled_from(["toapis", "kling", "openrouter", "apimart", "byteplus", "google"])
    | st.text(max_size=20),
    headers=st.lists(
        st.tuples(st.sampled_from(HEADERS).map(str.encode), st.binary(max_size=40)), max_size=5
    ),
    body=ANYTHING.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60),
)
def test_whatever_is_sent_is_answered(
    provider: str, headers: Any, body: bytes, strangers: Callable[..., Any]
) -> None:
    start, end = strangers(f"/{provider}", headers, body)
    assert start["status"] in (200, 401, 404, 413)
    assert [*json.loads(end["body"])] == ["message"]
