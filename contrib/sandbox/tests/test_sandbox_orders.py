"""Ordering faults: which request is struck, how often, and what is told about it."""

import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from rushes_sandbox import FAULTS, Sandbox
from rushes_sandbox.faults import parse

BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 5}


def submit(sandbox: Sandbox, gateway: str = "toapis", **more: Any) -> int:
    """Submit, and return the HTTP status; 0 where none came."""
    try:
        return httpx.post(
            f"{sandbox.base_urls[gateway]}/v1/videos/generations",
            json={**BODY, **more.pop("body", {})},
            headers={"Authorization": f"Bearer {sandbox.key}", **more},
            trust_env=False,
        ).status_code
    except httpx.TransportError:
        return 0


def test_without_a_number_a_fault_is_for_ever() -> None:
    with Sandbox(faults=["500-after-create"]) as sandbox:
        assert [submit(sandbox) for _ in range(3)] == [500] * 3
        assert len(sandbox.created) == 3


@pytest.mark.rushes_sandbox(faults=["refuse-402:2", "500-after-create:1"])
def test_faults_strike_one_after_the_other(rushes_sandbox: Sandbox) -> None:
    assert [submit(rushes_sandbox) for _ in range(4)] == [402, 402, 500, 200]
    assert len(rushes_sandbox.created) == 2


def test_an_order_is_for_one_gateway_or_for_all(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.order("drop-after-create", gateway="apimart")
    assert submit(rushes_sandbox, "toapis") == 200
    assert submit(rushes_sandbox, "apimart") == 0
    assert submit(rushes_sandbox, "apimart") == 200
    assert len(rushes_sandbox.created) == 3


def test_what_the_gateway_refuses_itself_uses_nothing_up(rushes_sandbox: Sandbox) -> None:
    order = rushes_sandbox.order("drop-after-create")
    assert submit(rushes_sandbox, body={"duration": "5"}) == 400
    assert submit(rushes_sandbox, Authorization="Bearer wrong") == 401
    assert (order.struck, rushes_sandbox.created) == (0, [])
    assert not order.wait(0)
    assert submit(rushes_sandbox) == 0
    assert (order.struck, len(rushes_sandbox.created)) == (1, 1)


def test_an_order_can_be_cancelled(rushes_sandbox: Sandbox) -> None:
    order = rushes_sandbox.order("500-after-create", times=None)
    assert submit(rushes_sandbox) == 500
    order.cancel()
    assert submit(rushes_sandbox) == 200
    assert order.struck == 1


def test_one_order_strikes_one_of_many_at_once(rushes_sandbox: Sandbox) -> None:
    order = rushes_sandbox.order("stall-after-create", times=2)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(submit(rushes_sandbox))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    assert order.wait(120, times=2)
    order.release()
    for thread in threads:
        thread.join(30)
    assert (answers, order.struck) == ([200] * 6, 2)
    assert len(rushes_sandbox.created) == 6


def test_a_replay_is_struck_too_and_creates_nothing(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.order("drop-after-create", times=2)
    body = {"client_business_id": "job 7"}
    assert [submit(rushes_sandbox, body=body) for _ in range(3)] == [0, 0, 200]
    assert len(rushes_sandbox.created) == 1


def test_a_request_names_its_own_fault(rushes_sandbox: Sandbox) -> None:
    for name, status in (("500-after-create", 500), ("reset-before-reading", 0)):
        assert submit(rushes_sandbox, **{"X-Sandbox-Fault": name}) == status
    assert submit(rushes_sandbox) == 200
    # A client that sends one header with all its requests means the step that it is about.
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-500"}) == 200
    rushes_sandbox.order("refuse-402")
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-500"}) == 402
    assert submit(rushes_sandbox, **{"X-Sandbox-Fault": "status-50"}) == 400
    # It is no request that a gateway got.
    assert rushes_sandbox.exchanges[-1].status == 402
    assert len(rushes_sandbox.created) == 3


def test_nobody_is_there_while_it_is_ordered(rushes_sandbox: Sandbox) -> None:
    well = rushes_sandbox.base_urls
    order = rushes_sandbox.order("connection-refused", gateway="toapis")
    there = urlsplit(rushes_sandbox.base_urls["toapis"])
    assert rushes_sandbox.environment["TOAPIS_BASE_URL"] == there.geturl()
    assert rushes_sandbox.base_urls["uniall"] == well["uniall"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((there.hostname or "", there.port or 0), timeout=30)
    order.cancel()
    assert rushes_sandbox.base_urls == well
    order = rushes_sandbox.order("unknown-host")
    for url in rushes_sandbox.base_urls.values():
        assert (urlsplit(url).hostname or "").endswith(".invalid")
    order.cancel()
    rushes_sandbox.order("no-tls")
    there = urlsplit(rushes_sandbox.base_urls["apimart"])
    assert (there.scheme, there.path) == ("https", "/apimart")
    line = socket.create_connection((there.hostname or "", there.port or 0), timeout=30)
    with line, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(line, server_hostname="127.0.0.1")


def test_mistakes_are_told_with_what_is_near() -> None:
    with pytest.raises(ValueError, match="the nearest is 'drop-after-create'"):
        Sandbox(faults=["drop-after-creat"])
    sandbox = Sandbox()
    for times in (0, -1):
        with pytest.raises(ValueError, match="1 or more"):
            sandbox.order("status-500", times=times)
    with pytest.raises(ValueError, match="toapis, apimart, uniall"):
        sandbox.order("status-500", gateway="kling")


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
def test_a_badly_written_order_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(text)


def test_names_are_short_and_sentences_whole() -> None:
    for name, fault in FAULTS.items():
        assert (fault.name, len(name) < 30) == (name, True)
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert fault.does[0].isupper() or fault.does[0].isdigit()
        assert fault.does.endswith(".")


RUN = [sys.executable, "-c", "from rushes_sandbox.command import sandbox; sandbox()"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*RUN, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_command_lists_every_fault() -> None:
    listed = run("--list-faults")
    assert (listed.returncode, listed.stderr) == (0, "")
    for name in FAULTS:
        assert f"\n{name} " in listed.stdout
    told = json.loads(run("--list-faults", "--json").stdout)
    assert told == [fault.as_json() for fault in FAULTS.values()]
    assert set(told[0]) == {"name", "step", "does"}


def test_the_command_names_the_nearest_fault() -> None:
    done = run("--fault", "drop-aftr-create", "--port", "0")
    assert done.returncode == 2
    assert "the nearest is 'drop-after-create'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_orders_faults() -> None:
    arguments = ["--port", "0", "--json", "--fault", "refuse-402:1", "--fault", "500-after-create"]
    with subprocess.Popen([*RUN, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            url = f"{told['base_urls']['toapis']}/v1/videos/generations"
            headers = {"Authorization": f"Bearer {told['key']}"}
            answers = [
                httpx.post(url, json=BODY, headers=headers, trust_env=False).status_code
                for _ in range(3)
            ]
        finally:
            process.terminate()
    assert answers == [402, 500, 500]


def test_the_readme_lists_every_fault() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    rows = [f"| {fault.step} | `{fault.name}` | {fault.does} |" for fault in FAULTS.values()]
    assert "\n".join(["| step | name | what happens |", "|---|---|---|", *rows]) in readme
