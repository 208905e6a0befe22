"""The route of a call: direct or through a proxy, over a kept connection or a new one."""

import os
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import httpcore
from msgspec import Struct

from rushes._keys.redacting import Secret
from rushes._network.addresses import Address
from rushes._network.connection_queue import ConnectionQueue
from rushes._network.connections import AsyncHttpcoreConnection, HttpcoreConnection
from rushes._network.settings import NetworkSettings
from rushes._urls import proxy_objection
from rushes.urls import is_loopback

try:
    from rushes._network.lean import AsyncLeanConnection, LeanConnection
except ImportError:  # httptools is optional
    LeanConnection = AsyncLeanConnection = None  # type: ignore[assignment,misc]

IDLE = 5.0
"""Seconds that an idle connection is kept."""


class Makers(Struct, frozen=True):
    """What makes connections, sync or async: to the address itself, or through a proxy."""

    lean: Any
    wrapped: Any
    direct: Any
    http: Any
    socks: str


SYNC = Makers(
    LeanConnection,
    HttpcoreConnection,
    httpcore.ConnectionPool,
    httpcore.HTTPProxy,
    "SOCKSProxy",
)
ASYNC = Makers(
    AsyncLeanConnection,
    AsyncHttpcoreConnection,
    httpcore.AsyncConnectionPool,
    httpcore.AsyncHTTPProxy,
    "AsyncSOCKSProxy",
)

Route = tuple[str | None, str, str, int]
"""A proxy, or None, and the scheme, host and port behind it."""


class Routes:
    """The connections of one client: those in use, and those kept for the next call.

    They are our own if httptools is installed, and otherwise, and through a proxy, httpcore's. Its
    pools are not used: they walk through all waiting calls to keep count, and leak a connection if
    a call is cancelled twice. Here every call first waits for a place, and a connection that is not
    returned intact is closed. A forked child begins without any.

    The argument `proxy` is used for all hosts except this machine. Without it the environment
    decides, as it was when the client first sent something: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and
    NO_PROXY for the exceptions.
    """

    def __init__(
        self,
        settings: NetworkSettings,
        kinds: Makers,
        backend: Any,
        trust: Callable[[], ssl.SSLContext],
        future: Callable[[], Any],
    ) -> None:
        self.queue = ConnectionQueue(settings.connections, future)
        self._settings, self._kinds, self._backend = settings, kinds, backend
        self._trust = trust
        self._trusted: ssl.SSLContext | None = None
        self._environment = {} if settings.proxy else getproxies()
        self._makers: dict[str | None, Callable[[Address], Any]] = {}
        self.renew()
        _all.add(self)

    def renew(self) -> None:
        """Start afresh without connections: earlier ones are not taken back."""
        self.queue.renew()
        self._lock = threading.Lock()
        self._busy: dict[Any, Route] = {}
        self._idle: dict[Any, tuple[Route, float]] = {}  # with when they became idle, in that order

    def proxy(self, url: str) -> str | None:
        """Return the proxy to use for an address, or None; no traceback shows it."""
        if not (self._settings.proxy or self._environment) or is_loopback(url):
            return None
        if self._settings.proxy:
            return Secret(self._settings.proxy)
        parts = urlsplit(url)
        found = self._environment.get(parts.scheme) or self._environment.get("all")
        if not found or proxy_bypass(parts.hostname or ""):
            return None
        return Secret(found if "://" in found else f"http://{found}")

    def take(self, proxy: str | None, address: Address, *, fresh: bool) -> tuple[Any, list[Any]]:
        """Return a connection for a call (a new one if `fresh`), and the connections to close.

        Those are idle ones that nobody used for long or that are in excess. Raises ValueError if
        the proxy cannot be used, OSError if the trusted certificates cannot be read.
        """
        route = (proxy, address.scheme, address.host, address.port)
        with self._lock:
            make = self._maker(proxy)
            closing = self._expired()
            connection = None if fresh else self._kept(route, closing)
            if connection is None:
                connection = make(address)
                surplus = len(self._idle) + len(self._busy) + 1 - self._settings.connections
                for idle in list(self._idle)[: max(surplus, 0)]:
                    del self._idle[idle]
                    closing.append(idle)
            self._busy[connection] = route
        return connection, closing

    def _expired(self) -> list[Any]:
        """Take out the connections that have been idle for long; the caller has the lock."""
        expired, before = [], time.monotonic() - IDLE
        for idle, (_, since) in self._idle.items():
            if since > before:
                break
            expired.append(idle)
        for idle in expired:
            del self._idle[idle]
        return expired

    def _kept(self, route: Route, closing: list[Any]) -> Any:
        """Take out the connection of a route that was used last and is still open, if any."""
        for idle in [idle for idle, (there, _) in self._idle.items() if there == route][::-1]:
            del self._idle[idle]
            if not idle.has_expired():
                return idle
            closing.append(idle)
        return None

    def keep(self, connection: Any) -> bool:
        """Take a connection back; return whether it is kept. If not, the caller closes it."""
        with self._lock:
            route = self._busy.pop(connection, None)
            if route is None or not connection.is_available():
                return False
            self._idle[connection] = route, time.monotonic()
            return True

    def drop(self) -> list[Any]:
        """Return the kept connections, to be closed; those in use will not be taken back."""
        with self._lock:
            closing = list(self._idle)
            self._idle, self._busy = {}, {}
        return closing

    def _maker(self, proxy: str | None) -> Callable[[Address], Any]:
        if proxy not in self._makers:
            self._makers[proxy] = self._made(proxy)
        return self._makers[proxy]

    def _tls(self) -> ssl.SSLContext:
        """Return what the client trusts; the first time takes long: it reads the certificates."""
        if self._trusted is None:
            self._trusted = self._trust()
            self._trusted.set_alpn_protocols(["http/1.1"])
        return self._trusted

    def _made(self, proxy: str | None) -> Callable[[Address], Any]:
        lean = self._kinds.lean
        if proxy is None and lean is not None:

            def made(address: Address) -> Any:
                tls = self._tls() if address.scheme == "https" else None
                return lean(address, self._backend, tls)

            return made
        common = {
            "ssl_context": self._tls(),
            "keepalive_expiry": IDLE,
            "network_backend": self._backend,
        }
        if proxy is None:
            pool = self._kinds.direct(**common)
        else:
            kind, at, user = self._proxied(proxy)
            pool = kind(proxy_url=at, proxy_auth=user, **common)

        def make(address: Address) -> Any:
            origin = httpcore.Origin(address.scheme.encode(), address.host.encode(), address.port)
            return self._kinds.wrapped(pool.create_connection(origin))

        return make

    def _proxied(self, proxy: str) -> tuple[Any, str, tuple[str, str] | None]:
        if objection := proxy_objection(proxy):
            raise ValueError(objection)
        parts = urlsplit(proxy)
        socks = parts.scheme.startswith("socks")
        kind = getattr(httpcore, self._kinds.socks) if socks else self._kinds.http
        user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return kind, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", user


_all: "WeakSet[Routes]" = WeakSet()


def _in_child() -> None:
    for routes in list(_all):
        routes.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
