"""A crowd: thousands of tasks over one client's few connections, and every one of them ends.

A server in a process of its own takes 200 ms for each answer: to every submit, every poll (the
first says "in progress", the second "completed") and every download. The client has its default
settings, so that most tasks are waiting for one of its ten connections.
Usage: python benchmarks/crowd.py [--tasks N] [--answer SECONDS]
"""

import argparse
import asyncio
import json
import multiprocessing
import struct
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any

from rushes import AsyncClient, Request

VARIANT = "toapis/kling-v3"
POLLS = 2


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


FILM = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(4096)) + box(b"moov", b"m")


class Provider:
    """Speaks as much of ToAPIs' protocol as a plain job needs."""

    def __init__(self, answer: float) -> None:
        self.answer, self.url = answer, ""
        self.created, self.fetched, self.open, self.most = 0, 0, 0, 0
        self.looks: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client disconnected
        finally:
            self.open -= 1
            writer.close()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        method, path, _ = head.split(" ", 2)
        length = head.partition("content-length:")[2].split("\r", 1)[0].strip()
        await reader.readexactly(int(length or 0))
        await asyncio.sleep(self.answer)
        body = FILM if path.startswith("/films/") else json.dumps(self.reply(method, path)).encode()
        self.fetched += path.startswith("/films/")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return "connection: close" not in head

    def reply(self, method: str, path: str) -> dict[str, Any]:
        if method == "post":
            self.created += 1
            return {"id": f"t-{self.created}", "object": "generation.task", "status": "queued"}
        task = path.rpartition("/")[2]
        self.looks[task] += 1
        if self.looks[task] < POLLS:
            return {"id": task, "status": "in_progress"}
        return {"id": task, "status": "completed", "url": f"{self.url}/films/{task}.mp4"}


def provide(answer: float, pipe: Connection) -> None:
    """Serve until the other side stops it; then send it the counts."""

    async def run() -> None:
        provider = Provider(answer)
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=128)
        port = server.sockets[0].getsockname()[1]
        provider.url = f"http://127.0.0.1:{port}"
        pipe.send(provider.url)
        try:
            await asyncio.to_thread(pipe.recv)
        except EOFError:
            return  # the client is gone
        seen = (provider.created, provider.looks.total(), provider.fetched, provider.most)
        pipe.send(seen)

    asyncio.run(run())


async def shoot(tasks: int, url: str, home: str) -> tuple[Counter[str], list[float]]:
    """Generate every task; return how they ended, and when."""
    begin, ends = time.monotonic(), []

    async def one(client: AsyncClient) -> str:
        try:
            task = await client.generate(VARIANT, Request("A red kite over dunes"))
        except Exception as error:  # noqa: BLE001 - it is counted
            return f"{type(error).__name__}: {error}".partition(" task ")[0][:100]
        finally:
            ends.append(time.monotonic() - begin)
        return task.state if task.file else "without a file"

    async with AsyncClient(keys={"toapis": "k"}, base_urls={"toapis": url}, home=home) as client:
        return Counter(await asyncio.gather(*(one(client) for _ in range(tasks)))), sorted(ends)


def main() -> int:
    """Run the crowd and print the outcome; fail if a task did not end well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--answer", type=float, default=0.2, metavar="SECONDS")
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    spawning = multiprocessing.get_context("spawn")
    process = spawning.Process(target=provide, args=(given.answer, there), daemon=True)
    process.start()
    with tempfile.TemporaryDirectory(prefix="rushes-crowd-") as home:
        outcomes, ends = asyncio.run(shoot(given.tasks, here.recv(), home))
    here.send("enough")
    created, looks, fetched, most = here.recv()
    process.join(10)
    for outcome, count in outcomes.most_common():
        print(f"{count:6,}  {outcome}")
    middle = ends[len(ends) // 2]
    first, last = ends[0], ends[-1]
    print(f"ended: the first after {first:.0f} s, half after {middle:.0f} s, all at {last:.0f} s")
    print(f"the server saw {created:,} submits, {looks:,} polls, {fetched:,} downloads")
    print(f"over at most {most} connections at once")
    return 0 if outcomes == {"completed": given.tasks} else 1


if __name__ == "__main__":
    sys.exit(main())
