"""A fork server for processes that will be killed: it has imported everything, and forks.

It reads one JSON object per line (`JobSpec`) and forks one process for each. That process reports
on standard output what it does; once it has exited, for whatever reason, the fork server reports
`exited` for it. It then stays a zombie until another line comes in.
"""

import os
import pathlib
import pkgutil
import signal
import socket
import sys
from concurrent.futures import Future, wait
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import msgspec
import rushes
from rushes.journal import LEASE
from rushes.testing import Clock

MAX_SECONDS = 240
"""Seconds after which a process kills itself, in case nobody is left to kill it."""
CLOCK = Clock(longest=MAX_SECONDS)
"""The clock of a process whose claims last only `JobSpec.lease` seconds; its pauses are real."""


class JobSpec(msgspec.Struct, kw_only=True):
    """What one process does: `generate`, `resume` or `resolve` one task.

    `stop` is the point at which it stops and waits to be killed.
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
    journal: str | None = None
    """The address of a PostgreSQL journal; without one, the file in `home`."""
    stop: str | None = None
    lease: float | None = None
    """Seconds that a claim holds; the process then suspends itself where it would stop."""


class ExitReport(msgspec.Struct, kw_only=True):
    """How it ended: an error's type and message, or neither."""

    error: str | None = None
    message: str = ""


def emit(*words: str) -> None:
    """Write a line in one piece, even while other processes write."""
    os.write(1, (" ".join(words) + "\n").encode())


def stop_at(point: str, spec: JobSpec) -> None:
    """Stop here if this is the point where the process is to be killed or suspended."""
    if point != spec.stop:
        return
    emit("stopped")
    if spec.lease is not None:
        spec.stop = None  # once is enough
        os.kill(os.getpid(), signal.SIGSTOP)
        CLOCK.advance(LEASE - spec.lease)  # it was suspended for a whole lease
        return
    os.read(0, 1)  # returns when nobody is left to kill it
    os._exit(1)


class Stopping:
    """A journal with a point to stop at before and after each write."""

    spec: JobSpec

    def begin(self, method: str, *arguments: Any) -> "Future[Any]":
        what = method
        if method in ("save", "conclude"):
            what = "file" if arguments[0].file else arguments[0].state
        stop_at(f"before {what}", self.spec)
        begun: Future[Any] = super().begin(method, *arguments)  # type: ignore[misc]
        wait([begun])
        stop_at(f"after {what}", self.spec)
        if method == "claim" and begun.result() is None:
            emit("kept-out")
        return begun


class StoppingFile(Stopping, rushes.SQLiteJournal):
    """The real journal in a file."""


class StoppingDatabase(Stopping, rushes.PostgresJournal):
    """The real journal in a database."""


def open_journal(spec: JobSpec, **clock: Any) -> StoppingFile | StoppingDatabase:
    """Open the journal of a job."""
    path = pathlib.Path(spec.home) / "journal.db"
    journal = StoppingDatabase(spec.journal) if spec.journal else StoppingFile(path, **clock)
    journal.spec = spec
    return journal


def stop_before_the_submit(spec: JobSpec) -> None:
    """Make this process stop right before it writes the first byte of a POST to a socket."""

    def stopping(send: Any) -> Any:
        def patched(self: socket.socket, buffer: Any, *flags: int) -> Any:
            if bytes(buffer[:5]) == b"POST ":
                stop_at("before leaving", spec)
            return send(self, buffer, *flags)

        return patched

    socket.socket.send = stopping(socket.socket.send)  # type: ignore[method-assign]
    socket.socket.sendall = stopping(socket.socket.sendall)  # type: ignore[method-assign]


def stop_around_the_rename(spec: JobSpec) -> None:
    """Make this process stop before or after a file gets its final name."""
    replace = os.replace

    def patched(source: Any, target: Any) -> None:
        stop_at("before rename", spec)
        replace(source, target)
        stop_at("after rename", spec)

    os.replace = patched  # type: ignore[assignment]


def work(spec: JobSpec) -> None:
    """Do the job, as a program would."""
    signal.alarm(MAX_SECONDS)
    emit("started", str(os.getpid()))
    if spec.stop and "rename" in spec.stop:
        stop_around_the_rename(spec)
    if spec.stop == "before leaving":
        stop_before_the_submit(spec)
    clock = None
    journal = open_journal(spec)
    if spec.lease is not None:
        # Its clock is behind the others', so that they see its claims expire early.
        clock = CLOCK
        clock.advance(spec.lease - LEASE)
        journal = open_journal(spec, clock=clock.since_boot)
    report = ExitReport()
    with rushes.Client(
        home=spec.home,
        keys=spec.keys,
        base_urls=spec.base_urls,
        polling=rushes.Polling(first=0.03, every=0.03),
        journal=journal,
        clock=clock,
    ) as client:
        try:
            if spec.verb == "generate":
                client.generate(spec.variant, spec.request, task=spec.task, output=spec.output)
            elif spec.verb == "resume":
                client.resume(spec.task)
            else:
                given = spec.remote_id
                client.resolve(spec.task, remote_id=given, lost=given is None)
        except Exception as error:  # noqa: BLE001 - reported, even one that should not occur
            report = ExitReport(error=type(error).__name__, message=str(error))
    emit("report", msgspec.json.encode(report).decode())


def import_everything() -> None:
    """Import all of rushes and its plugins, so that the forked processes need not."""
    for module in pkgutil.walk_packages(rushes.__path__, "rushes."):
        if not module.name.startswith("rushes.testing"):
            import_module(module.name)
    for entry in entry_points(group="rushes"):
        entry.load()


def main() -> None:
    """Fork a process for each line that comes in, one after the other."""
    import_everything()
    read = msgspec.json.Decoder(JobSpec).decode
    for line in iter(sys.stdin.readline, ""):
        spec = read(line)
        child = os.fork()
        if child == 0:
            try:
                work(spec)
            finally:
                os._exit(0)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        emit("exited")
        sys.stdin.readline()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
