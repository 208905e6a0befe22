"""A process that forks with connections open; parent and child print what each received."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
from made_up_hosts import trusting
from rushes import Call
from rushes._flow import Dispatch, Interrupted, Send, Stream
from rushes._network.async_transport import AsyncTransport
from rushes._network.transport import Transport
from stalled_phases import wait_until_async
from transport_runner import Body, settings

TURNS = 30


SCHEME = sys.argv[3]
HERE: dict[str, Any] = {"resolve": lambda host, port: ["127.0.0.1"]}


def get(port: int, path: str) -> Send:
    return Send(call=Call.get(f"{SCHEME}://cdn.example:{port}/{path}"), total=20)


def right(path: str, body: bytes) -> int:
    """Return 1 if the answer belongs to the request, else 0."""
    return int(body.decode() == path)


def report(who: str, got: int) -> None:
    sys.stdout.write(f"{who} {got}\n")
    sys.stdout.flush()


def sync(port: int) -> Callable[[str], int]:
    transport = Transport(settings(connections=1, **HERE))

    def go_on(who: str) -> int:
        paths = [f"{who}/{turn}" for turn in range(TURNS)]
        return sum(right(path, transport.send(get(port, path)).body) for path in paths)

    assert transport.send(get(port, "warm")).body == b"warm"
    return go_on


def busy(port: int) -> Callable[[str], int]:
    """Fork while another thread has the only connection, whose answer nobody else gets."""
    transport = Transport(settings(connections=1, **HERE))
    got: list[bytes] = []
    left = threading.Event()
    call = get(port, "slow").call
    effect = Send(call=call, total=20, dispatch=Dispatch(left.set))
    thread = threading.Thread(target=lambda: got.append(transport.send(effect).body))
    thread.start()
    left.wait()

    def go_on(who: str) -> int:
        if who == "parent":
            thread.join()
            assert got == [b"slow"]
        paths = [f"{who}/{turn}" for turn in range(TURNS)]
        return sum(right(path, transport.send(get(port, path)).body) for path in paths)

    return go_on


class Forking(Body):
    """A sink that forks while a body arrives; both processes continue."""

    child: int | None = None

    def report_progress(self) -> None:
        if self.child is None and len(self.content) >= TURNS:
            self.child = os.fork()


def within(port: int) -> None:
    """Fork in a callback during a download: the parent gets the whole body, the child no more."""
    sink = Forking()
    call = get(port, "film").call
    try:
        Transport(settings(**HERE)).stream(
            Stream(call=call, total=20, sink=sink, public_only=False)
        )
    except Interrupted:
        assert sink.child == 0
        assert len(sink.content) < 2 * TURNS
        report("child", TURNS)
        return
    assert sink.child
    os.waitpid(sink.child, 0)
    report("parent", sink.content.count(b"x") - TURNS)


async def asked(transport: AsyncTransport, port: int, who: str) -> int:
    paths = [f"{who}/{turn}" for turn in range(TURNS)]
    return sum([right(path, (await transport.send(get(port, path))).body) for path in paths])


async def awaiting(port: int) -> None:
    """Fork while an event loop runs; the child starts one of its own."""
    transport = AsyncTransport(settings(connections=2, **HERE))
    slow = asyncio.create_task(transport.send(get(port, "slow")))
    assert (await transport.send(get(port, "warm"))).body == b"warm"
    await wait_until_async(lambda: bool(transport._routes._idle))
    child = os.fork()
    if not child:
        report("child", asyncio.run(asked(transport, port, "child")))
        os._exit(0)  # it is still inside its parent's loop, which it must not close
    got = await asked(transport, port, "parent")
    await asyncio.to_thread(os.waitpid, child, 0)
    assert (await slow).body == b"slow"
    report("parent", got + await asked(transport, port, "parent") - TURNS)
    await transport.close()


def waiting(made: Callable[[int], Callable[[str], int]], port: int) -> None:
    go_on = made(port)
    child = os.fork()
    if not child:
        report("child", go_on("child"))
        sys.exit(0)
    report("parent", go_on("parent"))
    os.waitpid(child, 0)


if __name__ == "__main__":
    vars(httpx)["create_ssl_context"] = trusting
    kind, port = sys.argv[1], int(sys.argv[2])
    kinds: dict[str, Any] = {"sync": sync, "busy": busy}
    if kind == "async":
        asyncio.run(awaiting(port))
    elif kind == "within":
        within(port)
    else:
        waiting(kinds[kind], port)
