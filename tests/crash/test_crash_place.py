"""Killed while it tries whether the video could be written: nothing of the try stays."""

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


def test_nothing_stays_of_a_place_that_was_tried(tmp_path: Path) -> None:
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR, 0o600))
    except (AttributeError, OSError):
        pytest.skip("every file has a name on this system, for a moment at least")
    subprocess.run(
        [sys.executable, "-c", KILLED_AT_A_REMOVAL, str(tmp_path / "film.mp4")], timeout=60
    )
    assert list(tmp_path.iterdir()) == []
