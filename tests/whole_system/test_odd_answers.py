"""Whatever a gateway answers, a job has one of a few outcomes: whole flows on fuzzed answers.

The conformance kits test each reader; here the clients act on what was read.
"""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits import kits
from rushes import Answer, Client, RushesError, Task
from rushes.journal import essence
from rushes.testing import Clock, odd_answers

KEY = "not-to-be-seen-9f2c41"
ENDED = {kit.variant.provider for kit in kits().values() if kit.variant.ends}
"""Providers whose models have ended: every new request to them is refused."""
KITS = {kit.variant.provider: kit for kit in kits().values() if not kit.variant.ends}
MAX_SECONDS = 120 + 120 + 60 + 1
"""The most that sending, look-ups and waiting may take for a job with a timeout of a minute."""


class CountedClock(Clock):
    """A clock that moves only by what a client does: its pauses, and a tenth for each call."""

    seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


class Gateway(httpx.BaseTransport):
    """Answers all calls from a list, over and over; None breaks the connection."""

    def __init__(self, provider: str) -> None:
        self.provider, self.clock = provider, CountedClock()
        self.answers: Iterator[Answer | None] = iter(())
        self.created: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.clock.seconds += 0.1
        answer = next(self.answers)
        if request.url.path == KITS[self.provider].variant.submit_path:
            self.created.append(request.read())
        if answer is None or (request.headers["connection"] == "close" and request.method == "GET"):
            raise httpx.ReadError("the connection broke")  # a download always does
        headers = [
            (name.encode(), value.encode("utf-8", "replace"))
            for name, value in answer.headers.items()
        ]
        return httpx.Response(answer.status, headers=headers, content=answer.body)


@pytest.fixture(scope="module", params=sorted(KITS))
def gateway(request: Any) -> Gateway:
    return Gateway(request.param)


@pytest.fixture(scope="module")
def client(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(
        keys={gateway.provider: KEY},
        base_urls={gateway.provider: "https://gateway.example.com"},
        home=tmp_path_factory.mktemp("home"),
        journal=None,
        clock=gateway.clock,
        transport=gateway,
    ) as client:
        yield client


STRATEGIES: dict[str, st.SearchStrategy[list[Answer | None]]] = {}


def answers(provider: str) -> st.SearchStrategy[list[Answer | None]]:
    """Draw answers that a gateway might send; None breaks the connection."""
    if provider not in STRATEGIES:
        answer = odd_answers(KITS[provider]) | st.none()
        STRATEGIES[provider] = st.lists(answer, min_size=1, max_size=4)
    return STRATEGIES[provider]


@given(data=st.data())
def test_every_job_ends_whatever_the_answers(
    client: Client, gateway: Gateway, data: st.DataObject
) -> None:
    kit = KITS[gateway.provider]
    sent = data.draw(answers(gateway.provider))
    gateway.answers, gateway.created = cycle(sent), []
    gateway.clock.pauses.clear()
    updates: list[Task] = []
    request = {"prompt": "A red kite"}
    with pytest.raises(RushesError) as caught:  # there is no video to be had
        client.generate(kit.variant.id, request, timeout=60, on_update=updates.append)
    assert KEY not in f"{caught.value}{caught.value.task}"
    assert caught.value.task
    # A look-up without a result is not reported.
    assert essence(caught.value.task) == essence(updates[-1])
    assert sum(gateway.clock.pauses) <= MAX_SECONDS
    assert len(set(gateway.created)) == 1
    _paid_once(kit.variant.idempotency, sent, gateway.created)
    receipts = [task.receipt for task in updates if task.receipt]
    assert all(found == receipts[0] for found in receipts)
    assert all(found.remote_id.strip() for found in receipts)
    assert all(task.progress is None or 0 <= task.progress <= 100 for task in updates)


def _paid_once(idempotency: str, sent: list[Answer | None], created: list[bytes]) -> None:
    """Without idempotency, a second creating call may only follow a `429`."""
    if idempotency != "none":
        return
    waits = [answer for answer in sent if answer and answer.status == 429]
    assert len(created) == 1 or waits


def test_every_gateway_is_covered() -> None:
    plugins = Path(__file__).parents[2].joinpath("plugins")
    assert {*KITS, *ENDED} == {folder.name for folder in plugins.iterdir() if folder.is_dir()}
