"""`rushes webhooks` as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

RUN = [sys.executable, "-c", "from rushes_cli.main import main; main()", "webhooks"]


@contextmanager
def running(home: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*RUN, *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "RUSHES_HOME": str(home), "TOAPIS_WEBHOOK_SECRET": "it is private"},
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_logs_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path, "--port", "0", "--json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        refused = httpx.post(f"{url}/toapis", json={"data": {"task_id": "a"}})
        taken = httpx.post(f"{url}/apimart", json={"data": {"id": "a"}})
        assert httpx.get(f"{url}/health").status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert (refused.status_code, taken.status_code) == (401, 200)
    assert (process.returncode, out) == (0, "")
    logged = [line for line in err.splitlines() if "answered: " in line]
    assert [line.partition("answered: ")[2].partition(" reason=")[0] for line in logged] == [
        "provider='toapis' status=401",
        "provider='apimart' status=200",
    ]
    assert "Traceback" not in err
    assert "private" not in err


def test_a_taken_port_is_one_sentence_and_exit_3(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with running(tmp_path, "--port", port) as process:
            out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    assert f"It cannot listen on 127.0.0.1, port {port}: Address already in use." in err


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_what_is_no_port_is_wrong_usage(tmp_path: Path, port: str) -> None:
    with running(tmp_path, "--port", port) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert "0<=x<=65535" in err


def test_a_journal_that_cannot_be_used_is_exit_3(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with running(tmp_path, "--port", "0") as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, "")
    assert "Traceback" not in err
    assert "journal" in err


def test_importing_is_light() -> None:
    code = (
        "import sys, rushes_webhooks.command\n"
        "print([name for name in ('rushes', 'uvicorn', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
