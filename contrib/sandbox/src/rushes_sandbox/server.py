"""The sandbox: a context manager around a server in a background thread."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp

from rushes_sandbox._faults.connect import misleading_url
from rushes_sandbox._faults.injection import FaultInjector, InjectedFault
from rushes_sandbox._faults.middleware import FaultMiddleware
from rushes_sandbox._faults.targets import Targets
from rushes_sandbox._http.exchange import Exchange
from rushes_sandbox._http.recording import RecordingMiddleware
from rushes_sandbox._http.server import BackgroundServer, listen
from rushes_sandbox._protocols.installed import Protocols
from rushes_sandbox._protocols.installed import protocols as installed_protocols
from rushes_sandbox._protocols.protocol import Protocol
from rushes_sandbox._protocols.router import Router
from rushes_sandbox._rendering.lies import find_lie
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._serving.app import build_app, build_handlers
from rushes_sandbox._serving.handlers import Handlers
from rushes_sandbox._settings import WEBHOOKS, SandboxSettings, Webhooks
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import GatewayTask
from rushes_sandbox._webhooks.delivering import Deliveries, Notification, written


class Sandbox:
    """The providers on this machine, for as long as a `with` block lasts.

    Each is served by a protocol: those that installed distributions bring (a broken one is left
    out, and named in `broken`), or `protocols`. All times are in seconds.

    - `key`: the API key that all providers accept.
    - `queue_seconds`, `render_seconds`: how long a task is queued, and then, at least, in progress.
    - `result_lifetime`: how long the URL of a video works.
    - `balance`: what may be spent, in USD; None for no limit.
    - `rate_limit`: submits that each provider accepts within `rate_window`; None for no limit.
    - `poll_after`: the `Retry-After` of responses about unfinished tasks; None to leave it out.
    - `faults`: names from `FAULTS`; `"status-500"` hits every request that it matches,
      `"status-500:3"` the first three.
    - `lies`: names from `LIES`: how every video differs from the request.
    - `webhooks`: what becomes of notifications to endpoints on this machine that submits name. They
      are sent `"once"` or `"twice"`, `"late"` (by `webhook_delay`), `"out-of-order"` (those of that
      time, newest first), `"forged"` (each says that the task failed, below the signature of the
      true one), or they are `"lost"`.
    - `drip_interval`: the pause after each byte that a drip fault sends.
    - `record`: whether every request is kept in `exchanges`.
    - `clock`: returns the time since 1970.
    - `folder`: keeps rendered videos for the next run; without one, all is deleted at the end.
    - `host`, `port`: where it listens, on loopback only; 0 takes a free port. An `OSError` on
      entering means that the port is taken.
    """

    def __init__(
        self,
        *,
        key: str = SandboxSettings.key,
        queue_seconds: float = SandboxSettings.queue_seconds,
        render_seconds: float = SandboxSettings.render_seconds,
        result_lifetime: float = SandboxSettings.result_lifetime,
        balance: float | None = SandboxSettings.balance,
        rate_limit: int | None = SandboxSettings.rate_limit,
        rate_window: float = SandboxSettings.rate_window,
        poll_after: int | None = SandboxSettings.poll_after,
        record: bool = SandboxSettings.record,
        clock: Callable[[], float] = time.time,
        folder: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Iterable[str] = (),
        drip_interval: float = SandboxSettings.drip_interval,
        lies: Iterable[str] = (),
        webhooks: Webhooks = SandboxSettings.webhooks,
        webhook_delay: float = SandboxSettings.webhook_delay,
        protocols: Iterable[Protocol] | None = None,
    ) -> None:
        if not ip_address(host).is_loopback:
            raise ValueError(
                f"{host} is not a loopback address; the sandbox serves this machine only. "
                "Use 127.0.0.1 or ::1."
            )
        if webhooks not in WEBHOOKS:
            raise ValueError(f"webhooks is {webhooks!r} (accepted: {', '.join(WEBHOOKS)})")
        settings = SandboxSettings(
            key=key,
            queue_seconds=queue_seconds,
            render_seconds=render_seconds,
            result_lifetime=result_lifetime,
            balance=balance,
            rate_limit=rate_limit,
            rate_window=rate_window,
            poll_after=poll_after,
            lies=tuple(find_lie(lie).name for lie in lies),
            webhooks=webhooks,
            webhook_delay=webhook_delay,
            drip_interval=drip_interval,
            record=record,
            clock=clock,
        )
        self._state = GatewayState(settings)
        self._deliveries = Deliveries(settings, self.webhook_secret)
        found = _chosen(protocols)
        self._router = Router(found.by_id.values())
        #: The protocols that could not be loaded, by provider, and why.
        self.broken = found.broken
        self._injector = FaultInjector(found.by_id)
        for text in faults:
            self._injector.inject_text(text)
        self._handlers: dict[str, Handlers] = {}
        self._folder = folder
        self._host, self._port, self._storage_port = host, port, 0
        #: Every request so far, oldest first.
        self.exchanges: list[Exchange] = []
        self._temporary: TemporaryDirectory[str] | None = None
        self._queue: RenderQueue | None = None
        self._server: BackgroundServer | None = None

    @property
    def key(self) -> str:
        """The API key that all providers accept."""
        return self._state.settings.key

    @property
    def secrets(self) -> dict[str, Mapping[str, str]]:
        """Further secrets of accounts, by provider: `{"kling": {"access_key": …}}`."""
        made = {name: each.secrets(self.key) for name, each in self._router.protocols.items()}
        return {name: them for name, them in made.items() if them}

    @property
    def webhook_secret(self) -> str:
        """What signs notifications at every provider that signs with a secret of the client's."""
        digest = hashlib.sha256(f"webhooks of {self.key}".encode()).digest()
        return f"whsec_{base64.b64encode(digest).decode()}"

    @property
    def url(self) -> str:
        """The URL of the server itself, without a slash at the end."""
        return self._origin(self._port)

    @property
    def storage_url(self) -> str:
        """The second origin, where providers keep files; no key belongs there."""
        return self._origin(self._storage_port)

    def _origin(self, port: int) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    @property
    def base_urls(self) -> dict[str, str]:
        """The base URL of each provider, by its id.

        While a fault of the step `connect` is injected they lead nowhere.
        """
        urls = {}
        for name, protocol in self._router.protocols.items():
            injected = self._injector.first_match({"connect"}, protocol, None, {"after_handling"})
            origin = misleading_url(injected.fault, self.url) if injected else self.url
            urls[name] = f"{origin}/{name}"
        return urls

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point `rushes` to this sandbox."""
        variables = {}
        for name, base_url in self.base_urls.items():
            prefix = name.upper().replace("-", "_")
            variables[f"{prefix}_BASE_URL"] = base_url
            variables[f"{prefix}_API_KEY"] = self.key
            if self._router.protocols[name].signed_with_secret:
                variables[f"{prefix}_WEBHOOK_SECRET"] = self.webhook_secret
        return variables

    @property
    def created(self) -> list[GatewayTask]:
        """Every task created so far, oldest first: what would have been billed."""
        return self._state.tasks.created

    @property
    def notifications(self) -> list[Notification]:
        """Every call of a client's endpoint so far, oldest first; see `webhooks`."""
        return self._deliveries.made

    def wait_for_notifications(self, count: int, timeout: float) -> bool:
        """Wait until that many calls were answered; False if `timeout` seconds pass first."""
        return self._deliveries.wait(count, timeout)

    def notification(
        self, task: GatewayTask, secret: str | None = None, now: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return what the provider would send to a client's endpoint about a task now.

        Returns the headers, with names in lower case, and the body, signed with the secret that
        the client and the provider have agreed on, by default `webhook_secret`. Raises `ValueError`
        if the provider sends nothing. Hand it to your endpoint yourself; or name an endpoint on
        this machine in a submit, and the sandbox sends it.
        """
        protocol = self._router.protocols[task.gateway]
        view = self._handlers[task.gateway].backend.view(task)
        secret = self.webhook_secret if secret is None else secret
        return written(protocol, view, secret, self._state.settings.clock() if now is None else now)

    def inject(
        self, fault: str, *, times: int | None = 1, gateway: str | None = None
    ) -> InjectedFault:
        """Inject a fault into the next requests that it matches.

        It hits `times` requests (None: all of them), at one provider or at all whose answers it
        can change. Faults of the step `connect` change `base_urls` until they are cancelled. A
        `ValueError` for an unknown name suggests the nearest fault.
        """
        return self._injector.inject(fault, times=times, gateway=gateway)

    def __enter__(self) -> Self:
        listeners = [listen(self._host, self._port)]
        try:
            listeners.append(listen(self._host, 0))
            self._port, self._storage_port = (each.getsockname()[1] for each in listeners)
            if self._folder is None:
                self._temporary = TemporaryDirectory(prefix="rushes-sandbox-")
            folder = Path(self._temporary.name if self._temporary else self._folder or ".")
            self._queue = RenderQueue(folder / "films", self._state.settings.clock)
            closing = asyncio.Event()
            origins = self.url, self.storage_url
            handlers, uploads = build_handlers(
                self._router,
                self._state,
                self._queue,
                folder / "uploads",
                origins,
                self._deliveries,
            )
            self._handlers = handlers
            app = build_app(self._router, handlers, uploads, self._state)
            targets = Targets(self._router, self._state.tasks, handlers)
            app = self._wrapped(app, targets, closing)
            self._server = BackgroundServer(app, listeners, closing)
        except BaseException:
            for listener in listeners:
                listener.close()
            self._clean_up()
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
        """Stop serving and rendering, and wait for both; may be called twice.

        If a function that answers a request does not return, a `ResourceWarning` says where it is.
        """
        server, self._server = self._server, None
        try:
            if server is not None:
                server.close()
        finally:
            self._clean_up()

    def _wrapped(self, app: ASGIApp, targets: Targets, closing: asyncio.Event) -> ASGIApp:
        """Put recording and faults in front of the protocols."""
        faults = self._injector, targets, self._state, closing
        app = FaultMiddleware(app, *faults, {"before_handling", "after_handling"})
        app = RecordingMiddleware(app, self.exchanges, record=self._state.settings.record)
        return FaultMiddleware(app, *faults, {"before_reading"})

    def _clean_up(self) -> None:
        if self._queue is not None:
            self._queue.close()
            self._queue = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


def _chosen(given: Iterable[Protocol] | None) -> Protocols:
    if given is None:
        return installed_protocols()
    return Protocols({protocol.id: protocol for protocol in given}, {})
