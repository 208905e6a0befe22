"""A small process that makes others to be killed: it has everything loaded, and forks.

It reads one JSON object a line (`Order`) and makes one process of each. That process says on
standard output what it does; when it has ended, however that came, `dead` is said for it. It then
stays a zombie until another line comes in.
"""

import os
import pathlib
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

import msgspec
import rushes
import rushes.async_transport  # loaded before the forks

PATIENCE = 240
"""Seconds after which a process ends itself, should nobody be left to kill it."""


class Order(msgspec.Struct, kw_only=True):
    """What one process is to do: `generate`, `resume` or `resolve` one task.

    `stop` is the point at which it stands still until it is killed.
    """

    verb: str
    home: str
    keys: dict[str, str]
    base_urls: dict[str, str]
    variant: str
    request: dict[str, Any]
    task: str
    output: str
    remote_id: str | None = None
    stop: str | None = None


class Ended(msgspec.Struct, kw_only=True):
    """What came of it: an error's type and words, or none."""

    error: str | None = None
    message: str = ""


def tell(*words: str) -> None:
    """Say a line, whole, also while others do."""
    os.write(1, (" ".join(words) + "\n").encode())


def reach(point: str, stop: str | None) -> None:
    """Stand still at the point where this process is to be killed."""
    if point == stop:
        tell("stopped")
        os.read(0, 1)  # ends when nobody is left who could kill it
        os._exit(1)


class Watched(rushes.SQLiteJournal):
    """The journal as it is, with points to stop at before and after each write."""

    def __init__(self, path: pathlib.Path, stop: str | None) -> None:
        super().__init__(path)
        self._stop = stop

    def add(self, task: rushes.Task, claim: str | None = None) -> rushes.Task:
        with self._stops("add"):
            return super().add(task, claim)

    def save(self, task: rushes.Task, claim: str | None = None) -> None:
        with self._stops("file" if task.file else task.state):
            super().save(task, claim)

    def claim(self, task_id: str, claim: str) -> rushes.Task | None:
        held = super().claim(task_id, claim)
        if held is None:
            tell("kept-out")
        return held

    @contextmanager
    def _stops(self, what: str) -> Iterator[None]:
        reach(f"before {what}", self._stop)
        yield
        reach(f"after {what}", self._stop)


def stop_around_the_rename(stop: str) -> None:
    """Let this process stop before or after a file gets its final name."""
    replace = os.replace

    def replaced(source: Any, target: Any) -> None:
        reach("before rename", stop)
        replace(source, target)
        reach("after rename", stop)

    os.replace = replaced  # type: ignore[assignment]


def work(order: Order) -> None:
    """Do what was ordered, as a program would."""
    signal.alarm(PATIENCE)
    tell("born", str(os.getpid()))
    if order.stop and "rename" in order.stop:
        stop_around_the_rename(order.stop)
    ended = Ended()
    with rushes.Client(
        home=order.home,
        keys=order.keys,
        base_urls=order.base_urls,
        polling=rushes.Polling(first=0.03, every=0.03),
        journal=Watched(pathlib.Path(order.home) / "journal.db", order.stop),
    ) as client:
        try:
            if order.verb == "generate":
                client.generate(order.variant, order.request, task=order.task, output=order.output)
            elif order.verb == "resume":
                client.resume(order.task)
            else:
                given = order.remote_id
                client.resolve(order.task, remote_id=given, lost=given is None)
        except Exception as error:  # noqa: BLE001 - also one that should not be is told
            ended = Ended(error=type(error).__name__, message=str(error))
    tell("ended", msgspec.json.encode(ended).decode())


def main() -> None:
    """Make a process of each line that comes in, one after the other."""
    for entry in entry_points(group="rushes"):
        entry.load()
    read = msgspec.json.Decoder(Order).decode
    for line in iter(sys.stdin.readline, ""):
        order = read(line)
        child = os.fork()
        if child == 0:
            try:
                work(order)
            finally:
                os._exit(0)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        tell("dead")
        sys.stdin.readline()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
