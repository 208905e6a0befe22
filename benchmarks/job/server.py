"""A provider that costs next to nothing: as much of two protocols as a job needs, on bare asyncio.

It speaks ToAPIs' and, at /v1/videos, OpenAI's. Every task is done at its fourth poll. Prints its
address, serves until its input ends, then prints as JSON what it saw.
Usage: python server.py [CORE]
"""

import asyncio
import json
import os
import sys
from collections import Counter
from typing import ClassVar

POLLS = 4
LINK = b"https://films.example.com/2026/11/22/kite.mp4?signature=5d41402abc4b2a76b9719d911017c592"
TOAPIS = (
    b'{"id":"%s","object":"generation.task","model":"kling-v3","status":"%s","progress":%d,'
    b'"metadata":{}%s}'
)
FILM = b',"result":{"type":"video","data":[{"url":"%s","format":"mp4"}]}' % LINK
OPENAI = (
    b'{"id":"%s","object":"video","model":"sora-2","status":"%s","progress":%d,'
    b'"created_at":1700000000,"seconds":"4","size":"720x1280"%s}'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Exchange(asyncio.Protocol):
    """Answers one request after the other on a connection."""

    created = opened = open = most = 0
    polls: ClassVar[Counter[bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""
        Exchange.opened += 1
        Exchange.open += 1
        Exchange.most = max(Exchange.most, Exchange.open)

    def connection_lost(self, _: Exception | None) -> None:
        Exchange.open -= 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n") + 4) > 3:
            head = self.buffer[:end].lower()
            length = 0
            if head.startswith(b"post"):
                length = int(head.partition(b"content-length:")[2].split(b"\r", 1)[0])
                if len(self.buffer) < end + length:
                    return
            self.buffer = self.buffer[end + length :]
            body = self.answer(head)
            self.transport.write(HEAD % len(body) + body)
            if b"connection: close" in head:
                self.transport.close()

    def answer(self, head: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        shape, film = (TOAPIS, FILM) if b"/generations" in path else (OPENAI, b"")
        if method == b"post":
            Exchange.created += 1
            return shape % (b"task_%d" % Exchange.created, b"queued", 0, b"")
        task = path.rpartition(b"/")[2]
        self.polls[task] += 1
        if self.polls[task] < POLLS:
            return shape % (task, b"in_progress", 50, b"")
        return shape % (task, b"completed", 100, film)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Exchange, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    seen = {
        "submits": Exchange.created,
        "polls": Exchange.polls.total(),
        "opened": Exchange.opened,
        "at once": Exchange.most,
    }
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(serve())
