"""`rushes sandbox` as a process of its own."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from rushes_sandbox import protocols
from rushes_sandbox.command import sandbox
from rushes_sandbox.demo import demo

RUN = [sys.executable, "-c", "from rushes_sandbox.command import sandbox; sandbox()"]
BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 5}


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*RUN, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_to_paste_and_ends_cleanly(number: signal.Signals) -> None:
    with running("--port", "0", "--key", "it's mine") as process:
        assert process.stdout is not None
        each = protocols().by_id.values()
        count = 2 * len(each) + sum(one.signed_with_secret for one in each)
        lines = [process.stdout.readline() for _ in range(count)]
        variables = dict(shlex.split(line)[1].split("=", 1) for line in lines)
        assert all(line.startswith("export ") for line in lines)
        assert variables["TOAPIS_API_KEY"] == "it's mine"
        response = httpx.get(
            variables["APIMART_BASE_URL"] + "/v1/balance",
            headers={"Authorization": "Bearer it's mine"},
        )
        assert response.status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "")
    assert "Ctrl-C" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--port", value) for value in ("99999", "65536", "-1", "x")),
        *(
            (option, value)
            for option in ("--balance", "--queue-seconds", "--render-seconds", "--result-lifetime")
            for value in ("nan", "inf", "-1", "x")
        ),
    ],
)
def test_a_number_that_is_none_is_wrong_usage(option: str, value: str) -> None:
    done = CliRunner().invoke(sandbox, [option, value, "--list-lies"])
    assert done.exit_code == 2, done.output
    assert f"Invalid value for '{option}'" in done.output


def test_a_demo_needs_a_folder_that_there_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for bad in (tmp_path / ("n" * 300), tmp_path / "file" / "in it"):
        done = CliRunner().invoke(demo, ["-o", str(bad)])
        assert done.exit_code == 3, done.output
        assert f"Error: -o {bad} cannot be used: " in done.output


def test_json_is_one_object() -> None:
    with running("--port", "0", "--json") as process:
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())
        assert set(printed["base_urls"]) == set(protocols().by_id)
        assert printed["key"] == "sandbox-key"
        assert printed["environment"]["UNIALL_BASE_URL"] == printed["base_urls"]["uniall"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0


def test_a_taken_port_is_one_sentence_and_exit_3() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*RUN, "--port", port], capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"Port {port} is in use" in done.stderr


def test_it_injects_faults() -> None:
    with running(
        "--port", "0", "--json", "--fault", "refuse-402:1", "--fault", "500-after-create"
    ) as process:
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())
        url = f"{printed['base_urls']['toapis']}/v1/videos/generations"
        headers = {"Authorization": f"Bearer {printed['key']}"}
        statuses = [
            httpx.post(url, json=BODY, headers=headers, trust_env=False).status_code
            for _ in range(3)
        ]
        process.terminate()
        _, err = process.communicate(timeout=120)
    assert statuses == [402, 500, 500]
    assert "Injected faults: refuse-402:1, 500-after-create." in err


def test_it_announces_that_the_videos_differ() -> None:
    lies = ("--lie", "silent", "--lie", "shorter")
    with running("--port", "0", "--json", *lies, "--webhooks", "out-of-order") as process:
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())
        url = f"{printed['base_urls']['apimart']}/v1/videos/generations"
        headers = {"Authorization": f"Bearer {printed['key']}"}
        response = httpx.post(url, json=BODY, headers=headers, trust_env=False)
        assert response.status_code == 200
        process.terminate()
        _, err = process.communicate(timeout=120)
    assert "The videos differ from the request: silent, shorter." in err
    assert "Notifications are out-of-order." in err


@pytest.mark.parametrize(
    "module", ["command", "pytest_plugin", "_protocols.validating", "_listing"]
)
def test_importing_is_light(module: str) -> None:
    code = (
        f"import sys, rushes_sandbox.{module}\n"
        "print([name for name in ('av', 'PIL', 'starlette', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
