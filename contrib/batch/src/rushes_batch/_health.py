"""How a worker is, for whatever watches it: one small answer over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec


@asynccontextmanager
async def serving(host: str, port: int, state: Callable[[], dict[str, Any]]) -> AsyncIterator[int]:
    """Answer every request with the state as JSON; yields the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                while (await reader.readline()).strip():
                    pass
                body = msgspec.json.encode(state())
                head = (
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                    f"content-length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # the asker went away, or asked for something odd
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=4096)
    async with server:
        yield server.sockets[0].getsockname()[1]
