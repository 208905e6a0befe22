"""Which way a call goes: straight or through a proxy, over a kept connection or a new one."""

import os
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import httpcore
from msgspec import Struct

from rushes._keys.redacting import Secret
from rushes._network.places import Places
from rushes._network.settings import Settings
from rushes.urls import is_loopback, proxy_objection

IDLE = 5.0
"""Seconds that a connection without work is kept."""


class Kinds(Struct, frozen=True):
    """Either half of httpcore: its makers of connections for code that waits, or for a loop."""

    direct: Any
    http: Any
    socks: str


SYNC = Kinds(httpcore.ConnectionPool, httpcore.HTTPProxy, "SOCKSProxy")
ASYNC = Kinds(httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, "AsyncSOCKSProxy")

Way = tuple[str | None, bytes, bytes, int | None]
"""A proxy, or None, and the scheme, host and port that lie behind it."""


class Routes:
    """The connections of one client: those at work, and those kept for the next call.

    httpcore makes them; its pools keep count by walking through all who wait, and lose a connection
    for good where a call is cancelled twice. Here everybody waits for a place first, and what is
    not handed back whole is closed. A child made by a fork begins without any.

    The argument `proxy` stands before all hosts but this machine. Without it the environment is
    asked, as it was when the client first sent something: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and
    NO_PROXY for the exceptions.
    """

    def __init__(
        self,
        settings: Settings,
        kinds: Kinds,
        backend: Any,
        trust: Callable[[], ssl.SSLContext],
        future: Callable[[], Any],
    ) -> None:
        self.places = Places(settings.connections, future)
        self._settings, self._kinds, self._backend = settings, kinds, backend
        self._trust = trust
        self._trusted: ssl.SSLContext | None = None
        self._environment = {} if settings.proxy else getproxies()
        self._makers: dict[str | None, Any] = {}
        self.renew()
        _all.add(self)

    def renew(self) -> None:
        """Begin anew without a connection: what was made before is not handed back."""
        self.places.renew()
        self._lock = threading.Lock()
        self._busy: dict[Any, Way] = {}
        self._idle: dict[Any, Way] = {}  # in the order in which they became so

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

    def take(self, proxy: str | None, url: httpcore.URL, *, fresh: bool) -> tuple[Any, list[Any]]:
        """Return a connection for a call, a new one where it is to be `fresh`; and what to close.

        Those are idle ones that are over, or one too many. Raises ValueError where the proxy
        cannot be used, OSError where the certificates that are trusted cannot be read.
        """
        way = (proxy, url.scheme, url.host, url.origin.port)
        with self._lock:
            maker = self._maker(proxy)
            closing = [idle for idle in self._idle if idle.has_expired()]
            for idle in closing:
                del self._idle[idle]
            same = [] if fresh else [idle for idle in self._idle if self._idle[idle] == way]
            if same:
                connection = same[-1]
                del self._idle[connection]
            else:
                connection = maker.create_connection(url.origin)
                surplus = len(self._idle) + len(self._busy) + 1 - self._settings.connections
                for idle in list(self._idle)[: max(surplus, 0)]:
                    del self._idle[idle]
                    closing.append(idle)
            self._busy[connection] = way
        return connection, closing

    def keep(self, connection: Any) -> bool:
        """Take a connection back; say whether it is kept, else whoever had it closes it."""
        with self._lock:
            way = self._busy.pop(connection, None)
            if way is None or not connection.is_available():
                return False
            self._idle[connection] = way
            return True

    def drop(self) -> list[Any]:
        """Return the connections that are kept, to be closed; those at work are not taken back."""
        with self._lock:
            closing = list(self._idle)
            self._idle, self._busy = {}, {}
        return closing

    def _maker(self, proxy: str | None) -> Any:
        if proxy not in self._makers:
            self._makers[proxy] = self._made(proxy)
        return self._makers[proxy]

    def _made(self, proxy: str | None) -> Any:
        self._trusted = self._trusted or self._trust()  # slow: it reads the certificates
        common = {
            "ssl_context": self._trusted,
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


_all: "WeakSet[Routes]" = WeakSet()


def _in_child() -> None:
    for routes in list(_all):
        routes.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
