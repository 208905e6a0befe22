"""Connections that keep to the deadline of the exchange they serve, and pools of them.

httpcore's network backends are its public way in:
https://www.encode.io/httpcore/network-backends/. A name is resolved once, every address it has is
judged, and the connection goes to exactly one that was judged; TLS still checks the name.
"""

import asyncio
import ipaddress
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import httpcore

from rushes.addresses import Address, Resolver, is_public
from rushes.errors import ResultError
from rushes.exchange import Exchange, current

PIECE = 16 * 1024
"""Bytes of a body that are written at once."""


def _capped(timeout: float | None, over: type[Exception]) -> float | None:
    """Return a timeout no longer than the exchange has left; raise `over` where nothing is."""
    exchange = current()
    if exchange is None:
        return timeout
    left = exchange.left
    if left <= 0:
        raise over(exchange.words)
    return left if timeout is None else min(timeout, left)


def _leaving(buffer: bytes) -> None:
    """Note that the request is on its way; asking a proxy for a tunnel is not yet that."""
    exchange = current()
    if exchange is not None and buffer and not buffer.startswith(b"CONNECT "):
        exchange.sent = True


class Stream(httpcore.NetworkStream):
    """A connection; each step takes no longer than the exchange has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, _capped(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        _leaving(buffer)
        self._stream.write(buffer, _capped(timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go over to TLS."""
        capped = _capped(timeout, httpcore.ConnectTimeout)
        return Stream(self._stream.start_tls(ssl_context, server_hostname, capped))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know."""
        return self._stream.get_extra_info(info)


class AsyncStream(httpcore.AsyncNetworkStream):
    """The same; the deadline is the event loop's to keep."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read what has come."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all of it."""
        _leaving(buffer)
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Go over to TLS."""
        try:
            over = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()  # httpcore closes it after an error, not after this one
            raise
        return AsyncStream(over)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know."""
        return self._stream.get_extra_info(info)


def _looked_up(resolve: Resolver, host: str, port: int) -> Future[list[str]]:
    """Resolve a name in a thread of its own, which nobody has to wait for.

    The system's resolver takes no deadline. The thread is a daemon: one that hangs keeps neither
    an event loop nor the interpreter from ending.
    """
    future: Future[list[str]] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(resolve(host, port))
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            future.set_exception(error)

    threading.Thread(target=work, daemon=True, name="rushes-resolver").start()
    return future


def _literal(host: str) -> list[str] | None:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return None


def _judged(host: str, found: list[str]) -> list[Address]:
    """Return the addresses to try; a guarded exchange takes a name only if all are public.

    A name that leads inside as well is refused whole: that is the mark of a name made to mislead.
    """
    addresses = [ipaddress.ip_address(text) for text in found]
    if not addresses:
        raise httpcore.ConnectError(f"{host} has no address")
    exchange = current()
    for address in addresses if exchange is not None and exchange.guarded else ():
        if not is_public(address):
            where = host if host == str(address) else f"{host}, which is {address}"
            raise ResultError(
                f"the link to the video leads to {where}; only a private network can reach that"
            )
    return addresses


class _Attempts:
    """The addresses of one host in turn, each with its share of what time is left."""

    def __init__(self, host: str, timeout: float | None) -> None:
        self.host = host
        capped = _capped(timeout, httpcore.ConnectTimeout)
        self._end = None if capped is None else time.monotonic() + capped
        self.failure: Exception = httpcore.ConnectError(f"{host} has no address")

    @property
    def left(self) -> float | None:
        return None if self._end is None else max(self._end - time.monotonic(), 0.001)

    def unresolved(self, error: Exception) -> Exception:
        if isinstance(error, TimeoutError):
            return httpcore.ConnectTimeout(f"the name {self.host} was not resolved in time")
        return httpcore.ConnectError(f"the name {self.host} cannot be resolved: {error}")

    def addresses(self, found: list[str]) -> Iterator[tuple[str, float | None]]:
        addresses = _judged(self.host, found)
        for place, address in enumerate(addresses):
            left = self.left
            yield str(address), left and left / (len(addresses) - place)


class Backend(httpcore.NetworkBackend):
    """Opens connections for code that waits."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve, self._tcp = resolve, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, judge, connect."""
        attempts = _Attempts(host, timeout)
        found = _literal(host)
        if found is None:
            try:
                found = _looked_up(self._resolve, host, port).result(attempts.left)
            except (OSError, ValueError) as error:
                raise attempts.unresolved(error) from error
        for address, share in attempts.addresses(found):
            try:
                return Stream(
                    self._tcp.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                attempts.failure = error
        raise attempts.failure


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for an event loop."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve, self._tcp = resolve, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, connect."""
        attempts = _Attempts(host, timeout)
        found = _literal(host)
        if found is None:
            asked = asyncio.wrap_future(_looked_up(self._resolve, host, port))
            try:
                found = await asyncio.wait_for(asked, attempts.left)
            except (OSError, ValueError) as error:
                raise attempts.unresolved(error) from error
        for address, share in attempts.addresses(found):
            try:
                return AsyncStream(
                    await self._tcp.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                attempts.failure = error
        raise attempts.failure


class Pieces:
    """A body in pieces, for either half of httpcore; the deadline is looked at before each."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), PIECE):
            yield self._body[start : start + PIECE]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


@asynccontextmanager
async def deadline(exchange: Exchange) -> AsyncIterator[None]:
    """Raise httpcore's ReadTimeout where an exchange on the event loop is not over in time."""
    try:
        async with asyncio.timeout(exchange.left) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise httpcore.ReadTimeout(exchange.words) from error
