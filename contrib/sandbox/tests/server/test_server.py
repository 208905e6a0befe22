"""The server starts, stops, and leaves nothing behind."""

import gc
import socket
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from rushes.variant import environment_prefix, key_variable
from rushes_sandbox import Protocol, Reply, Route, Sandbox, protocols


def test_it_serves_until_the_block_ends_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(threading.enumerate())
    with Sandbox() as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        url = sandbox.base_urls["uniall"] + "/v1/video/generations"
        body = {"model": "kling-v3-pro-silent", "prompt": "a video nobody waits for"}
        with httpx.Client() as client:
            assert client.post(url, json=body, headers=headers).status_code == 200
            # The client's connection stays open until after the sandbox is closed.
            sandbox.close()
            with pytest.raises(httpx.TransportError):
                client.post(url, json=body, headers=headers)
    gc.collect()
    assert set(threading.enumerate()) - before == set()
    assert list(tmp_path.iterdir()) == []


def test_starting_and_stopping_at_once_is_clean() -> None:
    for _ in range(3):
        with Sandbox():
            pass


def test_closing_does_not_wait_forever_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes_sandbox._http.server.CLOSING", 0.05)
    asked, released = threading.Event(), threading.Event()

    def held_back(_incoming: object, _backend: object) -> Reply:
        asked.set()
        assert released.wait(120)
        return Reply({})

    route = Route(method="GET", path="/held", handle=held_back, needs_key=False)
    mine = Protocol(id="acme", endpoints=(route,), error=lambda *_: {})
    before = set(threading.enumerate())
    with Sandbox(protocols=[mine]) as sandbox:
        (server,) = set(threading.enumerate()) - before
        url = f"{sandbox.base_urls['acme']}/held"
        asking = threading.Thread(target=httpx.get, args=(url,), kwargs={"timeout": 120})
        asking.start()
        assert asked.wait(120)
        with pytest.warns(ResourceWarning, match=r"(?s)did not stop within .* in held_back\n"):
            sandbox.close()
    released.set()
    asking.join(120)
    server.join(120)
    assert not asking.is_alive()
    assert not server.is_alive()


def test_closing_wakes_a_server_that_slept_by_another_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, asked = time.monotonic, threading.Event()

    def hours_behind() -> float:
        asked.set()
        return real() - 10_000

    with Sandbox() as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr(time, "monotonic", hours_behind)
            assert asked.wait(120)
        sandbox.close()  # a warning that it did not stop would fail the test


def test_the_environment_points_to_all_providers() -> None:
    with Sandbox(key="k 1") as sandbox:
        assert sandbox.url == sandbox.base_urls["toapis"].removesuffix("/toapis")
        signed = sum(each.signed_with_secret for each in protocols().by_id.values())
        assert len(sandbox.environment) == 2 * len(protocols().by_id) + signed
        assert sandbox.environment["KLING_WEBHOOK_SECRET"] == sandbox.webhook_secret
        assert sandbox.environment["UNIALL_BASE_URL"] == f"{sandbox.url}/uniall"
        assert sandbox.environment["UNIALL_API_KEY"] == "k 1"
        assert sandbox.url.startswith("http://127.0.0.1:")


def test_a_hyphen_in_a_name_becomes_an_underscore_in_the_variable() -> None:
    mine = replace(protocols().by_id["uniall"], id="my-gateway")
    names = {f"{environment_prefix('my-gateway')}_BASE_URL", key_variable("my-gateway")}
    found = Sandbox(protocols=[mine]).environment
    assert set(found) == names == {"MY_GATEWAY_BASE_URL", "MY_GATEWAY_API_KEY"}


def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), Sandbox(port=taken.getsockname()[1]):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::"])
def test_only_loopback_addresses_are_accepted(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host=host)


def test_a_kept_folder_saves_rendering_again(tmp_path: Path) -> None:
    body = {"model": "kling-v3-std-silent", "prompt": "kept", "duration": 3}
    stamps = []
    for _ in range(2):
        with Sandbox(folder=tmp_path, render_seconds=0, queue_seconds=0) as sandbox:
            headers = {"Authorization": f"Bearer {sandbox.key}"}
            url = sandbox.base_urls["uniall"] + "/v1/video/generations"
            httpx.post(url, json=body, headers=headers)
            video = sandbox.created[0].video
            assert video.finished.wait(300)
            stamps.append(video.path.stat().st_mtime_ns)
    assert stamps[0] == stamps[1]


def test_without_record_no_request_is_kept() -> None:
    with Sandbox(record=False) as sandbox:
        assert httpx.get(sandbox.url).status_code == 404
        assert sandbox.exchanges == []


def test_a_client_that_disconnects_early_harms_nobody() -> None:
    with Sandbox() as sandbox:
        address = "127.0.0.1", int(sandbox.url.rpartition(":")[2])
        with socket.create_connection(address) as half:
            half.sendall(b"POST /toapis/v1/videos/generations HTTP/1.1\r\nHost: x\r\n")
            half.sendall(b"Content-Length: 100\r\n\r\n{")
        assert httpx.get(sandbox.url).status_code == 404


def test_it_opens_no_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = threading.get_ident()
    reached: list[Any] = []
    connect = socket.socket.connect

    def watch(self: socket.socket, address: Any) -> None:
        if threading.get_ident() != own:
            reached.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watch)
    with Sandbox(folder=tmp_path, render_seconds=0, queue_seconds=0) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        body = {
            "model": "kling-v3",
            "prompt": "somebody else's picture",
            "duration": 3,
            "image_urls": ["http://127.0.0.1:9/a.png", "https://img.example.org/b.png"],
        }
        url = sandbox.base_urls["apimart"] + "/v1/videos/generations"
        assert httpx.post(url, json=body, headers=headers).status_code == 200
        assert sandbox.created[0].video.finished.wait(300)
        assert sandbox.created[0].video.ready
    assert reached == []


def test_file_descriptors_are_closed() -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("no /proc on this system")
    with Sandbox():
        pass
    before = len(list(folder.iterdir()))
    for _ in range(3):
        with Sandbox() as sandbox:
            httpx.get(sandbox.url)
    assert len(list(folder.iterdir())) == before
