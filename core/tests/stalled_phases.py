"""The phases before a call is sent, each really stalled and able to tell when it is reached."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from raw_server import RawServer, silent
from rushes._network.settings import NetworkSettings
from transport_runner import settings


class Phase(Struct):
    """Where a call to `url` gets stuck; `reached` says whether one is stuck."""

    given: NetworkSettings
    url: str
    reached: Callable[[], bool]

    def wait(self) -> None:
        """Wait until a call is stuck here."""
        wait_until(self.reached)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until another thread or the system has made a condition true."""
    for _ in range(4000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("the condition did not come true")


async def wait_until_async(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true, while the event loop runs."""
    for _ in range(4000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the condition did not come true")


@contextlib.contextmanager
def resolving(**changes: Any) -> Iterator[Phase]:
    """Run a resolver that does not answer."""
    asked, over = threading.Event(), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        asked.set()
        over.wait(60)
        return ["127.0.0.1"]

    yield Phase(settings(resolve=resolve, **changes), "http://api.acme.example/x", asked.is_set)
    over.set()


@contextlib.contextmanager
def connecting(**changes: Any) -> Iterator[Phase]:
    """Run a server whose backlog is full: nothing answers the SYN."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        first.connect(("127.0.0.1", port))

        def reached() -> bool:
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            return any(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)

        yield Phase(settings(**changes), f"http://127.0.0.1:{port}/x", reached)


def _stuck(tls: bool, proxied: bool, **changes: Any) -> Iterator[Phase]:
    with RawServer(silent) as server:
        here = f"127.0.0.1:{server.port}"
        given = settings(**changes, **({"proxy": f"http://{here}"} if proxied else {}))
        url = "https://api.acme.example/x" if proxied else f"https://{here}/x"
        yield Phase(given, url, lambda: server.accepted > 0)


@contextlib.contextmanager
def shaking_hands(**changes: Any) -> Iterator[Phase]:
    """Run a server that does not answer the TLS handshake."""
    yield from _stuck(tls=True, proxied=False, **changes)


@contextlib.contextmanager
def tunnelling(**changes: Any) -> Iterator[Phase]:
    """Run a proxy that does not answer CONNECT."""
    yield from _stuck(tls=True, proxied=True, **changes)


PHASES = [resolving, connecting, shaking_hands, tunnelling]
