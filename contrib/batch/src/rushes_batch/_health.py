"""A worker's health, for whatever monitors it: one small answer over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from rushes import PostgresJournal, RushesError

from rushes_batch._holding import Holder
from rushes_batch.engine import Engine

PATIENCE = 3.0
"""Seconds that the journal and the engine have to answer; monitors usually wait longer."""
LATE = 60.0
"""Seconds after which a sweep is late: several were missed."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of each part of a worker.

    `swept` is how many seconds ago this worker swept the queue, or saw that another one does; None
    before the first time. `held` counts the tasks that it holds, `ended` those that have ended.
    """

    journal: Literal["ok", "away"]
    engine: Literal["ok", "away"]
    sweep: Literal["ok", "late"]
    swept: float | None
    held: int
    ended: dict[str, int]
    stopping: bool

    @property
    def status(self) -> str:
        """The answer's HTTP status: 200 if every part is ok, else 503."""
        well = self.journal == self.engine == self.sweep == "ok"
        return "200 OK" if well else "503 Service Unavailable"


async def look(
    journal: PostgresJournal, engine: Engine, holder: Holder, *, stopping: bool
) -> Health:
    """Find out a worker's health; the database has PATIENCE seconds to answer."""
    there, works = await asyncio.gather(_answers(_find(journal)), _answers(engine.is_there()))
    return Health(
        journal="ok" if there else "away",
        engine="ok" if works else "away",
        sweep="late" if engine.not_swept_for > LATE else "ok",
        swept=None if engine.swept is None else round(engine.not_swept_for, 1),
        held=holder.held,
        ended=dict(holder.ended),
        stopping=stopping,
    )


async def _find(journal: PostgresJournal) -> None:
    await asyncio.wrap_future(journal.begin("find", "-"))  # no task's reference begins so


async def _answers(asked: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await asked is not False
    except (RushesError, TimeoutError):
        return False


@asynccontextmanager
async def serving(
    host: str, port: int, health: Callable[[], Awaitable[Health]]
) -> AsyncIterator[int]:
    """Answer every request with the health as JSON; yields the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                while (await reader.readline()).strip():
                    pass
            found = await health()
            body = msgspec.json.encode(found)
            head = (
                f"HTTP/1.1 {found.status}\r\ncontent-type: application/json\r\n"
                f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            async with asyncio.timeout(5):
                await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # the client went away, or its request is malformed
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=4096)
    async with server:
        yield server.sockets[0].getsockname()[1]
