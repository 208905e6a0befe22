"""Connections of our own, for whoever has httptools: a fraction of a general library's work.

They do what calls need and no more: HTTP/1.1, one request at a time, to a checked address. Proxies
are left to httpcore.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpcore

from rushes._network.active_call import ActiveCall
from rushes._network.addresses import Address
from rushes._network.connections import AsyncBackend, Backend, keep_from_children, reached
from rushes._network.http1 import AnswerReader, head_of
from rushes._network.requests import PIECE, Incoming, Request

READ = 256 * 1024
"""Bytes to read at once, and how many may wait to be taken until reading pauses."""


class LeanConnection:
    """A connection for code that waits."""

    def __init__(
        self, address: Address, backend: Backend, trusted: ssl.SSLContext, expiry: float
    ) -> None:
        self._address, self._backend = address, backend
        self._trusted, self._expiry = trusted, expiry
        self._stream: httpcore.NetworkStream | None = None
        self._reader: AnswerReader | None = None
        self._idle_since = 0.0

    def exchange(self, request: Request, _active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        stream = self._stream or self._connected(request.connect)
        reader = self._reader = AnswerReader(once=request.once)
        message = head_of(request) + request.body
        with suppress(httpcore.WriteError):  # it may have answered before it read everything
            for start in range(0, len(message), PIECE):
                stream.write(message[start : start + PIECE], request.read)
        while not reader.began:
            self._read(stream, reader, request.read)
        return Incoming(reader.status, reader.headers, self._body(stream, reader, request.read))

    def is_available(self) -> bool:
        """Whether the answer was read completely, and another request may follow."""
        self._idle_since = time.monotonic()
        return self._reader is not None and self._reader.reusable

    def has_expired(self) -> bool:
        """Whether it has been idle for long, or the other side has closed it."""
        late = time.monotonic() - self._idle_since > self._expiry
        return late or self._stream is None or self._stream.get_extra_info("is_readable")

    def close(self) -> None:
        """Close it."""
        if self._stream is not None:
            self._stream.close()

    def _connected(self, timeout: float) -> httpcore.NetworkStream:
        address = self._address
        self._stream = self._backend.connect_tcp(address.host, address.port, timeout)
        if address.scheme == "https":
            self._stream = self._stream.start_tls(self._trusted, address.host, timeout)
        return self._stream

    def _read(self, stream: httpcore.NetworkStream, reader: AnswerReader, timeout: float) -> None:
        try:
            data = stream.read(READ, timeout)
        except httpcore.ReadError as error:
            reader.fail(error)
        else:
            reader.feed(data) if data else reader.feed_end()
        if reader.failure is not None and not reader.began:
            raise reader.failure

    def _body(
        self, stream: httpcore.NetworkStream, reader: AnswerReader, timeout: float
    ) -> Iterator[bytes]:
        while (piece := reader.take()) != b"":
            if piece is None:
                self._read(stream, reader, timeout)
            else:
                yield piece
        if not reader.reusable:
            self.close()


class AsyncLeanConnection(asyncio.Protocol):
    """A connection for an event loop."""

    ends_later = False

    def __init__(
        self, address: Address, backend: AsyncBackend, trusted: ssl.SSLContext, expiry: float
    ) -> None:
        self._address, self._resolve = address, backend.resolve
        self._trusted, self._expiry = trusted, expiry
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable = True
        self._lost = False
        self._idle_since = 0.0
        keep_from_children(self)

    async def exchange(self, request: Request, active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        transport = self._transport or await self._connected(request.connect)
        reader = self._reader = AnswerReader(once=request.once)
        if active.seconds_left <= 0:
            raise httpcore.ConnectTimeout(active.timeout_message)
        active.leave()
        # The deadline of the whole exchange is its caller's.
        limit = request.read if request.read < active.total else None
        await self._send(transport, head_of(request) + request.body, reader, limit)
        while not reader.began:
            if reader.failure is not None:
                raise reader.failure
            await self._change(limit)
        return Incoming(reader.status, reader.headers, self._body(transport, reader, limit))

    def is_available(self) -> bool:
        """Whether the answer was read completely, and another request may follow."""
        reader, self._reader = self._reader, None
        self._idle_since = time.monotonic()
        return reader is not None and reader.reusable and not self._lost

    def has_expired(self) -> bool:
        """Whether it has been idle for long, or the other side has closed it."""
        return self._lost or time.monotonic() - self._idle_since > self._expiry

    async def aclose(self) -> None:
        """Close it, and wait until it is closed: its place may then be given to another."""
        if self._transport is not None and not self._lost:
            self._transport.abort()
            while not self._lost:
                await self._change(None)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection, such as its socket."""
        return None if self._transport is None else self._transport.get_extra_info(info)

    async def _connected(self, timeout: float) -> asyncio.Transport:  # noqa: ASYNC109
        address, loop = self._address, asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if address.scheme == "https":
            tls = {"ssl": self._trusted, "server_hostname": address.host}

        async def connect(at: str, share: float | None) -> asyncio.Transport:
            try:
                async with asyncio.timeout(share):
                    made = await loop.create_connection(lambda: self, at, address.port, **tls)
                    return made[0]
            except TimeoutError:
                raise httpcore.ConnectTimeout from None
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error

        return await reached(self._resolve, address.host, address.port, timeout, connect)

    async def _send(
        self,
        transport: asyncio.Transport,
        message: bytes,
        reader: AnswerReader,
        limit: float | None,
    ) -> None:
        for start in range(0, len(message), PIECE):
            while not (self._writable or self._lost or reader.began):
                await self._change(limit, httpcore.WriteTimeout)
            if self._lost or reader.began:  # it has answered before it read everything
                break
            transport.write(message[start : start + PIECE])

    async def _change(
        self, limit: float | None, late: type[Exception] = httpcore.ReadTimeout
    ) -> None:
        """Wait until something has arrived, or can be sent again; raise `late` after `limit`."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(limit):
                await self._waiter
        except TimeoutError:
            raise late from None
        finally:
            self._waiter = None

    async def _body(
        self, transport: asyncio.Transport, reader: AnswerReader, limit: float | None
    ) -> AsyncIterator[bytes]:
        while (piece := reader.take()) != b"":
            if piece is not None:
                yield piece
                continue
            if not self._lost:
                transport.resume_reading()
            await self._change(limit)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open connection; asyncio calls this and the methods below."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; while nothing was asked for, that is an error."""
        if self._transport is None or self._reader is None:
            self._lost = True
            if self._transport is not None:
                self._transport.abort()
            self._wake()
            return
        self._reader.feed(data)
        if self._reader.waiting > READ:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end of the connection."""
        self._lost = True
        if self._reader is not None:
            if error is not None:
                self._reader.fail(httpcore.ReadError(str(error)))
            self._reader.feed_end()
        self._wake()

    def pause_writing(self) -> None:
        """Wait until the other side has read."""
        self._writable = False

    def resume_writing(self) -> None:
        """Write again."""
        self._writable = True
        self._wake()
