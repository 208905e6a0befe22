"""Whatever a gateway answers, a job has one of a few outcomes: fuzzed answers through whole flows.

The conformance kits hold each reader to typed outcomes; here the clients act on what was read.
"""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits import kits
from rushes import Answer, Client, Receipt, RushesError, Task
from rushes._flow import Do, Effect, Interrupted, Send, Sleep
from rushes.journal import essence
from rushes.testing import Clock
from rushes.testing._answers import BODIES, STATUSES
from rushes.testing._documented import asked_for, documented, near
from rushes.testing._values import json_values

KEY = "not-to-be-seen-9f2c41"
KITS = {kit.variant.provider: kit for kit in kits().values()}
MOST_SECONDS = 120 + 120 + 60 + 1
"""What sending, finding out and waiting may take, as long as a job that waits a minute."""


class CountedClock(Clock):
    """A clock that goes on by what a client does, and not by itself."""

    seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds


class Answered(Client):
    """A client whose calls are all answered out of a list, again and again."""

    answers: Iterator[Answer | None]
    clock: CountedClock
    slept = 0.0
    creating: list[Any]

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Do):
            return effect.work()
        if isinstance(effect, Sleep):
            self.slept += effect.seconds
            self.clock.seconds += effect.seconds
            return None
        self.clock.seconds += 0.1
        if isinstance(effect, Send) and effect.creating:
            self.creating.append(effect.call)
        answer = next(self.answers)
        if answer is None or not isinstance(effect, Send):
            raise Interrupted("the connection broke")
        return answer


@pytest.fixture(scope="module", params=sorted(KITS))
def client(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    provider: str = request.param
    home = tmp_path_factory.mktemp("home")
    keys, base_urls = {provider: KEY}, {provider: "https://gateway.example.com"}
    clock = CountedClock()
    client = Answered(keys=keys, base_urls=base_urls, home=home, journal=None, clock=clock)
    client.clock = clock
    return client


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> bytes:
    """Draw a body as it comes: JSON, cut or with bytes put for others at times, or no JSON."""
    body = draw(bodies)
    try:
        written = msgspec.json.encode(body)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return draw(st.sampled_from(BODIES))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(written)))
        end = draw(st.sampled_from([start, start + 1, len(written)]))
        written = written[:start] + draw(st.binary(max_size=3)) + written[end:]
    return written


STRATEGIES: dict[str, st.SearchStrategy[list[Answer | None]]] = {}


def answers(provider: str) -> st.SearchStrategy[list[Answer | None]]:
    """Draw answers near those that a gateway documents."""
    if provider not in STRATEGIES:
        kit = KITS[provider]
        listed, names = documented(kit), asked_for(kit)
        bodies = st.sampled_from(listed) | near(listed, names) | json_values()
        headers = st.fixed_dictionaries(
            {}, optional={"retry-after": st.sampled_from(["0", "9", "99999", "soon"]),
                          "location": st.text(max_size=9)},
        )  # fmt: skip
        status = st.just(200) | st.sampled_from(STATUSES) | st.integers(200, 599)
        answer = st.builds(Answer, status, headers, damaged(bodies) | st.sampled_from(BODIES))
        STRATEGIES[provider] = st.lists(answer | st.none(), min_size=1, max_size=4)
    return STRATEGIES[provider]


@given(data=st.data())
def test_whatever_is_answered_a_job_has_an_end(client: Answered, data: st.DataObject) -> None:
    (provider,) = client.keys._given
    kit = KITS[provider]
    given_ = data.draw(answers(provider))
    client.answers, client.creating, client.slept = cycle(given_), [], 0.0
    told: list[Task] = []
    request = {"prompt": "A red kite"}
    with pytest.raises(RushesError) as caught:  # there is no video to be had
        client.generate(kit.variant.id, request, timeout=60, on_update=told.append)
    assert KEY not in f"{caught.value}{caught.value.task}"
    assert caught.value.task
    assert essence(caught.value.task) == essence(told[-1])  # looks alone are told to nobody
    assert client.slept <= MOST_SECONDS
    assert len({call.body for call in client.creating}) == 1
    _paid_once(kit.variant.idempotency, given_, client.creating)
    receipts = {task.receipt for task in told if task.receipt}
    assert len(receipts) <= 1
    assert all(isinstance(found, Receipt) and found.remote_id.strip() for found in receipts)
    assert all(task.progress is None or 0 <= task.progress <= 100 for task in told)


def _paid_once(idempotency: str, given_: list[Answer | None], creating: list[Any]) -> None:
    """Without a key, another call that creates follows upon one thing only: come back later."""
    if idempotency != "none":
        return
    waits = [answer for answer in given_ if answer and answer.status == 429]
    assert len(creating) == 1 or waits


def test_every_gateway_is_asked() -> None:
    assert set(KITS) == {"toapis", "apimart", "uniall"}
    assert Path(__file__).parents[2].joinpath("plugins").is_dir()
