"""The real `rushes` command against the sandbox, and its output."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from faults import secrecy
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.runner import DEADLINE

RUSHES = str(Path(sys.executable).with_name("rushes"))
AGAIN = re.compile(r"rushes resume (\S+)")


class Command:
    """Runs `rushes` in a fault run's home, and searches all output for the key."""

    def __init__(self, run: FaultRun) -> None:
        self.fault_run = run
        self.code, self.out, self.err = 0, "", ""
        self.environment = {
            **os.environ,
            **run.sandbox.environment,
            "RUSHES_HOME": str(run.home),
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `rushes` with these arguments."""
        return subprocess.Popen(
            [RUSHES, *arguments],
            env=self.environment,
            cwd=self.fault_run.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: "subprocess.Popen[str]") -> int:
        """Wait until it exits; return its exit code."""
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
        """Run `rushes` with these arguments; return its exit code."""
        return self.end(self.start(*arguments))

    def generate(self, *more: str) -> list[str]:
        """Return the arguments that request the video."""
        facts = self.fault_run.facts
        model = [
            "-m",
            VARIANTS[self.fault_run.provider],
            "-o",
            str(self.fault_run.target),
            "--force",
        ]
        return ["generate", str(facts.request.prompt), *facts.options, *model, *more]

    def begin(self) -> str:
        """Request the video without waiting for it; return the task's reference."""
        assert self.run(*self.generate("--timeout", "0.1")) == 6, self.err
        return self.reference

    @property
    def reference(self) -> str:
        """The task reference in the printed resume command."""
        found = AGAIN.search(self.err)
        assert found, self.err
        return found[1]

    @property
    def json(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.out)
