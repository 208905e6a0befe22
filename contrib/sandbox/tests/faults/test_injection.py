"""Injecting faults: which requests they hit, how often, and what the injected fault reports."""

import socket
import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from rushes_sandbox import Sandbox

BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 5}


def submit(sandbox: Sandbox, gateway: str = "toapis", **more: Any) -> int:
    """Submit, and return the HTTP status; 0 if there was no response."""
    try:
        return httpx.post(
            f"{sandbox.base_urls[gateway]}/v1/videos/generations",
            json={**BODY, **more.pop("body", {})},
            headers={"Authorization": f"Bearer {sandbox.key}", **more},
            trust_env=False,
        ).status_code
    except httpx.TransportError:
        return 0


def test_without_a_number_a_fault_hits_every_time() -> None:
    with Sandbox(faults=["500-after-create"]) as sandbox:
        assert [submit(sandbox) for _ in range(3)] == [500] * 3
        assert len(sandbox.created) == 3


@pytest.mark.rushes_sandbox(faults=["refuse-402:2", "500-after-create:1"])
def test_faults_hit_one_after_the_other(rushes_sandbox: Sandbox) -> None:
    assert [submit(rushes_sandbox) for _ in range(4)] == [402, 402, 500, 200]
    assert len(rushes_sandbox.created) == 2


def test_a_fault_is_for_one_gateway_or_for_all(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.inject("drop-after-create", gateway="apimart")
    assert submit(rushes_sandbox, "toapis") == 200
    assert submit(rushes_sandbox, "apimart") == 0
    assert submit(rushes_sandbox, "apimart") == 200
    assert len(rushes_sandbox.created) == 3


def test_a_request_that_the_gateway_refuses_does_not_count(rushes_sandbox: Sandbox) -> None:
    injected = rushes_sandbox.inject("drop-after-create")
    assert submit(rushes_sandbox, body={"duration": "5"}) == 400
    assert submit(rushes_sandbox, Authorization="Bearer wrong") == 401
    assert (injected.hits, rushes_sandbox.created) == (0, [])
    assert not injected.wait(0)
    assert submit(rushes_sandbox) == 0
    assert (injected.hits, len(rushes_sandbox.created)) == (1, 1)


def test_an_injected_fault_can_be_cancelled(rushes_sandbox: Sandbox) -> None:
    injected = rushes_sandbox.inject("500-after-create", times=None)
    assert submit(rushes_sandbox) == 500
    injected.cancel()
    assert submit(rushes_sandbox) == 200
    assert injected.hits == 1


def test_of_many_requests_at_once_a_fault_hits_only_its_number(rushes_sandbox: Sandbox) -> None:
    injected = rushes_sandbox.inject("stall-after-create", times=2)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(submit(rushes_sandbox))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    assert injected.wait(120, times=2)
    injected.release()
    for thread in threads:
        thread.join(30)
    assert (answers, injected.hits) == ([200] * 6, 2)
    assert len(rushes_sandbox.created) == 6


def test_a_replay_is_hit_too_and_creates_nothing(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.inject("drop-after-create", times=2)
    body = {"client_business_id": "job 7"}
    assert [submit(rushes_sandbox, body=body) for _ in range(3)] == [0, 0, 200]
    assert len(rushes_sandbox.created) == 1


def test_a_request_names_its_own_fault(rushes_sandbox: Sandbox) -> None:
    for name, status in (("500-after-create", 500), ("reset-before-reading", 0)):
        assert submit(rushes_sandbox, **{"X-Sandbox-Fault": name}) == status
    assert submit(rushes_sandbox) == 200
    # A client may send the header with all its requests; only the step of the fault is hit.
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-500"}) == 200
    rushes_sandbox.inject("refuse-402")
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-500"}) == 402
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-50"}) == 400
    # The gateway never got that request.
    assert rushes_sandbox.exchanges[-1].status == 402
    assert len(rushes_sandbox.created) == 3


def test_connect_faults_change_the_base_urls(rushes_sandbox: Sandbox) -> None:
    working = rushes_sandbox.base_urls
    injected = rushes_sandbox.inject("connection-refused", gateway="toapis")
    there = urlsplit(rushes_sandbox.base_urls["toapis"])
    assert rushes_sandbox.environment["TOAPIS_BASE_URL"] == there.geturl()
    assert rushes_sandbox.base_urls["uniall"] == working["uniall"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((there.hostname or "", there.port or 0), timeout=30)
    injected.cancel()
    assert rushes_sandbox.base_urls == working
    injected = rushes_sandbox.inject("unknown-host")
    for url in rushes_sandbox.base_urls.values():
        assert (urlsplit(url).hostname or "").endswith(".invalid")
    injected.cancel()
    rushes_sandbox.inject("no-tls")
    there = urlsplit(rushes_sandbox.base_urls["apimart"])
    assert (there.scheme, there.path) == ("https", "/apimart")
    line = socket.create_connection((there.hostname or "", there.port or 0), timeout=30)
    with line, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(line, server_hostname="127.0.0.1")


def test_mistakes_are_errors_that_say_what_is_accepted() -> None:
    with pytest.raises(ValueError, match="the nearest is 'drop-after-create'"):
        Sandbox(faults=["drop-after-creat"])
    sandbox = Sandbox()
    for times in (0, -1):
        with pytest.raises(ValueError, match="1 or more"):
            sandbox.inject("status-500", times=times)
    with pytest.raises(ValueError, match=r"accepted: apimart, "):
        sandbox.inject("status-500", gateway="acme")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no fault"),
        ("status-500:", "1 or more"),
        ("status-500:0", "1 or more"),
        ("status-500:-1", "1 or more"),
        ("status-500:³", "1 or more"),
        ("status-500:two", "1 or more"),
        ("no-tls:2", "every connection"),
    ],
)
def test_a_malformed_fault_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Sandbox(faults=[text])
