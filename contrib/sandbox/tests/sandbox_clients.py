"""A clock that stands still, and HTTP clients of a sandbox's gateways."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from rushes_sandbox import Sandbox


@dataclass
class FrozenClock:
    """A clock that stands still until a test moves it.

    Tests compare times in responses exactly, so that `rushes.testing.Clock`, which goes on by
    itself as the system's clock does, would make them depend on how fast they run.
    """

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class GatewayClient:
    """An HTTP client of one gateway of a sandbox, with the key."""

    sandbox: Sandbox
    gateway: str
    client: httpx.Client
    submit_path: str
    status_path: str

    def submit(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(self.submit_path, content=content, headers=headers)

    def poll(self, name: str) -> httpx.Response:
        return self.client.get(f"{self.status_path}/{name}")

    def upload(self, content: bytes, name: str = "a.png", kind: str = "image/png") -> Any:
        return self.client.post("/v1/uploads/images", files={"file": (name, content, kind)})

    def task_id(self, response: httpx.Response) -> str:
        body = response.json()
        return str(body["data"][0]["task_id"] if self.gateway == "apimart" else body["id"])

    def video_url(self) -> str:
        """Wait for the last task's video; return the URL in the status response."""
        task = self.sandbox.created[-1]
        assert task.video.finished.wait(300)
        body = self.poll(task.id).json()
        if self.gateway == "toapis":
            return str(body["result"]["data"][0]["url"])
        if self.gateway == "apimart":
            return str(body["data"]["result"]["videos"][0]["url"][0])
        return str(body["video_url"])


PATHS = {
    "toapis": ("/v1/videos/generations", "/v1/videos/generations"),
    "apimart": ("/v1/videos/generations", "/v1/tasks"),
    "uniall": ("/v1/video/generations", "/v1/videos"),
}

#: A client for each gateway.
Clients = dict[str, GatewayClient]
