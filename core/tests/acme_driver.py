"""Driving both clients by the same words, so that every test of one is a test of the other."""

import asyncio
import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from acme_server import Server
from acme_zoom import Zoom
from rushes import AsyncClient, Client, Polling, Report, Request, Task
from rushes._flow import Effect, Sleep

KEY = "zoom-secret-key-5f31c7"
REQUEST = Request("A red kite over dunes")
OnUpdate = Callable[[Task], None] | None


class Driver(Protocol):
    """What both kinds of client can do, as blocking calls."""

    home: Path
    slept: list[float]
    client: Client | AsyncClient

    def check(self, variant: str, request: Any) -> Report: ...
    def submit(
        self,
        variant: str,
        request: Any,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        on_update: OnUpdate = None,
    ) -> Task: ...
    def wait(
        self, task: Task | str, *, timeout: float | None = None, on_update: OnUpdate = None
    ) -> Task: ...
    def fetch(self, task: Task | str, output: str | Path | None = None) -> Task: ...
    def generate(
        self,
        variant: str,
        request: Any,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        timeout: float | None = None,
        on_update: OnUpdate = None,
    ) -> Task: ...
    def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        timeout: float | None = None,
        on_update: OnUpdate = None,
    ) -> Task: ...
    def refresh(self, task: Task | str, *, on_update: OnUpdate = None) -> Task: ...
    def cancel(self, task: Task | str) -> Task: ...
    def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        memo: object = None,
        lost: bool = False,
    ) -> Task: ...
    def tasks(self, *, unfinished: bool = False) -> list[Task]: ...
    def unreadable(self, *, unfinished: bool = False) -> dict[str, str]: ...
    def history(self, reference: str) -> list[Task]: ...
    def task(self, reference: str) -> Task: ...


class Maker(Protocol):
    """Makes drivers for one server and one home."""

    kind: str

    def __call__(self, **changes: Any) -> Driver: ...


class SyncDriver(Client):
    """The synchronous client; long pauses are noted and not slept."""

    home: Path
    slept: list[float]

    @property
    def client(self) -> Client:
        return self

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            self.slept.append(effect.seconds)
            effect = Sleep(min(effect.seconds, 0.01))
        return super()._perform(effect)


class BriefAsyncClient(AsyncClient):
    """The asynchronous client; long pauses are noted and not slept."""

    slept: list[float]

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            self.slept.append(effect.seconds)
            effect = Sleep(min(effect.seconds, 0.01))
        return await super()._perform(effect)


class AsyncDriver:
    """The asynchronous client behind blocking calls, each run on one event loop."""

    def __init__(self, client: BriefAsyncClient, home: Path, runner: asyncio.Runner) -> None:
        self.client, self.home, self.runner = client, home, runner
        self.slept = client.slept

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name in ("check", "check_payload"):
            return method

        @functools.wraps(method)
        def run(*args: Any, **named: Any) -> Any:
            return self.runner.run(method(*args, **named))

        return run


def clocked(driver: Any) -> Any:
    """Let a driver's clock go on by ten seconds at each look at it, and not by itself.

    A timeout then comes after so many looks, and each poll has time, however busy the machine is.
    """
    ticks = itertools.count(step=10)
    driver.client._session.elapsed = lambda: next(ticks)
    return driver


class Drivers:
    """Makes drivers of one kind, and closes them all."""

    def __init__(self, kind: str, server: Server, home: Path) -> None:
        self.kind, self._server, self._home = kind, server, home
        self._runner = asyncio.Runner()
        self._made: list[Any] = []

    def __call__(self, **changes: Any) -> Any:
        settings: dict[str, Any] = {
            "plugins": [Zoom()],
            "base_urls": {"acme": self._server.url},
            "keys": {"acme": KEY},
            "home": self._home,
            "polling": Polling(first=0, every=0.01),
            **changes,
        }
        driver: Any
        if self.kind == "sync":
            driver = SyncDriver(**settings)
            driver.slept = []
        else:
            client = BriefAsyncClient(**settings)
            client.slept = []
            driver = AsyncDriver(client, settings["home"], self._runner)
        driver.home = settings["home"]
        self._made.append(driver)
        return driver

    def close(self) -> None:
        """Close every client made here."""
        for driver in self._made:
            driver.close()
        self._runner.close()
