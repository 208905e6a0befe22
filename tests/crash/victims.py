"""A small process that makes others to be killed: it has everything loaded, and forks.

It reads one JSON object a line (`Order`) and makes one process of each. That process says on
standard output what it does; when it has ended, however that came, `dead` is said for it. It then
stays a zombie until another line comes in.
"""

import os
import pathlib
import signal
import sys
from concurrent.futures import Future, wait
from importlib.metadata import entry_points
from typing import Any

import msgspec
import rushes
import rushes._flow
import rushes._journal.claims
import rushes._network.async_transport  # loaded before the forks
import rushes._session.session

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
    lease: float | None = None
    """Seconds that a claim holds; the process then suspends itself where it is to stop."""


class Ended(msgspec.Struct, kw_only=True):
    """What came of it: an error's type and words, or none."""

    error: str | None = None
    message: str = ""


def tell(*words: str) -> None:
    """Say a line, whole, also while others do."""
    os.write(1, (" ".join(words) + "\n").encode())


def reach(point: str, order: Order) -> None:
    """Stand still at the point where this process is to be killed, or suspended."""
    if point != order.stop:
        return
    tell("stopped")
    if order.lease is not None:
        order.stop = None  # once is enough
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    os.read(0, 1)  # ends when nobody is left who could kill it
    os._exit(1)


class Watched(rushes.SQLiteJournal):
    """The journal as it is, with points to stop at before and after each write."""

    def __init__(self, order: Order) -> None:
        super().__init__(pathlib.Path(order.home) / "journal.db")
        self._order = order

    def begin(self, method: str, *arguments: Any) -> "Future[Any]":
        what = method
        if method == "save":
            what = "file" if arguments[0].file else arguments[0].state
        reach(f"before {what}", self._order)
        begun = super().begin(method, *arguments)
        wait([begun])
        reach(f"after {what}", self._order)
        if method == "claim" and begun.result() is None:
            tell("kept-out")
        return begun


def stop_before_the_call_leaves(order: Order) -> None:
    """Let this process stop where the claim is checked, and the first byte is next."""
    made = rushes._flow.Dispatch.__init__

    def make(dispatch: Any, may_leave: Any) -> None:
        def checked() -> None:
            may_leave()
            reach("before leaving", order)

        made(dispatch, checked)

    setattr(rushes._flow.Dispatch, "__init__", make)  # noqa: B010 - for the type checker


def stop_around_the_rename(order: Order) -> None:
    """Let this process stop before or after a file gets its final name."""
    replace = os.replace

    def replaced(source: Any, target: Any) -> None:
        reach("before rename", order)
        replace(source, target)
        reach("after rename", order)

    os.replace = replaced  # type: ignore[assignment]


def work(order: Order) -> None:
    """Do what was ordered, as a program would."""
    signal.alarm(PATIENCE)
    tell("born", str(os.getpid()))
    if order.stop and "rename" in order.stop:
        stop_around_the_rename(order)
    if order.stop == "before leaving":
        stop_before_the_call_leaves(order)
    if order.lease is not None:
        vars(rushes._journal.claims)["LEASE"] = order.lease
        vars(rushes._session.session)["CONFIRMED"] = order.lease / 2
    ended = Ended()
    with rushes.Client(
        home=order.home,
        keys=order.keys,
        base_urls=order.base_urls,
        polling=rushes.Polling(first=0.03, every=0.03),
        journal=Watched(order),
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
