"""Connections that keep to the deadline of the exchange they serve.

They use httpcore's public network backends: https://www.encode.io/httpcore/network-backends/. A
name is resolved once, every address it has is checked, and the connection is made to one of the
checked addresses; TLS still checks the name.

A connection belongs to one process: a forked child drops its parent's.
"""

import asyncio
import ipaddress
import math
import os
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakSet

import httpcore

from rushes._addresses import IPAddress, Resolver, is_public
from rushes._flow import PrivateAddress
from rushes._network.active_call import ActiveCall, current
from rushes._network.alarms import Alarms
from rushes._network.requests import Incoming, Request, for_httpcore

T = TypeVar("T")


def capped(active: ActiveCall, timeout: float, over: type[Exception]) -> float:
    """Return a timeout no longer than the exchange has left; raise `over` if no time is left."""
    left = active.seconds_left
    if left <= 0:
        raise over(active.timeout_message)
    return min(timeout, left)


def _capped(
    active: ActiveCall | None, timeout: float | None, over: type[Exception]
) -> float | None:
    if active is None:
        return timeout
    return capped(active, math.inf if timeout is None else timeout, over)


def _mark_leaving(buffer: bytes) -> None:
    """Mark the request as leaving with these bytes, unless they only ask a proxy for a tunnel.

    That is CONNECT, or SOCKS, whose messages begin with a control character; a request never does.
    """
    active = current()
    if active is None or active.sent or buffer[:1] < b" " or buffer.startswith(b"CONNECT "):
        return
    active.leave()


