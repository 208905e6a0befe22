"""Faults that hold a request, or send a response without an end."""

import json
import threading
import zlib
from typing import Any

import pytest
from rushes_sandbox import FAULTS, Sandbox
from sandbox_http import (
    SUBMIT,
    RawResponse,
    open_request,
    poll,
    read_response,
    request,
    submit,
    upload,
    video_path,
)

STEPS = {"submit": submit, "status": poll, "upload": upload}

ENDLESS = ["drip", "endless", "bomb", "stall"]


def endless_faults(what: str) -> list[str]:
    return [name for name in FAULTS if what in name.split("-") and "before" not in name]


def open_step(sandbox: Sandbox, step: str) -> Any:
    """Send the request of a step; the test reads the response itself."""
    if step == "submit":
        path, body = SUBMIT["uniall"]
        return open_request(sandbox, "POST", path, json.dumps(body).encode())
    return open_request(sandbox, "GET", video_path(sandbox))


@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
def test_a_submit_is_held_until_released(rushes_sandbox: Sandbox, when: str, created: int) -> None:
    injected = rushes_sandbox.inject(f"stall-{when}-create", times=None)
    path, body = SUBMIT["toapis"]
    with open_request(rushes_sandbox, "POST", path, json.dumps(body).encode()) as line:
        assert injected.wait(120)
        assert len(rushes_sandbox.created) == created
        # Other requests are served meanwhile.
        assert request(rushes_sandbox, "GET", "/").status == 404
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(1)
        line.settimeout(30)
        injected.release()
        assert read_response(line).json["id"] == rushes_sandbox.created[0].id
    assert submit(rushes_sandbox, "toapis").status == 200
    assert (len(rushes_sandbox.created), injected.hits) == (2, 2)


def test_a_client_that_is_gone_creates_nothing_when_released(rushes_sandbox: Sandbox) -> None:
    injected = rushes_sandbox.inject("stall-before-create")
    path, body = SUBMIT["toapis"]
    with open_request(rushes_sandbox, "POST", path, json.dumps(body).encode()):
        assert injected.wait(120)
    # Once this is answered, the server has seen the other client disconnect.
    assert request(rushes_sandbox, "GET", "/").status == 404
    injected.release()
    assert submit(rushes_sandbox).status == 200
    assert [task.gateway for task in rushes_sandbox.created] == ["uniall"]


def test_a_client_that_disconnects_does_not_release_others(rushes_sandbox: Sandbox) -> None:
    injected = rushes_sandbox.inject("stall-after-create", times=2)
    path, body = SUBMIT["toapis"]
    content = json.dumps(body).encode()
    with open_request(rushes_sandbox, "POST", path, content) as stays:
        with open_request(rushes_sandbox, "POST", path, content):
            assert injected.wait(120, times=2)
        assert request(rushes_sandbox, "GET", "/").status == 404
        stays.setblocking(False)
        with pytest.raises(BlockingIOError):
            stays.recv(1)
        stays.settimeout(30)
        injected.release()
        assert read_response(stays).status == 200


def test_status_requests_and_uploads_are_held_until_released(rushes_sandbox: Sandbox) -> None:
    submit(rushes_sandbox)
    for name, call in (("status-stall", poll), ("upload-stall", upload)):
        injected = rushes_sandbox.inject(name)
        responses: list[RawResponse] = []
        thread = threading.Thread(target=lambda t=responses, c=call: t.append(c(rushes_sandbox)))
        thread.start()
        assert injected.wait(120)
        injected.release()
        thread.join(30)
        assert responses[0].status == 200
        assert responses[0].json


def test_a_download_stops_at_its_middle_until_released(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    whole = request(rushes_sandbox, "GET", path).body
    injected = rushes_sandbox.inject("download-stall")
    with open_request(rushes_sandbox, "GET", path) as line:
        came = b""
        while len(came.partition(b"\r\n\r\n")[2]) < len(whole) // 2:
            came += line.recv(65536)
        assert came.partition(b"\r\n\r\n")[2] == whole[: len(whole) // 2]
        injected.release()
        assert RawResponse(came + read_response(line).raw, was_reset=False).body == whole


@pytest.mark.parametrize("name", [name for what in ENDLESS for name in endless_faults(what)])
def test_closing_ends_what_a_fault_holds(name: str, caplog: Any, rushes_sandbox: Sandbox) -> None:
    step = FAULTS[name].step
    path = video_path(rushes_sandbox) if step == "download" else ""
    if step == "status":
        submit(rushes_sandbox)
    injected = rushes_sandbox.inject(name)
    if step == "download":
        thread = threading.Thread(target=request, args=(rushes_sandbox, "GET", path))
    else:
        thread = threading.Thread(target=STEPS[step], args=(rushes_sandbox,))
    thread.start()
    assert injected.wait(120)
    rushes_sandbox.close()
    thread.join(30)
    assert not thread.is_alive()
    assert caplog.records == []


@pytest.mark.parametrize(
    ("name", "step"), [("drip-after-create", "submit"), ("download-drip", "download")]
)
def test_a_response_comes_one_byte_at_a_time(rushes_sandbox: Sandbox, name: str, step: str) -> None:
    injected = rushes_sandbox.inject(name)
    with open_step(rushes_sandbox, step) as line:
        parts: list[bytes] = []
        while len(b"".join(parts)) < 13:
            parts.append(line.recv(65536))
        assert b"".join(parts).startswith(b"HTTP/1.1 200 ")
        # Some arrive together if this process does not run for a while.
        assert len(parts) > 3
    assert injected.hits == 1
    assert request(rushes_sandbox, "GET", "/").status == 404


@pytest.mark.rushes_sandbox(drip_interval=0)
def test_the_drip_interval_can_be_set(rushes_sandbox: Sandbox) -> None:
    # At the default interval this response would take an hour.
    rushes_sandbox.inject("drip-after-create")
    assert submit(rushes_sandbox).json["id"] == rushes_sandbox.created[0].id


@pytest.mark.parametrize(
    ("name", "step"), [("endless-after-create", "submit"), ("download-endless", "download")]
)
def test_a_response_never_ends(rushes_sandbox: Sandbox, name: str, step: str) -> None:
    rushes_sandbox.inject(name)
    with open_step(rushes_sandbox, step) as line:
        size = 0
        while size < 8_000_000:
            part = line.recv(65536)
            assert part
            size += len(part)
    assert request(rushes_sandbox, "GET", "/").status == 404


@pytest.mark.parametrize(
    ("name", "step"), [("bomb-after-create", "submit"), ("download-bomb", "download")]
)
def test_a_bomb_is_small_until_it_is_decompressed(
    rushes_sandbox: Sandbox, name: str, step: str
) -> None:
    rushes_sandbox.inject(name)
    with open_step(rushes_sandbox, step) as line:
        response = read_response(line)
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) == len(response.body) < 4_000_000
    unpacker, size, end, rest = zlib.decompressobj(31), 0, b"", response.body
    while rest:
        part = unpacker.decompress(rest, 1 << 20)
        size, end, rest = size + len(part), (end + part)[-1000:], unpacker.unconsumed_tail
    assert unpacker.eof
    assert size > 256 * 2**20
    if step == "submit":
        assert json.loads(end)["id"] == rushes_sandbox.created[0].id
    else:
        assert end.strip(b"\0") == b""
