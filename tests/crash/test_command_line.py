"""The command line, killed with SIGKILL: the user's next command delivers the video."""

import json
import os
import subprocess
import sys
from pathlib import Path

from rushes_sandbox import Sandbox

from crash.fork_server import HANG_SECONDS

RUSHES = str(Path(sys.executable).with_name("rushes"))


class User:
    """A user who runs commands in one folder."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.environment = {
            **os.environ,
            **sandbox.environment,
            "RUSHES_HOME": str(folder / "home"),
        }

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        done = subprocess.run(
            [RUSHES, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
        return done.returncode, done.stdout

    def kill(self, fault: str, *words: str) -> None:
        """Run a command and kill it while the provider holds an answer back."""
        held = self.sandbox.inject(fault)
        with subprocess.Popen(
            [RUSHES, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                assert held.wait(HANG_SECONDS), f"rushes {words[0]} never reached {fault}"
            finally:
                process.kill()
        held.cancel()


def test_a_job_killed_twice_is_resumed(rushes_sandbox: Sandbox, tmp_path: Path) -> None:
    user = User(rushes_sandbox, tmp_path)
    kite = ("A red kite", "-m", "toapis/kling-v3", "-o", "kite.mp4")
    user.kill("stall-after-create", "generate", *kite)
    user.kill("download-stall", "resume")
    assert not (tmp_path / "kite.mp4").exists()
    assert user.run("resume")[0] == 0
    (made,) = rushes_sandbox.created
    assert (tmp_path / "kite.mp4").read_bytes() == made.video.path.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"kite.mp4", "home"}
    assert user.run("resume") == (0, "")
    assert len(rushes_sandbox.created) == 1


def test_an_unknown_submit_is_resolved_by_hand(rushes_sandbox: Sandbox, tmp_path: Path) -> None:
    user = User(rushes_sandbox, tmp_path)
    kite = ("A red kite", "-m", "uniall/kling-v3-std-silent", "-o", "kite.mp4")
    user.kill("stall-after-create", "generate", *kite)
    code, printed = user.run("resume", "--json")
    assert code == 7
    task = json.loads(printed)
    assert (task["status"], task["remote_id"]) == ("unknown", None)
    (made,) = rushes_sandbox.created
    assert user.run("resolve", task["task"], "--id", made.id)[0] == 0
    assert user.run("resume")[0] == 0
    assert (tmp_path / "kite.mp4").read_bytes() == made.video.path.read_bytes()
    assert len(rushes_sandbox.created) == 1
