"""Protocols are found by entry points; a broken one is named, and the others work."""

import json
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest
from rushes_sandbox import Protocol, Reply, Route, Sandbox, protocols
from rushes_sandbox._protocols.installed import GROUP, load


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


GOOD = entry("uniall", "rushes_uniall.sandbox:protocol")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("acme", "rushes_nowhere.sandbox:protocol", "ModuleNotFoundError"),
        ("acme", "json:dumps", "not a Protocol but a function"),
        ("acme", "rushes_uniall.sandbox:protocol", "is the protocol of 'uniall'"),
        ("acme", "sys:exit()", "acme"),
    ],
)
def test_a_broken_one_is_named_and_the_others_work(name: str, value: str, why: str) -> None:
    found = load([entry(name, value), GOOD])
    assert list(found.by_id) == ["uniall"]
    assert why in found.broken["acme"]


def test_two_of_one_provider_are_neither(tmp_path: Path) -> None:
    found = load([GOOD, entry("uniall", "elsewhere:protocol")])
    assert found.by_id == {}
    assert "several distributions" in found.broken["uniall"]
    assert "elsewhere:protocol" in found.broken["uniall"]


def test_the_command_names_a_broken_one(tmp_path: Path) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nacme = nowhere:protocol\n")
    code = "from rushes_sandbox.command import sandbox; sandbox()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", "--json"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert set(json.loads(process.stdout.readline())["base_urls"]) == set(protocols().by_id)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
    assert "Left out: acme" in err
    assert "No module named 'nowhere'" in err


def test_an_error_of_a_protocol_is_an_answer_and_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_incoming: object, _backend: object) -> Reply:
        raise LookupError("a mistake")

    mine = Protocol(
        id="acme",
        endpoints=(Route(method="GET", path="/broken", handle=broken),),
        error=lambda http, message, param: {"message": message},
    )
    with Sandbox(protocols=[mine]) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        answer = httpx.get(f"{sandbox.base_urls['acme']}/broken", headers=headers)
        assert httpx.get(f"{sandbox.base_urls['acme']}/else", headers=headers).status_code == 404
        assert httpx.post(f"{sandbox.base_urls['acme']}/broken").status_code == 405
    assert answer.status_code == 500
    assert answer.json() == {"message": "the sandbox failed: LookupError: a mistake"}
    assert "/acme/broken" in caplog.text
