"""Endpoints that submits name are called: as the provider does, or disturbed on purpose."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from rushes_sandbox import Sandbox

SETTINGS: dict[str, Any] = {"lies": ["smaller", "smaller"], "webhook_delay": 0.0}
"""Rendered in no time."""
pytestmark = pytest.mark.rushes_sandbox(**SETTINGS)


@dataclass
class Endpoint:
    """An endpoint of ours, and what came there."""

    url: str
    #: What is answered, the last one again and again.
    answers: list[int]
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def endpoint(*answers: int) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            ours.came.append((self.path, headers, body))
            left = ours.answers
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ours = Endpoint(f"http://127.0.0.1:{server.server_port}", list(answers) or [200])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield ours
        finally:
            server.shutdown()
            thread.join()


def submit(sandbox: Sandbox, provider: str, callback: str) -> None:
    """Have a video made, as each provider is asked to, and to notify an endpoint."""
    prompt: dict[str, Any] = {"prompt": "a lantern"}
    paths: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
        "toapis": ("/v1/videos/generations", {"model": "kling-v3", "callback_url": callback}, {}),
        "apimart": ("/v1/videos/generations", {"model": "kling-v3", "webhook": callback}, {}),
        "fal": ("/fal-ai/kling-video/v3/standard/text-to-video", {}, {"fal_webhook": callback}),
        "byteplus": (
            "/contents/generations/tasks",
            {
                "model": "seedance-1-5-pro-251215",
                "content": [{"type": "text", "text": "a lantern"}],
                "callback_url": callback,
            },
            {},
        ),
        "kling": (
            "/v1/videos/text2video",
            {"model_name": "kling-v3", "callback_url": callback},
            {},
        ),
    }
    path, body, query = paths[provider]
    scheme = "Key" if provider == "fal" else "Bearer"
    answer = httpx.post(
        sandbox.base_urls[provider] + path,
        json=body if provider == "byteplus" else {**prompt, **body},
        params=query,
        headers={"Authorization": f"{scheme} {sandbox.key}"},
    )
    assert answer.status_code == 200, answer.text


def all_told(sandbox: Sandbox) -> bool:
    """Wait until the sandbox has nothing more to tell."""
    work, ended = sandbox._deliveries._work, threading.Event()
    assert work is not None
    loop = work.get_loop()
    loop.call_soon_threadsafe(work.add_done_callback, lambda _: ended.set())
    return ended.wait(120)


def words(came: list[tuple[str, dict[str, str], bytes]]) -> list[str]:
    found = [json.loads(body) for _, _, body in came]
    return [one.get("status") or one.get("task_status") for one in found]


@pytest.mark.parametrize(
    ("provider", "path"),
    [("toapis", "/in"), ("fal", "/in"), ("apimart", "/in/callback")],
)
def test_the_end_is_told_once_where_the_submit_said(
    provider: str, path: str, rushes_sandbox: Sandbox
) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, provider, f"{ours.url}/in")
        assert rushes_sandbox.wait_for_notifications(1, 120)
        (made,) = rushes_sandbox.notifications
        ((asked, headers, body),) = ours.came
    assert (asked, made.status, made.body) == (path, 200, body)
    assert headers["content-type"] == "application/json"
    assert made.task is rushes_sandbox.created[0]
    assert made.url.endswith(path)


def test_it_is_signed_with_the_secret_of_the_sandbox(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        assert rushes_sandbox.wait_for_notifications(1, 120)
        ((_, headers, body),) = ours.came
    signed = ".".join(headers[f"x-toapis-webhook-{name}"] for name in ("id", "timestamp"))
    secret = rushes_sandbox.webhook_secret.encode()
    right = hmac.new(secret, f"{signed}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-toapis-webhook-signature"] == f"v1={right}"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("byteplus", ["queued", "running", "succeeded"]),
        ("kling", ["submitted", "processing", "succeed"]),
    ],
)
def test_who_tells_every_change_tells_them_in_order(
    provider: str, expected: list[str], rushes_sandbox: Sandbox
) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, provider, ours.url)
        assert rushes_sandbox.wait_for_notifications(3, 120)
        assert words(ours.came) == expected


@pytest.mark.rushes_sandbox(**SETTINGS, webhooks="out-of-order", queue_seconds=60)
def test_out_of_order_is_newest_first(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "byteplus", ours.url)
        task = rushes_sandbox.created[0]
        assert rushes_sandbox.wait_for_notifications(1, 120)
        assert task.video.finished.wait(120)
        task.created -= 60  # as if a minute had passed
        assert rushes_sandbox.wait_for_notifications(3, 120)
        assert words(ours.came) == ["queued", "succeeded", "running"]


@pytest.mark.rushes_sandbox(**SETTINGS, webhooks="twice")
def test_twice_is_the_same_event_twice(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        assert rushes_sandbox.wait_for_notifications(2, 120)
        (_, first, body), (_, second, again) = ours.came
    assert body == again
    assert first["x-toapis-webhook-id"] == second["x-toapis-webhook-id"]


@pytest.mark.rushes_sandbox(**SETTINGS, webhooks="forged")
def test_a_forgery_says_what_was_not_signed(rushes_sandbox: Sandbox) -> None:
    with endpoint(401) as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        submit(rushes_sandbox, "apimart", ours.url)
        assert rushes_sandbox.wait_for_notifications(2, 120)
        bodies = [json.loads(body) for _, _, body in ours.came]
        _, true = rushes_sandbox.notification(rushes_sandbox.created[0])
    assert json.loads(true)["data"]["status"] == "completed"
    assert [body["data"]["status"] for body in bodies] == ["failed", "failed"]
    assert [made.status for made in rushes_sandbox.notifications] == [401, 401]  # and not again


@pytest.mark.rushes_sandbox(**SETTINGS, webhooks="lost")
def test_what_is_lost_is_not_sent(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        assert all_told(rushes_sandbox)
        assert ours.came == []


@pytest.mark.rushes_sandbox(lies=["smaller", "smaller"], webhooks="late", webhook_delay=0.5)
def test_late_is_after_the_end(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        (task,) = rushes_sandbox.created
        assert task.video.finished.wait(120)
        assert rushes_sandbox.wait_for_notifications(1, 120)
        ((_, headers, _),) = ours.came
    assert int(headers["x-toapis-webhook-timestamp"]) >= int(task.created)


def test_an_endpoint_that_is_away_is_called_again(
    rushes_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes_sandbox._webhooks.delivering.AGAIN", 0.01)
    with endpoint(503, 200) as ours:
        submit(rushes_sandbox, "toapis", ours.url)
        assert rushes_sandbox.wait_for_notifications(2, 120)
    submit(rushes_sandbox, "toapis", ours.url)  # nobody listens there any more
    assert rushes_sandbox.wait_for_notifications(5, 120)
    found = [made.status for made in rushes_sandbox.notifications]
    assert found == [503, 200, None, None, None]


@pytest.mark.parametrize(
    "callback",
    ["https://hooks.example.org/a", "http://10.0.0.1/a", "http://localhost.example.org/"],
)
def test_only_this_machine_is_called(
    callback: str, rushes_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    submit(rushes_sandbox, "toapis", callback)
    assert rushes_sandbox._deliveries._work is None
    assert "not on this machine" in caplog.text


@pytest.mark.rushes_sandbox(**SETTINGS, queue_seconds=60)
def test_a_cancelled_task_is_not_told_to_have_run(rushes_sandbox: Sandbox) -> None:
    with endpoint() as ours:
        submit(rushes_sandbox, "byteplus", ours.url)
        assert rushes_sandbox.wait_for_notifications(1, 120)
        rushes_sandbox.created[0].cancelled = True
        assert all_told(rushes_sandbox)
        assert words(ours.came) == ["queued"]


def test_it_closes_with_tasks_under_way() -> None:
    before = set(threading.enumerate())
    with endpoint() as ours, Sandbox(queue_seconds=3600) as sandbox:
        submit(sandbox, "toapis", ours.url)
        sandbox.close()
        assert ours.came == []
    assert set(threading.enumerate()) - before == set()


def test_a_word_that_means_nothing_is_refused_with_those_that_do() -> None:
    wrong: Callable[..., Sandbox] = Sandbox
    with pytest.raises(ValueError, match=r"webhooks is 'never' .accepted: once, twice, late"):
        wrong(webhooks="never")
