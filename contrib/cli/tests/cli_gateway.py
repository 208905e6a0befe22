"""A gateway on this machine that speaks as much of ToAPIs as these tests need."""

import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Reply = tuple[int, dict[str, str], bytes]
KEY = "sk-test-0123456789abcdef"


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


VIDEO = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov") + box(b"mdat", b"frames" * 50)


def response(status: int, body: Any, **headers: str) -> Reply:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, as_json(body)


def as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


class Gateway:
    """Answers with `submits` and `polls` in order, repeating the last; `paid` has the bodies."""

    def __init__(self) -> None:
        self.paid: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.polled = 0
        self.submits: list[Callable[[str], Reply]] = [self.accepted]
        self.polls: list[str] = ["completed"]
        self.video, self.videos = VIDEO, 1
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def accepted(self, task: str) -> Reply:
        return response(200, {"id": task, "object": "generation.task", "status": "queued"})

    def refused(self, status: int, code: str, **headers: str) -> None:
        body = {"error": {"code": code, "message": f"the gateway says {code}", "type": "x"}}
        self.submits = [lambda _task: response(status, body, **headers)]

    def submit(self, body: bytes) -> Reply:
        self.paid.append(json.loads(body))
        answer = self.submits[0] if len(self.submits) == 1 else self.submits.pop(0)
        return answer(f"remote-{len(self.paid)}")

    def poll(self, task: str) -> Reply:
        self.polled += 1
        status = self.polls[0] if len(self.polls) == 1 else self.polls.pop(0)
        found: dict[str, Any] = {"id": task, "object": "generation.task", "status": status}
        if status == "in_progress":
            found["progress"] = 42
        if status == "completed":
            found["video_url"] = f"{self.url}/video.mp4"  # where UniAll has it
            more = [{"url": f"{self.url}/video.mp4?{n}"} for n in range(1, self.videos)]
            found["result"] = {"type": "video", "data": [{"url": found["video_url"]}, *more]}
        if status == "failed":
            found["error"] = {"code": "x", "message": "no \x1b[31mluck\x1b[0m [bold]today[/bold]"}
        return response(200, found, Retry_After="0")

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            gateway.keys.append(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send_reply(gateway.submit(body))

        def do_GET(self) -> None:
            if self.path.startswith("/video.mp4"):
                self._send_reply((200, {"Content-Type": "video/mp4"}, gateway.video))
            else:
                self._send_reply(gateway.poll(self.path.rpartition("/")[2]))

        def _send_reply(self, reply: Reply) -> None:
            status, headers, body = reply
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    return Handler
