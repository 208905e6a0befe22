"""One interface to both clients, so that every test of one is a test of the other."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from acme_server import Server
from acme_zoom import Zoom
from rushes import AsyncClient, Client, Polling, Report, Request, SQLiteJournal, Task
from rushes.testing import Clock

KEY = "zoom-secret-key-5f31c7"
REQUEST = Request("A red kite over dunes")
OnUpdate = Callable[[Task], None] | None


class Driver(Protocol):
    """What both kinds of client can do, as blocking calls."""

    home: Path
    clock: Clock
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
        overwrite: bool | None = None,
        on_update: OnUpdate = None,
    ) -> Task: ...
    def wait(
        self, task: Task | str, *, timeout: float | None = None, on_update: OnUpdate = None
    ) -> Task: ...
    def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        overwrite: bool | None = None,
    ) -> Task: ...
    def generate(
        self,
        variant: str | Sequence[str],
        request: Any,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,
        on_update: OnUpdate = None,
        watch: bool = True,
    ) -> Task: ...
    def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,
        on_update: OnUpdate = None,
        watch: bool = True,
    ) -> Task: ...
    def refresh(self, task: Task | str, *, on_update: OnUpdate = None) -> Task: ...
    def cancel(self, task: Task | str) -> Task: ...
    def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Task | None: ...
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
    def close(self) -> Any: ...


class Maker(Protocol):
    """Makes drivers for one server and one home."""

    kind: str

    def __call__(self, **changes: Any) -> Driver: ...


class SyncDriver(Client):
    """The synchronous client."""

    home: Path
    clock: Clock
    slept: list[float]

    @property
    def client(self) -> Client:
        return self


class AsyncDriver:
    """The asynchronous client behind blocking calls, each run on one event loop."""

    def __init__(self, client: AsyncClient, home: Path, runner: asyncio.Runner) -> None:
        self.client, self.home, self.runner = client, home, runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name in ("check", "check_payload"):
            return method

        @functools.wraps(method)
        def run(*args: Any, **named: Any) -> Any:
            return self.runner.run(method(*args, **named))

        return run


class StoppedClock(Clock):
    """A clock that moves only when a test advances it or a client sleeps."""

    def now(self) -> float:
        return 1_000_000 + self._skipped

    def elapsed(self) -> float:
        return self._skipped

    def since_boot(self) -> float:
        return 5000 + self._advanced


class SteppingClock(StoppedClock):
    """A clock that moves by `step` seconds each time it is read.

    A timeout then comes after a known number of readings, however busy the machine is.
    """

    def __init__(self, step: float = 10.0) -> None:
        super().__init__()
        self._step = step

    def elapsed(self) -> float:
        self._skipped += self._step
        return self._skipped


def journal_of(driver: Driver) -> SQLiteJournal:
    """Open a driver's journal as another process would, on the driver's clock."""
    return SQLiteJournal(driver.home / "journal.db", clock=driver.clock.since_boot)


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
            "clock": Clock(longest=0.01),
            **changes,
        }
        driver: Any
        if self.kind == "sync":
            driver = SyncDriver(**settings)
        else:
            driver = AsyncDriver(AsyncClient(**settings), settings["home"], self._runner)
        driver.home, driver.clock = settings["home"], settings["clock"]
        driver.slept = driver.clock.pauses
        self._made.append(driver)
        return driver

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop of the asynchronous clients."""
        return self._runner.run(work)

    def close(self) -> None:
        """Close every client made here."""
        for driver in self._made:
            driver.close()
        self._runner.close()
