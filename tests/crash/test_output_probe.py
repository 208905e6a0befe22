"""Killed while probing whether the video could be written: nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLED_AT_A_REMOVAL = """
import os, signal, sys
import rushes, rushes.testing

def hook(event, arguments):
    if event == "os.remove":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
home, output = sys.argv[1:]
where = {"home": home, "base_urls": {"toapis": "http://127.0.0.1:1"}}
with rushes.Client(**where, keys={"toapis": "any"}, clock=rushes.testing.Clock()) as client:
    client.submit("toapis/kling-v3", rushes.Request("A red kite"), output=output)
"""


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR, 0o600))
    except (AttributeError, OSError):
        pytest.skip("this system has no unnamed files")
    output = tmp_path / "output"
    output.mkdir()
    places = str(tmp_path / "home"), str(output / "film.mp4")
    command = [sys.executable, "-c", KILLED_AT_A_REMOVAL, *places]
    done = subprocess.run(command, timeout=300, capture_output=True, text=True)
    assert "NotSentError" in done.stderr  # it went on after the probe
    assert list(output.iterdir()) == []
