"""The connection below HTTP, for what no well-behaved server sends."""

import asyncio
import socket
import struct
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from rushes_sandbox.faults.fault import Answer

if TYPE_CHECKING:
    from rushes_sandbox.record import Exchange

#: Seconds between two bytes of an answer that drips: no read timeout notices.
PACE = 0.1

#: "Linger for no time": closing sends a reset. Windows has it in two shorts.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Flow(Protocol):
    """Tells when the system has taken what was written."""

    async def drain(self) -> None:
        """Wait for it."""


class Wire:
    """One connection, written to directly. Whoever uses it sends no answer the usual way."""

    def __init__(self, transport: asyncio.Transport, flow: Flow, exchange: "Exchange") -> None:
        self._transport, self._flow, self._exchange = transport, flow, exchange

    def head(self, answer: Answer, length: int | None) -> bytes:
        """Write out an answer's head, with this length or with none; the body ends with the line.

        It counts as the answer that the exchange got.
        """
        self._exchange.status = answer.status
        headers = {**answer.headers, "connection": "close"}
        headers.pop("content-length", None)
        if length is not None:
            headers["content-length"] = str(length)
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def write(self, data: bytes) -> None:
        """Send bytes, and wait until the system has them all."""
        self._transport.set_write_buffer_limits(high=0)
        self._transport.write(data)
        await self._flow.drain()
        # A fast reader never lets the line above wait; others have their turn all the same.
        await asyncio.sleep(0)

    async def drip(self, data: bytes) -> None:
        """Send one byte at a time."""
        for byte in data:
            await self.write(bytes([byte]))
            await asyncio.sleep(PACE)

    async def hang_up(self) -> None:
        """Close the connection in the usual way; ends when the client is gone."""
        self._transport.close()
        await asyncio.Event().wait()

    async def reset(self) -> None:
        """Close the connection with a reset."""
        line: socket.socket = self._transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.abort()
        await asyncio.Event().wait()

    def abort(self) -> None:
        """Close the connection now, whatever is still to be sent."""
        self._transport.abort()
