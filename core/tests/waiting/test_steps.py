"""Observers of steps: told when a check, submit, poll or download begins and how it ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import rushes
from acme_server import VIDEO
from rushes import Answer, AsyncClient, Client, Report, Request, Status, Task, Variant
from rushes.observers import Ended, Step
from rushes.testing import DROPPED, Clock, Network
from rushes.testing._small import CREATED, DONE, SMALL

BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["Client", "AsyncClient"])


class Watch:
    """Keeps each step as a line: what began, and how it ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.outcomes: list[Any] = []

    def __call__(self, task: Task) -> None:
        """Take note of nothing."""

    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended:
        assert variant.id == SMALL.id
        self.lines.append(f"{step} begins{f': {task.state}' if task else ''}")

        def ended(outcome: Any, error: str | None) -> None:
            assert outcome is None or error is None
            self.outcomes.append(outcome)
            words = error or getattr(outcome, "state", None) or f"valid={outcome.valid}"
            self.lines.append(f"{step} ends: {words}")

        return ended


def network(job: dict[str, Any]) -> Network:
    found = Network()
    for path, answers in job.items():
        method, _, where = path.partition(" ")
        found.on(method, where, *answers)
    return found


def generate(watch: Any, job: dict[str, Any], home: Path, *, asynchronous: bool = False) -> Task:
    parts: dict[str, Any] = {
        "plugins": [SMALL],
        "keys": {"example": "secret-key"},
        "observers": [watch],
        "transport": network(job),
        "clock": Clock(),
        "home": home,
    }
    request = Request("A red kite")
    if not asynchronous:
        with Client(**parts) as client:
            return client.generate(SMALL.id, request)

    async def run() -> Task:
        async with AsyncClient(**parts) as client:
            return await client.generate(SMALL.id, request)

    return asyncio.run(run())


POLLED = {"POST /v1/videos": [CREATED], "GET /v1/videos/*": [{"status": "running"}, DONE]}
SUBMITTED = ["check begins", "check ends: valid=True", "submit begins: sending"]


@BOTH
def test_a_job_is_told_step_by_step(tmp_path: Path, asynchronous: bool) -> None:
    watch = Watch()
    job = {**POLLED, "GET /r-1.mp4": [VIDEO]}
    assert generate(watch, job, tmp_path, asynchronous=asynchronous).file
    assert watch.lines == [
        *SUBMITTED,
        "submit ends: queued",
        "poll begins: queued",
        "poll ends: in_progress",
        "poll begins: in_progress",
        "poll ends: completed",
        "fetch begins: completed",
        "fetch ends: completed",
    ]
    kinds = [type(outcome) for outcome in watch.outcomes]
    assert kinds == [Report, Task, Status, Status, Task]
    assert watch.outcomes[-1].file


FAILING: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the provider refuses": (
        {"POST /v1/videos": [Answer(402, {}, b"{}")]},
        [*SUBMITTED, "submit ends: refused"],
    ),
    "a later attempt succeeds": (
        {
            "POST /v1/videos": [Answer(429, {"retry-after": "1"}, b"{}"), CREATED],
            "GET /v1/videos/*": [{"status": "failed"}],
        },
        [
            *SUBMITTED,
            "submit ends: recorded",
            "submit begins: sending",
            "submit ends: queued",
            "poll begins: queued",
            "poll ends: failed",
        ],
    ),
    "no poll is answered": (
        {
            "POST /v1/videos": [CREATED],
            "GET /v1/videos/*": [DROPPED, Answer(503, {}, b"secret-key"), {"status": "failed"}],
        },
        [
            *SUBMITTED,
            "submit ends: queued",
            "poll begins: queued",
            "poll ends: Interrupted",
            "poll begins: queued",
            "poll ends: NotUnderstood",
            "poll begins: queued",
            "poll ends: failed",
        ],
    ),
    "no video is there": (
        {**POLLED, "GET /r-1.mp4": [b"no film"]},
        [
            *SUBMITTED,
            "submit ends: queued",
            "poll begins: queued",
            "poll ends: in_progress",
            "poll begins: in_progress",
            "poll ends: completed",
            "fetch begins: completed",
            "fetch ends: ResultError",
        ],
    ),
}


@BOTH
@pytest.mark.parametrize("how", FAILING)
def test_what_fails_is_told_by_the_name_of_its_error(
    tmp_path: Path, asynchronous: bool, how: str
) -> None:
    job, lines = FAILING[how]
    watch = Watch()
    with pytest.raises(rushes.RushesError):
        generate(watch, job, tmp_path, asynchronous=asynchronous)
    assert watch.lines == lines
    assert "secret-key" not in repr(watch.outcomes)


def test_a_check_alone_is_told_and_belongs_to_no_task(tmp_path: Path) -> None:
    watch = Watch()
    with Client(plugins=[SMALL], observers=[watch], home=tmp_path) as client:
        assert not client.check(SMALL.id, Request("A red kite", duration=99)).valid
        with pytest.raises(rushes.RequestError):
            client.submit(SMALL.id, Request("A red kite", duration=99))
    assert watch.lines == ["check begins", "check ends: valid=False"] * 2


class Raises(Watch):
    def step(self, step: Step, variant: Variant, task: Task | None) -> Ended:
        if step == "poll":
            raise SystemExit(3)

        def ended(outcome: Any, error: str | None) -> None:
            raise ValueError("mine")

        return ended


@BOTH
def test_an_observer_that_raises_stops_no_step(tmp_path: Path, asynchronous: bool) -> None:
    job = {**POLLED, "GET /r-1.mp4": [VIDEO]}
    assert generate(Raises(), job, tmp_path, asynchronous=asynchronous).state == "completed"


def test_a_step_that_is_given_up_ends_too(tmp_path: Path) -> None:
    watch = Watch()

    async def run() -> None:
        class Hangs(Network):
            async def handle_async_request(self, request: Any) -> Any:
                begun.set()
                await asyncio.Event().wait()

        begun = asyncio.Event()
        async with AsyncClient(
            plugins=[SMALL],
            keys={"example": "k"},
            observers=[watch],
            transport=Hangs(),
            home=tmp_path,
        ) as client:
            job = asyncio.create_task(client.submit(SMALL.id, Request("A red kite")))
            await begun.wait()
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job

    asyncio.run(run())
    assert watch.lines == [*SUBMITTED, "submit ends: CancelledError"]
