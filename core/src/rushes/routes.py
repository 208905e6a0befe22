"""Which way a call goes: straight or through a proxy, over a kept connection or a new one."""

import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
from msgspec import Struct

from rushes.network import Settings
from rushes.redacting import Secret
from rushes.urls import is_loopback, proxy_objection

IDLE = 5.0
"""Seconds that a connection without work is kept."""


class Kinds(Struct, frozen=True):
    """Either half of httpcore: its pools for code that waits, or those for an event loop."""

    direct: Any
    http: Any
    socks: str


SYNC = Kinds(httpcore.ConnectionPool, httpcore.HTTPProxy, "SOCKSProxy")
ASYNC = Kinds(httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, "AsyncSOCKSProxy")


class Routes:
    """The pools of one client, each made when it is first needed.

    The argument `proxy` stands before all hosts but this machine. Without it the environment is
    asked, as it was when the client first sent something: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and
    NO_PROXY for the exceptions.
    """

    def __init__(
        self, settings: Settings, kinds: Kinds, backend: Any, trust: Callable[[], ssl.SSLContext]
    ) -> None:
        self._settings, self._kinds, self._backend = settings, kinds, backend
        self._trust = trust
        self._trusted: ssl.SSLContext | None = None
        self._environment = {} if settings.proxy else getproxies()
        self._pools: dict[tuple[str | None, bool], Any] = {}
        self._lock = threading.Lock()

    def proxy(self, url: str) -> str | None:
        """Return the proxy that stands before an address, or None; no traceback shows it."""
        if is_loopback(url):
            return None
        if self._settings.proxy:
            return Secret(self._settings.proxy)
        parts = urlsplit(url)
        found = self._environment.get(parts.scheme) or self._environment.get("all")
        if not found or proxy_bypass(parts.hostname or ""):
            return None
        return Secret(found if "://" in found else f"http://{found}")

    def pool(self, proxy: str | None, *, fresh: bool) -> Any:
        """Return the pool for a route; the `fresh` one uses each connection once.

        Raises ValueError where the proxy cannot be used, OSError where the certificates that are
        trusted cannot be read.
        """
        with self._lock:
            if (proxy, fresh) not in self._pools:
                self._pools[proxy, fresh] = self._made(proxy, fresh)
            return self._pools[proxy, fresh]

    @property
    def pools(self) -> list[Any]:
        """Every pool made so far."""
        return list(self._pools.values())

    def surplus(self, pool: Any, fresh: bool, origin: httpcore.Origin) -> list[Any]:
        """Return the idle connections to close before one more is opened.

        Each pool counts its own; all of them together must not hold more than `connections`.
        """
        held = [connection for each in self.pools for connection in each.connections]
        if not fresh and any(
            known.can_handle_request(origin) and known.is_available() for known in pool.connections
        ):
            return []
        idle = [connection for connection in held if connection.is_idle()]
        return idle[: max(len(held) + 1 - self._settings.connections, 0)]

    def _made(self, proxy: str | None, fresh: bool) -> Any:
        self._trusted = self._trusted or self._trust()  # slow: it reads the certificates
        most = self._settings.connections
        common = {
            "ssl_context": self._trusted,
            "max_connections": most,
            "max_keepalive_connections": 0 if fresh else most,
            "keepalive_expiry": IDLE,
            "network_backend": self._backend,
        }
        if proxy is None:
            return self._kinds.direct(**common)
        kind, address, user = self._proxied(proxy)
        return kind(proxy_url=address, proxy_auth=user, **common)

    def _proxied(self, proxy: str) -> tuple[Any, str, tuple[str, str] | None]:
        if objection := proxy_objection(proxy):
            raise ValueError(objection)
        parts = urlsplit(proxy)
        socks = parts.scheme.startswith("socks")
        kind = getattr(httpcore, self._kinds.socks) if socks else self._kinds.http
        user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return kind, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", user