class DeadlineStream(httpcore.NetworkStream):
    """A connection; each step takes no longer than the exchange has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        keep_from_children(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read the bytes that have arrived."""
        return self._stream.read(max_bytes, _capped(current(), timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        _mark_leaving(buffer)
        self._stream.write(buffer, _capped(current(), timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Switch to TLS."""
        capped = _capped(current(), timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, capped))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know."""
        return self._stream.get_extra_info(info)


class AsyncDeadlineStream(httpcore.AsyncNetworkStream):
    """The same for an event loop."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        keep_from_children(self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read the bytes that have arrived."""
        return await self._stream.read(max_bytes, _capped(current(), timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all of the buffer."""
        _mark_leaving(buffer)
        await self._stream.write(buffer, _capped(current(), timeout, httpcore.WriteTimeout))

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Switch to TLS."""
        capped = _capped(current(), timeout, httpcore.ConnectTimeout)
        try:
            over = await self._stream.start_tls(ssl_context, server_hostname, capped)
        except asyncio.CancelledError:
            await self._stream.aclose()  # httpcore closes it after an error, not after this one
            raise
        return AsyncDeadlineStream(over)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know."""
        return self._stream.get_extra_info(info)


_open: "WeakSet[Any]" = WeakSet()
_abandoned: list[Any] = []
"""What a child inherited from its parent: kept, or Python would warn that it was never closed."""


def keep_from_children(connection: Any) -> None:
    """Let no forked child use a connection that has `get_extra_info("socket")`."""
    _open.add(connection)


def _in_child() -> None:
    """Drop the parent's connections without sending anything to the other side.

    They are not closed: a TLS connection would send a goodbye, and an event loop would take the
    socket out of a selector that it shares with its parent. The descriptors point to the null
    device instead.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in list(_open):
        found = stream.get_extra_info("socket")
        opened = -1 if found is None else found.fileno()
        if opened >= 0:
            os.dup2(nowhere, opened, inheritable=False)
    _abandoned.extend(_open)
    _open.clear()
    os.close(nowhere)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def _looked_up(resolve: Resolver, host: str, port: int) -> Future[list[IPAddress]]:
    """Resolve a name in a separate thread, which nothing has to wait for.

    The system's resolver accepts no deadline. The thread is a daemon: if it hangs, it keeps neither
    an event loop nor the interpreter from ending.
    """
    future: Future[list[IPAddress]] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result([ipaddress.ip_address(text) for text in resolve(host, port)])
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            future.set_exception(error)

    threading.Thread(target=work, daemon=True, name="rushes-resolver").start()
    return future


def _literal(host: str) -> list[IPAddress] | None:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        return None


def _check_addresses(active: ActiveCall | None, host: str, addresses: list[IPAddress]) -> None:
    """Raise an error if there is none, or if a guarded exchange may not be with one of them.

    A name that also has a private address is refused entirely: it was probably made to mislead.
    """
    if not addresses:
        raise httpcore.ConnectError(f"{host} has no address")
    for address in addresses if active is not None and active.guarded else ():
        if not is_public(address):
            where = host if host == str(address) else f"{host}, which is {address}"
            raise PrivateAddress(f"leads to {where}; only a private network can reach it")


class _Attempts:
    """The addresses of one host in turn, each with its share of the time left."""

    def __init__(self, active: ActiveCall | None, host: str, timeout: float | None) -> None:
        self._active, self.host = active, host
        capped = _capped(active, timeout, httpcore.ConnectTimeout)
        self._end = None if capped is None else time.monotonic() + capped
        self.failure: Exception = httpcore.ConnectError(f"{host} has no address")

    @property
    def left(self) -> float | None:
        return None if self._end is None else max(self._end - time.monotonic(), 0.001)

    def unresolved(self, error: Exception) -> Exception:
        if isinstance(error, TimeoutError):
            return httpcore.ConnectTimeout(f"the name {self.host} was not resolved in time")
        return httpcore.ConnectError(f"the name {self.host} cannot be resolved: {error}")

    def addresses(self, addresses: list[IPAddress]) -> Iterator[tuple[str, float | None]]:
        _check_addresses(self._active, self.host, addresses)
        for place, address in enumerate(addresses):
            left = self.left
            yield str(address), left and left / (len(addresses) - place)


class Backend(httpcore.NetworkBackend):
    """Opens connections for code that waits."""

    def __init__(self, resolve: Resolver) -> None:
        self.resolve, self._tcp = resolve, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check, connect."""
        attempts = _Attempts(current(), host, timeout)
        found = _literal(host)
        if found is None:
            try:
                found = _looked_up(self.resolve, host, port).result(attempts.left)
            except (OSError, ValueError) as error:
                raise attempts.unresolved(error) from error
        for address, share in attempts.addresses(found):
            try:
                return DeadlineStream(
                    self._tcp.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                attempts.failure = error
        raise attempts.failure


async def reached(
    active: ActiveCall | None,
    resolve: Resolver,
    host: str,
    port: int,
    timeout: float | None,  # noqa: ASYNC109
    connect: Callable[[str, float | None], Awaitable[T]],
) -> T:
    """Resolve a name, check its addresses, and connect to the first one that can be reached.

    `connect` gets an address and how many seconds it may take.
    """
    attempts = _Attempts(active, host, timeout)
    found = _literal(host)
    if found is None:
        lookup = asyncio.wrap_future(_looked_up(resolve, host, port))
        try:
            found = await asyncio.wait_for(lookup, attempts.left)
        except (OSError, ValueError) as error:
            raise attempts.unresolved(error) from error
    for address, share in attempts.addresses(found):
        try:
            return await connect(address, share)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            attempts.failure = error
    raise attempts.failure


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for an event loop."""

    alarms: Alarms
    """Those of the loop that runs."""

    def __init__(self, resolve: Resolver) -> None:
        self.resolve, self._tcp = resolve, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect."""

        async def connect(address: str, share: float | None) -> httpcore.AsyncNetworkStream:
            return AsyncDeadlineStream(
                await self._tcp.connect_tcp(address, port, share, local_address, socket_options)
            )

        return await reached(current(), self.resolve, host, port, timeout, connect)


class HttpcoreConnection:
    """A connection of httpcore's, for code that waits."""

    def __init__(self, connection: httpcore.ConnectionInterface) -> None:
        self._connection = connection
        self._response: httpcore.Response | None = None

    def exchange(self, request: Request, _active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        self._response = response = self._connection.handle_request(for_httpcore(request))
        pieces: Any = response.stream
        return Incoming(response.status, response.headers, pieces)

    def is_available(self) -> bool:
        """End an exchange; return whether another may follow."""
        if self._response is not None:
            self._response.close()
            self._response = None
        return self._connection.is_available()

    def has_expired(self) -> bool:
        """Whether it has been idle for long, or the other side has closed it."""
        return self._connection.has_expired()

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class AsyncHttpcoreConnection:
    """A connection of httpcore's, for an event loop."""

    ends_later = True
    """Whether `end` has to be awaited before the connection can be used again."""
    needs_current = True
    """Whether the call that it serves has to be the current one, from here to the end."""

    def __init__(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self._connection = connection
        self._response: httpcore.Response | None = None

    async def exchange(self, request: Request, _active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        core = for_httpcore(request)
        self._response = response = await self._connection.handle_async_request(core)
        pieces: Any = response.stream
        return Incoming(response.status, response.headers, pieces)

    async def end(self) -> None:
        """End an exchange."""
        if self._response is not None:
            response, self._response = self._response, None
            await response.aclose()

    def is_available(self) -> bool:
        """Whether another exchange may follow."""
        return self._connection.is_available()

    def has_expired(self) -> bool:
        """Whether it has been idle for long, or the other side has closed it."""
        return self._connection.has_expired()

    async def aclose(self) -> None:
        """Close it."""
        await self._connection.aclose()
