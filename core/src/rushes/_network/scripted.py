"""A network that a test scripts: an httpx transport with prepared answers."""

import re
import threading
from typing import Any

import httpx
import msgspec

from rushes.calls import Answer, Call

UNREACHABLE: Any = httpx.ConnectError("the script makes the provider unreachable")
"""In a script: the call never reaches the other side."""
DROPPED: Any = httpx.ReadError("the script breaks the connection")
"""In a script: the call was read, and then the connection breaks without an answer."""


class Network(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Stands in for the network of a client under test; pass it as `transport`.

        network = rushes.testing.Network()
        network.on("POST", "/v1/clips", {"id": "c-1"})
        network.on("GET", "/v1/clips/c-1", {"status": "running"}, {"status": "done", "url": URL})
        network.on("GET", "/film.mp4", film_bytes)
        client = rushes.Client(transport=network, keys={"acme": "any"})

    An answer is a `rushes.Answer`, JSON (sent with a 200), bytes (sent with a 200), UNREACHABLE
    or DROPPED. Answers to one address come in their order, and the last one again and again.
    `calls` lists what was sent. A call that nothing is scripted for raises AssertionError in the
    code under test.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._script: list[tuple[str, re.Pattern[str], list[Any]]] = []
        self._lock = threading.Lock()

    def on(self, method: str, path: str, *answers: Any) -> None:
        """Script the answers to a method and a path; `*` in the path stands for any one part.

        What was scripted last for a call is what answers it.
        """
        if not answers:
            raise ValueError("give at least one answer")
        words = "[^/]+".join(map(re.escape, path.split("*")))
        self._script.insert(0, (method.upper(), re.compile(words), list(answers)))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a synchronous client."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an asynchronous client."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        headers = dict(request.headers.items())
        call = Call(method=request.method, url=str(request.url), headers=headers, body=body)
        with self._lock:
            self.calls.append(call)
            answer = self._next(request)
        if isinstance(answer, Exception):
            raise type(answer)(*answer.args, request=request)  # type: ignore[call-arg]
        if not isinstance(answer, Answer):
            content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            answer = Answer(200, {}, content)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    def _next(self, request: httpx.Request) -> Any:
        for method, path, answers in self._script:
            if method == request.method and path.fullmatch(request.url.path):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        raise AssertionError(f"no answer is scripted for {request.method} {request.url.path}")
