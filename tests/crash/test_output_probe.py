"""Killed while probing whether the video could be written: nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLED_AT_A_REMOVAL = """
import os, signal, sys
from pathlib import Path
from rushes import Client
from rushes._fetch.target import writable

def hook(event, arguments):
    if event == "os.remove":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
writable(Client(home="/nowhere")._session, Path(sys.argv[1]))
"""


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR, 0o600))
    except (AttributeError, OSError):
        pytest.skip("this system has no unnamed files")
    subprocess.run(
        [sys.executable, "-c", KILLED_AT_A_REMOVAL, str(tmp_path / "film.mp4")], timeout=60
    )
    assert list(tmp_path.iterdir()) == []
