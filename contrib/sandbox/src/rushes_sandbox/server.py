"""Runs the sandbox: a context manager around a server in a background thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from rushes_sandbox.app import build
from rushes_sandbox.faults.connect import address
from rushes_sandbox.faults.connection import Connection
from rushes_sandbox.faults.orders import Order, Orders
from rushes_sandbox.gateways import GATEWAYS
from rushes_sandbox.ledger import Ledger
from rushes_sandbox.lies import find
from rushes_sandbox.record import Exchange
from rushes_sandbox.settings import Settings
from rushes_sandbox.studio.lab import Lab
from rushes_sandbox.tasks import Task


class _Server(uvicorn.Server):
    """Says when it is ready, and when it goes down."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)


class Sandbox:
    """The three gateways on this machine, for as long as a `with` block lasts.

    All times are seconds; see `Settings` for what each setting means. `folder` keeps rendered
    films for the next time; without one everything is gone at the end. `port` 0 takes a free one.
    An `OSError` on entering means that the port is taken. `faults` are names from `FAULTS`:
    `"status-500"` strikes for ever, `"status-500:3"` the first three times that it applies.
    `lies` are names from `LIES`: what is wrong with every video.
    """

    def __init__(
        self,
        *,
        key: str = Settings.key,
        queue_seconds: float = Settings.queue_seconds,
        render_seconds: float = Settings.render_seconds,
        result_lifetime: float = Settings.result_lifetime,
        balance: float | None = Settings.balance,
        rate_limit: int | None = Settings.rate_limit,
        rate_window: float = Settings.rate_window,
        poll_after: int | None = Settings.poll_after,
        record: bool = Settings.record,
        clock: Callable[[], float] = time.time,
        folder: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Iterable[str] = (),
        lies: Iterable[str] = (),
    ) -> None:
        if not ip_address(host).is_loopback:
            raise ValueError(f"{host} is no loopback address; the sandbox is for this machine only")
        self._settings = Settings(
            key=key,
            queue_seconds=queue_seconds,
            render_seconds=render_seconds,
            result_lifetime=result_lifetime,
            balance=balance,
            rate_limit=rate_limit,
            rate_window=rate_window,
            poll_after=poll_after,
            lies=tuple(find(lie).name for lie in lies),
            record=record,
            clock=clock,
        )
        self._ledger = Ledger(self._settings)
        self._orders = Orders()
        for text in faults:
            self._orders.read(text)
        self._folder = folder
        self._address = host, port
        #: Every request so far, oldest first.
        self.exchanges: list[Exchange] = []
        self._temporary: TemporaryDirectory[str] | None = None
        self._lab: Lab | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def key(self) -> str:
        """The API key that all gateways accept."""
        return self._settings.key

    @property
    def url(self) -> str:
        """The address of the server itself, without a slash at the end."""
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def base_urls(self) -> dict[str, str]:
        """The base URL of each gateway, by provider id.

        While a fault of the step `connect` is ordered they lead nowhere.
        """
        urls = {}
        for name in GATEWAYS:
            order = self._orders.first("connect", name)
            urls[name] = f"{address(order.fault, self.url) if order else self.url}/{name}"
        return urls

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point `rushes` to this sandbox."""
        variables = {}
        for name, base_url in self.base_urls.items():
            variables[f"{name.upper()}_BASE_URL"] = base_url
            variables[f"{name.upper()}_API_KEY"] = self.key
        return variables

    @property
    def created(self) -> list[Task]:
        """Every task created so far, oldest first: what would have been billed."""
        return self._ledger.created

    def order(self, fault: str, *, times: int | None = 1, gateway: str | None = None) -> Order:
        """Let the next requests that a fault is about go wrong.

        It strikes `times` times (None: for ever), at one gateway or at all. Those of the step
        `connect` change `base_urls`, until they are cancelled. A `ValueError` names the nearest
        fault where there is none of this name.
        """
        return self._orders.add(fault, times=times, gateway=gateway)

    def __enter__(self) -> Self:
        listener = _listen(*self._address)
        try:
            self._address = self._address[0], listener.getsockname()[1]
            if self._folder is None:
                self._temporary = TemporaryDirectory(prefix="rushes-sandbox-")
            folder = Path(self._temporary.name if self._temporary else self._folder or ".")
            self._lab = Lab(folder / "films", self._settings.clock)
            closing = asyncio.Event()
            known = self._ledger, self._lab, folder, self.url, self.exchanges
            self._serve(build(*known, self._orders, closing), listener, closing)
        except BaseException:
            listener.close()
            self._tidy()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and rendering, and wait for both; may be called twice."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None
        self._tidy()

    def _serve(self, app: ASGIApp, listener: socket.socket, closing: asyncio.Event) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config, closing)

        def run() -> None:
            try:
                server.run(sockets=[listener])
            finally:
                server.ready.set()

        self._server = server
        self._thread = threading.Thread(target=run, name="rushes-sandbox", daemon=True)
        self._thread.start()
        server.ready.wait()
        if not server.started:
            raise RuntimeError("the sandbox's server did not start")

    def _tidy(self) -> None:
        if self._lab is not None:
            self._lab.close()
            self._lab = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio would not switch off Nagle's delay: 40 ms with every answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # So that a sandbox on a fixed port can be started again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Before the thread runs, so that a client which comes early waits and is not refused.
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
