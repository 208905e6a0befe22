"""A connection below HTTP, to send what a well-behaved server never would."""

import asyncio
import socket
import struct
import sys
from http import HTTPStatus
from typing import Protocol

from rushes_sandbox._http.exchange import BufferedResponse, Exchange

#: "Linger for 0 seconds": closing then sends a reset. Windows packs it as two shorts.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Flow(Protocol):
    """Flow control of a connection, as uvicorn has it."""

    async def drain(self) -> None:
        """Wait until the operating system has taken what was written."""


class RawConnection:
    """One connection, written to directly; its request then gets no ordinary response."""

    def __init__(self, transport: asyncio.Transport, flow: Flow, exchange: Exchange) -> None:
        self._transport, self._flow, self._exchange = transport, flow, exchange

    def head(self, response: BufferedResponse, length: int | None) -> bytes:
        """Encode the status line and headers; without a length the body ends with the connection.

        The status is recorded as that of the exchange.
        """
        self._exchange.status = response.status
        headers = {**response.headers, "connection": "close"}
        headers.pop("content-length", None)
        if length is not None:
            headers["content-length"] = str(length)
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def write(self, data: bytes) -> None:
        """Send bytes, and wait until the operating system has taken them all."""
        self._transport.set_write_buffer_limits(high=0)
        self._transport.write(data)
        await self._flow.drain()
        # With a fast reader `drain` never waits; give other requests a turn.
        await asyncio.sleep(0)

    async def drip(self, data: bytes, interval: float) -> None:
        """Send one byte every `interval` seconds."""
        for byte in data:
            await self.write(bytes([byte]))
            await asyncio.sleep(interval)

    async def close(self) -> None:
        """Close the connection normally, then wait to be cancelled when the client is gone."""
        self._transport.close()
        await asyncio.Event().wait()

    async def reset(self) -> None:
        """Close the connection with a TCP reset, then wait to be cancelled."""
        line: socket.socket = self._transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.abort()
        await asyncio.Event().wait()

    def abort(self) -> None:
        """Close the connection now and discard whatever is still to be sent."""
        self._transport.abort()
