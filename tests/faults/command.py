"""The real `rushes` command against the sandbox, and what it says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from faults import secrecy
from faults.bench import Bench
from faults.films import REQUEST, VARIANTS
from faults.playing import DEADLINE

RUSHES = str(Path(sys.executable).with_name("rushes"))
AGAIN = re.compile(r"rushes resume (\S+)")


class Command:
    """Runs `rushes` in a bench's home; every word it says is looked through for the key."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.code, self.out, self.err = 0, "", ""
        self.environment = {
            **os.environ,
            **bench.sandbox.environment,
            "RUSHES_HOME": str(bench.home),
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it with these arguments."""
        return subprocess.Popen(
            [RUSHES, *arguments],
            env=self.environment,
            cwd=self.bench.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: "subprocess.Popen[str]") -> int:
        """Wait for its end, and return its exit code."""
        with process:
            try:
                self.out, self.err = process.communicate(timeout=DEADLINE)
            finally:
                process.kill()
        self.code = process.returncode
        secrecy.assert_without_key([self.out, self.err])
        assert "Traceback" not in self.err
        return self.code

    def run(self, *arguments: str) -> int:
        """Run it to its end, and return its exit code."""
        return self.end(self.start(*arguments))

    def generate(self, *more: str) -> list[str]:
        """Return the arguments that ask for the video."""
        duration = ["--duration", str(REQUEST.duration)]
        model = ["-m", VARIANTS[self.bench.provider], "-o", str(self.bench.target), "--force"]
        return ["generate", str(REQUEST.prompt), *duration, *model, *more]

    def begin(self) -> str:
        """Ask for the video, do not wait for it, and return the task's reference."""
        assert self.run(*self.generate("--timeout", "0.1")) == 6, self.err
        return self.reference

    @property
    def reference(self) -> str:
        """The task that the last words name in the command to take it up again."""
        found = AGAIN.search(self.err)
        assert found, self.err
        return found[1]

    @property
    def told(self) -> Any:
        """What was said to a program."""
        return json.loads(self.out)
