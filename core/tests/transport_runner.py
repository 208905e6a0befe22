"""Runs effects on either transport, in a thread with a deadline."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from msgspec.structs import replace
from rushes import Answer, Timeouts
from rushes._flow import NotSent, Send
from rushes._network.async_transport import AsyncTransport
from rushes._network.settings import NetworkSettings
from rushes._network.transport import Transport

Perform = Callable[..., Any]
T = TypeVar("T", Transport, AsyncTransport)


class Body:
    """A sink that keeps what it receives."""

    def __init__(self) -> None:
        self.content = b""

    def begin(self, answer: Answer) -> None:
        self.content = b""

    def write(self, chunk: bytes) -> None:
        self.content += chunk

    def report_progress(self) -> None:
        """Report nothing."""


def settings(**changes: Any) -> NetworkSettings:
    """Return settings with long timeouts."""
    given = {
        "timeouts": Timeouts(connect=60, read=60),
        "proxy": None,
        "connections": 3,
        "transport": None,
        **changes,
    }
    return NetworkSettings(**given)


def retry_until_sent(attempt: Callable[[float], Any]) -> Any:
    """Attempt with a short deadline, then with longer ones while nothing could be sent in time.

    On a busy machine connecting alone may take longer than the first deadline.
    """
    for total in (0.4, 4.0):
        with suppress(NotSent):
            return attempt(total)
    return attempt(20.0)


def run_in_thread(kind: str, *, lean: bool = True) -> Perform:
    """Return a function that performs effects in a thread, and fails the test if they never end.

    Unless `lean`, all connections are httpcore's, as where httptools is not installed.
    """

    def opened(transport: T) -> T:
        if not lean:
            transport._routes._kinds = replace(transport._routes._kinds, lean=None)
        return transport

    def blocking(given: NetworkSettings, effects: tuple[Any, ...]) -> list[Any]:
        transport = opened(Transport(given))
        try:
            return [
                transport.send(each) if isinstance(each, Send) else transport.stream(each)
                for each in effects
            ]
        finally:
            transport.close()

    async def awaiting(given: NetworkSettings, effects: tuple[Any, ...]) -> list[Any]:
        transport = opened(AsyncTransport(given))
        try:
            return [
                await (transport.send(each) if isinstance(each, Send) else transport.stream(each))
                for each in effects
            ]
        finally:
            await transport.close()

    def run(given: NetworkSettings, *effects: Any) -> Any:
        outcome: Future[list[Any]] = Future()

        def work() -> None:
            try:
                if kind == "sync":
                    outcome.set_result(blocking(given, effects))
                else:  # closing the loop is part of it: that waits for the loop's threads
                    outcome.set_result(asyncio.run(awaiting(given, effects)))
            except BaseException as error:  # noqa: BLE001 - it is raised in the test
                outcome.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        found = outcome.result(60)
        return found if len(effects) > 1 else found[0]

    return run
