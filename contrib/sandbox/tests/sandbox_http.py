"""Requests to a sandbox over raw sockets, for what no HTTP client shows."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rushes_sandbox import Sandbox

SUBMIT: dict[str, tuple[str, dict[str, Any]]] = {
    "toapis": ("/toapis/v1/videos/generations", {"model": "kling-v3", "prompt": "a lantern"}),
    "apimart": ("/apimart/v1/videos/generations", {"model": "kling-v3", "prompt": "a lantern"}),
    "uniall": (
        "/uniall/v1/video/generations",
        {"model": "kling-v3-std-silent", "prompt": "a lantern", "duration": 3},
    ),
}
STATUS = {
    "toapis": "/toapis/v1/videos/generations/",
    "apimart": "/apimart/v1/tasks/",
    "uniall": "/uniall/v1/videos/",
}
GATEWAYS = sorted(SUBMIT)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class RawResponse:
    """What came over the wire, and whether a reset ended it."""

    raw: bytes
    was_reset: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def open_request(
    sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str
) -> Iterator[socket.socket]:
    """Send a request over its own connection, and yield the connection."""
    parts = urlsplit(sandbox.url)
    assert parts.hostname
    given = {
        "Host": parts.netloc,
        "Authorization": f"Bearer {sandbox.key}",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=30) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        yield line


def read_response(line: socket.socket) -> RawResponse:
    """Read until the connection ends."""
    parts = []
    try:
        while part := line.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        return RawResponse(b"".join(parts), was_reset=True)
    return RawResponse(b"".join(parts), was_reset=False)


def request(
    sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str
) -> RawResponse:
    with open_request(sandbox, method, path, body, **headers) as line:
        return read_response(line)


def submit(sandbox: Sandbox, gateway: str = "uniall", **more: Any) -> RawResponse:
    path, body = SUBMIT[gateway]
    return request(sandbox, "POST", path, json.dumps({**body, **more}).encode())


def poll(sandbox: Sandbox, gateway: str = "uniall") -> RawResponse:
    """Request the status of the last task; create one if there is none."""
    if not sandbox.created:
        submit(sandbox, gateway)
    return request(sandbox, "GET", STATUS[gateway] + sandbox.created[-1].id)


def upload(sandbox: Sandbox) -> RawResponse:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + PNG
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    return request(sandbox, "POST", "/toapis/v1/uploads/images", body, Content_Type=kind)


def video_path(sandbox: Sandbox) -> str:
    """Have a video rendered; return the path of its URL."""
    if not sandbox.created:
        submit(sandbox)
    assert sandbox.created[-1].video.finished.wait(300)
    return urlsplit(str(poll(sandbox).json["video_url"])).path


def task_fields(gateway: str, response: RawResponse) -> Any:
    """Return the part of a status response that is about the task."""
    return response.json["data"] if gateway == "apimart" else response.json
