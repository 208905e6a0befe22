"""A link to a server on this machine, which can be cut: nothing passes, and nobody is told."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any


class Link:
    """Passes on to a port what comes in at its own, until it is cut."""

    def __init__(self, to: int) -> None:
        self._to, self.port = to, 0
        self._loop = asyncio.new_event_loop()
        self._intact = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Let nothing pass from now on; whoever sends waits for an answer."""
        self._loop.call_soon_threadsafe(self._intact.clear)

    def mend(self) -> None:
        """Let new connections pass again; those from before are reset."""
        self._loop.call_soon_threadsafe(self._mend)

    def _mend(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._intact.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            await self._intact.wait()
            there = await asyncio.open_connection("127.0.0.1", self._to)
            self._ends.add(there[1])
            ways = [self._pass(reader, there[1]), self._pass(there[0], writer)]
            await asyncio.wait(map(asyncio.ensure_future, ways), return_when="FIRST_COMPLETED")
            there[1].transport.abort()
            self._ends.discard(there[1])
        except OSError:
            pass  # the server restarts
        finally:
            writer.transport.abort()
            self._ends.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._intact.wait()
                writer.write(data)
                await writer.drain()

    async def _open(self) -> Any:
        self._intact.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _end(self) -> None:
        self._mend()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    @contextlib.contextmanager
    def opened(self) -> Iterator["Link"]:
        """Run it in a thread of its own."""
        server = self._loop.run_until_complete(self._open())
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(server.close)
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()
