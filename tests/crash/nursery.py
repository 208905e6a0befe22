"""The tests' side of `victims.py`: start a process, hear what it does, kill it."""

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

from crash.victims import Ended, Order

HANG = 90.0
"""Seconds after which a process that says nothing is called hung."""


class Hung(AssertionError):
    """A process neither went on nor ended."""


class Victim:
    """One process made by a nursery."""

    def __init__(self, nursery: "Nursery") -> None:
        self._nursery = nursery
        self.said: list[str] = []
        self.pid = int(self.hear("born"))

    @property
    def dead(self) -> bool:
        """Whether it has ended."""
        self._listen()
        return "dead" in self.said

    def hear(self, word: str) -> str:
        """Wait until it has said a word; return the rest of that line."""
        seen = 0
        while True:
            for line in self.said[seen:]:
                first, _, rest = line.partition(" ")
                if first == word:
                    return rest
                assert first != "dead", f"it ended before it said {word!r}: {self.said}"
            seen = len(self.said)
            self._listen(HANG)

    def kill(self) -> None:
        """End it, whatever it does."""
        os.kill(self.pid, signal.SIGKILL)
        self.hear("dead")

    def sleep(self) -> None:
        """Wait until the process has suspended itself."""
        self.hear("stopped")
        while "T" not in Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]:
            time.sleep(0.001)  # a process tells nobody that it was stopped

    def wake(self) -> None:
        """Let a process go on that has suspended itself."""
        os.kill(self.pid, signal.SIGCONT)

    def ended(self) -> Ended | None:
        """Wait for its end; return what came of it, or None where it was killed before."""
        self.hear("dead")
        told = [line.partition(" ")[2] for line in self.said if line.startswith("ended ")]
        return msgspec.json.decode(told[0], type=Ended) if told else None

    def bury(self) -> None:
        """Let its parent notice that it is dead; until then its process id is taken."""
        self._nursery.hand("")

    def _listen(self, seconds: float | None = None) -> None:
        """Take what it has said; with a time, wait so long for one line at least."""
        lines = self._nursery.lines
        try:
            if seconds is not None:
                self.said.append(lines.get(timeout=seconds))
        except queue.Empty:
            raise Hung(f"nothing within {seconds:g} s, after {self.said}") from None
        with suppress(queue.Empty):
            while True:
                self.said.append(lines.get_nowait())


class Nursery:
    """A process that has everything loaded and makes others, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("victims.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._last: Victim | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last and not self._last.dead:
            os.kill(self._last.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def start(self, order: Order) -> Victim:
        """Make a process that does what is ordered."""
        self.hand(msgspec.json.encode(order).decode())
        self._last = Victim(self)
        return self._last

    def hand(self, line: str) -> None:
        """Write a line."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.put(line.rstrip("\n"))
