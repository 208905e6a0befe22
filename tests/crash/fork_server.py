"""The tests' side of `job_process.py`: start a job's process, follow what it reports, kill it."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from crash.job_process import ExitReport, JobSpec

HANG_SECONDS = 90.0
"""A process that reports nothing for this many seconds is considered hung."""


class HangError(AssertionError):
    """A process neither made progress nor exited."""


class JobProcess:
    """One process forked by a fork server."""

    def __init__(self, server: "ForkServer") -> None:
        self._server = server
        self.lines: list[str] = []
        self.pid = int(self.wait_for("started"))

    @property
    def exited(self) -> bool:
        """Whether it has exited."""
        self._read_lines()
        return "exited" in self.lines

    def wait_for(self, word: str) -> str:
        """Wait until it reports this word; return the rest of the line."""
        read = 0
        while True:
            for line in self.lines[read:]:
                first, _, rest = line.partition(" ")
                if first == word:
                    return rest
                assert first != "exited", f"it exited before it reported {word!r}: {self.lines}"
            read = len(self.lines)
            self._read_lines(HANG_SECONDS)

    def kill(self) -> None:
        """Kill it, whatever it is doing."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait_for("exited")

    def wait_until_suspended(self) -> None:
        """Wait until the process has suspended itself."""
        self.wait_for("stopped")
        while "T" not in Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]:
            time.sleep(0.001)  # nothing but polling shows that a process has stopped

    def continue_suspended(self) -> None:
        """Resume a process that has suspended itself."""
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> ExitReport | None:
        """Wait until it exits; return its report, or None if it was killed before it wrote one."""
        self.wait_for("exited")
        reports = [line.partition(" ")[2] for line in self.lines if line.startswith("report ")]
        return msgspec.json.decode(reports[0], type=ExitReport) if reports else None

    def reap(self) -> None:
        """Let its parent reap it; until then it is a zombie and its process id is taken."""
        self._server.send("")

    def _read_lines(self, timeout: float | None = None) -> None:
        """Read what it has reported; with a timeout, wait that long for at least one line."""
        lines = self._server.lines
        try:
            if timeout is not None:
                self.lines.append(lines.get(timeout=timeout))
        except queue.Empty:
            raise HangError(f"nothing within {timeout:g} s, after {self.lines}") from None
        with suppress(queue.Empty):
            while True:
                self.lines.append(lines.get_nowait())


class ForkServer:
    """A process that has imported everything and forks job processes, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("job_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._last: JobProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last and not self._last.exited:
            os.kill(self._last.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def start(self, spec: JobSpec) -> JobProcess:
        """Fork a process that does what the spec says."""
        self.send(msgspec.json.encode(spec).decode())
        self._last = JobProcess(self)
        return self._last

    def send(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.put(line.rstrip("\n"))
