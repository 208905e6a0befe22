"""The small variant that wrappers and observers are tried with, and whole jobs of it."""

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from rushes._client.configuration import Configured
from rushes._network.scripted import DROPPED, Network
from rushes._payload.fields import Text, absent
from rushes._plugins.installed import Installed
from rushes.answers import Answers
from rushes.async_client import AsyncClient
from rushes.calls import Answer
from rushes.client import Client
from rushes.errors import RushesError
from rushes.problems import Source
from rushes.provider import Provider
from rushes.request import Request
from rushes.testing._clock import Clock
from rushes.variant import Cancel, To, Variant


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/videos."""

    model: Literal["small"]
    prompt: Text
    seconds: Annotated[int, Meta(ge=2, le=12)] = absent(5)


SMALL: Variant = Provider(
    spec=2,
    id="example",
    base_url="https://api.example.com",
    submit_path="/v1/videos",
    status_path="/v1/videos/{id}",
    idempotency="replay",
    client_id_header="X-Client-Id",
    look_up="by_client_id",
    look_up_path="/v1/jobs/{client_id}",
    cancel=Cancel(path="/v1/videos/{id}/cancel"),
    answers=Answers(
        task_id=("task_id",),
        status="status",
        words={
            "queued": "queued",
            "running": "in_progress",
            "done": "completed",
            "failed": "failed",
        },
        videos=("url",),
    ),
).variant(
    "small",
    page=Source("A small example", "https://docs.example.com/videos"),
    payload=Payload,
    fields={"prompt": To("prompt"), "duration": To("seconds")},
)
"""The variant that wrappers are tried around if no other is named."""

CREATED = {"task_id": "r-1"}
DONE = {"status": "done", "url": "https://cdn.example.com/r-1.mp4"}
JOBS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "a job that succeeds": {"POST": (CREATED,), "GET": ({"status": "running"}, DONE)},
    "a job that the provider refuses": {"POST": (Answer(402, {}, b"{}"),), "GET": (DONE,)},
    "a job that the provider fails": {"POST": (CREATED,), "GET": ({"status": "failed"},)},
    "a job whose submit is answered late": {
        "POST": (Answer(429, {"retry-after": "1"}, b"{}"), CREATED),
        "GET": (DONE,),
    },
    "a job whose submit gets no answer": {"POST": (DROPPED, CREATED), "GET": (DONE,)},
}
"""What the provider answers to submits and polls in each of several jobs."""


class Outcome(NamedTuple):
    """How a job ended: its state and remote id, or the error's type; and the calls it made."""

    ended: str
    error: RushesError | None
    calls: list[tuple[str, str]]

    @property
    def paid(self) -> int:
        """How many calls were made that create a task."""
        return sum(method == "POST" for method, _ in self.calls)


def run(job: str, *, asynchronous: bool, **parts: Any) -> Outcome:
    """Run a job with a client made with `parts`, without a journal, in a folder of its own."""
    network = Network()
    for method, answers in JOBS[job].items():
        network.on(method, "/v1/videos" if method == "POST" else "/v1/videos/*", *answers)
    network.on("GET", "/v1/jobs/*", Answer(404, {}, b"{}"))
    run_it: Callable[..., str] = _with_async_client if asynchronous else _with_client
    given = {"keys": {"example": "kit-key"}, "transport": network, "clock": Clock(), **parts}
    error: RushesError | None = None
    with TemporaryDirectory() as home:
        try:
            ended = run_it(home=home, journal=None, plugins=[SMALL], **given)
        except RushesError as raised:
            ended, error = type(raised).__name__, raised
    return Outcome(ended, error, [(call.method, call.url) for call in network.calls])


@lru_cache(maxsize=2 * len(JOBS))
def run_alone(job: str, *, asynchronous: bool) -> Outcome:
    """Return how a job goes by itself."""
    return run(job, asynchronous=asynchronous)


def _without_installed(client: Configured) -> None:
    """Leave out what is installed: the wrapper under test may be, and would take part twice."""
    vars(client.registry)["installed"] = Installed({}, [])


def _with_client(**given: Any) -> str:
    with Client(**given) as client:
        _without_installed(client)
        task = client.wait(client.submit(SMALL.id, Request("A red kite"), task="kit-job"))
    return f"{task.state} {task.remote_id}"


def _with_async_client(**given: Any) -> str:
    async def job() -> str:
        async with AsyncClient(**given) as client:
            _without_installed(client)
            task = await client.submit(SMALL.id, Request("A red kite"), task="kit-job")
            task = await client.wait(task)
        return f"{task.state} {task.remote_id}"

    return asyncio.run(job())
