"""The made-up provider's server: real HTTP on 127.0.0.1, with scripted answers."""

import json
import re
import socket
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from raw_server import still_open


def box(kind: bytes, body: bytes = b"") -> bytes:
    """Write one MP4 box."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


VIDEO = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(range(256)) * 8) + box(b"moov", b"m")


class Handler(BaseHTTPRequestHandler):
    """One connection; a behaviour gets it and does with it what it likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"
    body: bytes = b""
    calls = 0
    """How many calls were made on this connection."""

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.server.opened(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""

    def handle_one_request(self) -> None:
        """Ignore clients that disconnect."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def serve(self) -> None:
        """Read the body, then behave as scripted."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.take(self)(self)

    do_GET = do_POST = do_DELETE = serve  # noqa: N815

    def answer(
        self, status: int, body: bytes | str | Any = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with bytes or text, and with anything else as JSON."""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        named = {name.title(): value for name, value in (headers or {}).items()}
        given = {"Content-Length": str(len(body)), **named}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Close the connection."""
        self.close_connection = True


Behaviour = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    """Keeps the clips, records the requests, and takes a script for each route."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.script: dict[str, deque[Behaviour]] = defaultdict(deque)
        self.seen: list[tuple[str, Mapping[str, str], bytes]] = []
        self.clips: dict[str, int] = {}
        self.jobs: dict[str, list[str]] = defaultdict(list)
        self.replays = False
        self.found_after = 0
        self.stages: list[Mapping[str, Any]] = [{"stage": "rendering", "done": "50%"}]
        self.last: Mapping[str, Any] | None = None
        self.video = VIDEO
        self.release = threading.Event()
        self.nths: list[int] = []
        """Of each request, how many came before it on its connection."""
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.most = 0

    def opened(self, handler: Handler) -> None:
        """Count the connections that are open."""
        with self._lock:
            self._open = [handler.connection, *filter(still_open, self._open)]
            self.most = max(self.most, len(self._open))

    def on(self, route: str, *behaviours: Behaviour) -> None:
        """Script a route ("POST /v1/clips", "GET /files/"): one behaviour for each request."""
        self.script[route].extend(behaviours)

    def posts(self, path: str = "/v1/clips") -> int:
        """Count the POSTs of a path."""
        return sum(1 for line, _, _ in self.seen if line == f"POST {path}")

    def polls(self) -> int:
        """Count the polls of all clips."""
        return sum(line.startswith("GET /v1/clips/") for line in self.lines)

    @property
    def lines(self) -> list[str]:
        """Every request's method and path, in order."""
        return [line for line, _, _ in self.seen]

    def take(self, handler: Handler) -> Behaviour:
        """Record a request and return the behaviour for it."""
        line = f"{handler.command} {handler.path}"
        with self._lock:
            headers = {name.lower(): value for name, value in handler.headers.items()}
            self.seen.append((line, headers, handler.body))
            self.nths.append(handler.calls)
            handler.calls += 1
            for route, behaviours in self.script.items():
                if behaviours and line.startswith(route):
                    return behaviours.popleft()
        if line == "POST /v1/clips":
            return created
        if line == "POST /v1/pictures":
            return lambda h: h.answer(200, {"at": "https://pictures.acme.example/1.png"})
        if found := re.fullmatch(r"GET /v1/clips/(\S+)", line):
            return lambda h: self.status(h, found[1])
        if asked := re.fullmatch(r"GET /v1/jobs/(\S+)", line):
            return lambda h: h.answer(200, {"refs": self.look_up(asked[1])})
        if line.startswith("DELETE"):
            return lambda h: h.answer(200, {})
        return film if line.startswith("GET /files/") else lambda h: h.answer(404, {})

    def create(self, job: str = "") -> str:
        """Create a clip, which costs money; return the existing one where a job is replayed."""
        with self._lock:
            if self.replays and self.jobs[job]:
                return self.jobs[job][0]
            ref = f"c-{len(self.clips) + 1}"
            self.clips[ref] = 0
            self.jobs[job].append(ref)
        return ref

    def look_up(self, job: str) -> list[str]:
        """Find a job's clips; the first `found_after` look-ups find nothing."""
        with self._lock:
            self.found_after -= 1
            return [] if self.found_after >= 0 else self.jobs[job]

    def status(self, handler: Handler, ref: str) -> None:
        """Answer with a clip's stage: the scripted ones in turn, then ready."""
        with self._lock:
            turn = self.clips.get(ref, 0)
            self.clips[ref] = turn + 1
        ready = {"stage": "ready", "links": [f"{self.url}/files/{ref}.mp4"]}
        stage = self.stages[turn] if turn < len(self.stages) else (self.last or ready)
        handler.answer(200, {"clip": {"ref": ref, **stage}})


@contextmanager
def running() -> Iterator[Server]:
    """Run a provider's server until the test is over."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


def created(handler: Handler) -> None:
    """Create a clip and return it."""
    ref = handler.server.create(handler.headers.get("X-Job", ""))
    handler.answer(201, {"clip": {"ref": ref, "stage": "waiting"}})


def film(handler: Handler) -> None:
    """Send the video, or the rest of it (RFC 9110, 14)."""
    video = handler.server.video
    head = {"ETag": '"v1"', "Content-Type": "video/mp4"}
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if asked and handler.headers.get("If-Range") == '"v1"':
        start = int(asked[1])
        head["Content-Range"] = f"bytes {start}-{len(video) - 1}/{len(video)}"
        handler.answer(206, video[start:], head)
    else:
        handler.answer(200, video, head)


def answers(status: int, body: Any = b"", **headers: str) -> Behaviour:
    """Make a behaviour that gives this answer and creates nothing."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(status, body, given)


def bills_then(then: Behaviour) -> Behaviour:
    """Make a behaviour that creates a clip, then does something other than return it."""

    def behave(handler: Handler) -> None:
        handler.server.create(handler.headers.get("X-Job", ""))
        then(handler)

    return behave


def drops(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.hang_up()


def stalls(handler: Handler) -> None:
    """Do not answer until the test is over."""
    handler.server.release.wait(30)
    handler.hang_up()


def cuts(body: bytes, keep: int, **headers: str) -> Behaviour:
    """Make a behaviour that announces a whole body and sends only the beginning of it."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.answer(200, body[:keep], {"Content-Length": str(len(body)), **given})

    return behave
