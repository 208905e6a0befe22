"""Connections of our own, for whoever has httptools: a fraction of a general library's work.

They do what calls need and no more: HTTP/1.1, one request at a time, to a checked address. Proxies
are left to httpcore.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Self

import httpcore

from rushes._network.active_call import ActiveCall
from rushes._network.addresses import Address
from rushes._network.connections import (
    AsyncBackend,
    Backend,
    capped,
    keep_from_children,
    reached,
)
from rushes._network.http1 import AnswerReader, head_of
from rushes._network.requests import PIECE, Incoming, Request

READ = 256 * 1024
"""Bytes to read at once, and how many may wait to be taken until reading pauses."""


class LeanConnection:
    """A connection for code that waits.

    No step of an exchange takes longer than its request allows, or than the exchange has left.
    """

    def __init__(self, address: Address, backend: Backend, trusted: ssl.SSLContext | None) -> None:
        self._address, self._backend, self._trusted = address, backend, trusted
        self._stream: httpcore.NetworkStream | None = None
        self._socket: socket.socket
        self._reader: AnswerReader | None = None
        self._active: ActiveCall
        self._limit: float

    def exchange(self, request: Request, active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        if self._stream is None:
            self._connect(request.connect)
        self._active, self._limit = active, request.read
        reader = self._reader = AnswerReader(once=request.once)
        active.leave()
        self._send(head_of(request) + request.body)
        while not reader.began:
            self._read_into(reader)
            if reader.failure is not None and not reader.began:
                raise reader.failure
        return Incoming(reader.status, reader.headers, self._body(reader))

    def is_available(self) -> bool:
        """Whether the answer was read completely, and another request may follow."""
        return self._reader is not None and self._reader.reusable

    def has_expired(self) -> bool:
        """Whether the other side has closed it."""
        return self._stream is None or self._stream.get_extra_info("is_readable")

    def close(self) -> None:
        """Close it."""
        if self._stream is not None:
            self._stream.close()

    def _connect(self, timeout: float) -> None:
        address = self._address
        self._stream = self._backend.connect_tcp(address.host, address.port, timeout)
        if address.scheme == "https":
            assert self._trusted is not None  # noqa: S101 - whoever makes a connection knows
            self._stream = self._stream.start_tls(self._trusted, address.host, timeout)
        self._socket = self._stream.get_extra_info("socket")

    def _send(self, message: bytes) -> None:
        """Send a message, unless the other side answers and closes before it has read all."""
        try:
            for start in range(0, len(message), PIECE):
                limit = capped(self._active, self._limit, httpcore.WriteTimeout)
                self._socket.settimeout(limit)
                self._socket.sendall(message[start : start + PIECE])
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError:
            pass  # what it has answered can still be read

    def _read_into(self, reader: AnswerReader) -> None:
        """Read what has arrived, waiting for something."""
        self._socket.settimeout(capped(self._active, self._limit, httpcore.ReadTimeout))
        try:
            data = self._socket.recv(READ)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            reader.fail(httpcore.ReadError(str(error)))
        else:
            reader.feed(data) if data else reader.feed_end()

    def _body(self, reader: AnswerReader) -> Iterator[bytes]:
        while (piece := reader.take()) != b"":
            if piece is None:
                self._read_into(reader)
            else:
                yield piece
        if not reader.reusable:
            self.close()


class _Opened(asyncio.Protocol):
    """A connection to one of a host's addresses, until it is the one that is used.

    One that was given up may still open, or close, after another was opened.
    """

    over = False
    """Whether it was closed again, or something came that nobody asked for."""

    def data_received(self, _data: bytes) -> None:
        """Take what has arrived."""
        self.over = True

    def connection_lost(self, _error: Exception | None) -> None:
        """Take the end of the connection."""
        self.over = True


class AsyncLeanConnection(asyncio.Protocol):
    """A connection for an event loop."""

    ends_later = False
    needs_current = False

    def __init__(
        self, address: Address, backend: AsyncBackend, trusted: ssl.SSLContext | None
    ) -> None:
        self._address, self._backend, self._trusted = address, backend, trusted
        self._alarms = backend.alarms
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._active: ActiveCall
        self._limit: float
        self._waiter: asyncio.Future[bool] | None = None
        self._writable = True
        self._lost = False
        keep_from_children(self)

    async def exchange(self, request: Request, active: ActiveCall) -> Incoming:
        """Send a request, and return the head of the answer with a way to take its body."""
        self._active, self._limit = active, request.read
        transport = self._transport or await self._connected(request.connect)
        if self._lost:
            raise httpcore.ConnectError(
                "the other side closed the connection, or wrote on it, before the request"
            )
        reader = self._reader = AnswerReader(once=request.once)
        active.leave()
        await self._send(transport, head_of(request) + request.body, reader)
        while not reader.began:
            if reader.failure is not None:
                raise reader.failure
            await self._change(httpcore.ReadTimeout)
        return Incoming(reader.status, reader.headers, self)

    def __aiter__(self) -> Self:
        """Iterate over the pieces of the answer's body."""
        return self

    async def __anext__(self) -> bytes:
        reader, transport = self._reader, self._transport
        assert reader is not None  # noqa: S101 - an exchange is under way
        assert transport is not None  # noqa: S101
        while (piece := reader.take()) is None:
            if not self._lost:
                transport.resume_reading()
            await self._change(httpcore.ReadTimeout)
        if not piece:
            raise StopAsyncIteration
        return piece

    def is_available(self) -> bool:
        """Whether the answer was read completely, and another request may follow."""
        reader, self._reader = self._reader, None
        return reader is not None and reader.reusable and not self._lost

    def has_expired(self) -> bool:
        """Whether the other side has closed it."""
        return self._lost

    async def aclose(self) -> None:
        """Close it, and wait until it is closed: its place may then be given to another."""
        self.abort()
        while not (self._lost or self._transport is None):
            await self._change(None)

    def abort(self) -> None:
        """Close it without waiting for that."""
        if self._transport is not None and not self._lost:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection, such as its socket."""
        return None if self._transport is None else self._transport.get_extra_info(info)

    async def _connected(self, timeout: float) -> asyncio.Transport:  # noqa: ASYNC109
        address, loop = self._address, asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if address.scheme == "https":
            assert self._trusted is not None  # noqa: S101 - whoever makes a connection knows
            tls = {"ssl": self._trusted, "server_hostname": address.host}

        async def connect(at: str, share: float | None) -> tuple[asyncio.Transport, _Opened]:
            try:
                async with asyncio.timeout(share):
                    return await loop.create_connection(_Opened, at, address.port, **tls)
            except TimeoutError:
                raise httpcore.ConnectTimeout from None
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error

        resolve, place = self._backend.resolve, (address.host, address.port)
        transport, opened = await reached(self._active, resolve, *place, timeout, connect)
        self._transport, self._lost = transport, opened.over
        transport.set_protocol(self)
        if self._lost:
            transport.abort()
        return transport

    async def _send(
        self, transport: asyncio.Transport, message: bytes, reader: AnswerReader
    ) -> None:
        for start in range(0, len(message), PIECE):
            while not (self._writable or self._lost or reader.began):
                await self._change(httpcore.WriteTimeout)
            if self._lost or reader.began:  # it has answered before it read everything
                break
            transport.write(message[start : start + PIECE])

    async def _change(self, late: type[Exception] | None) -> None:
        """Wait until something has arrived, can be sent again, or is over.

        Raises `late` if that takes longer than the limit, or than the exchange has left.
        """
        self._waiter = asyncio.get_running_loop().create_future()
        limit = capped(self._active, self._limit, late) if late else None
        if not await self._alarms.within(self._waiter, limit) and late:
            raise late

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; asyncio calls this and the methods below.

        While nothing was asked for, that is an error.
        """
        assert self._transport is not None  # noqa: S101 - only an open connection calls
        if self._reader is None:
            self._lost = True
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
