"""What a check costs, counted: function calls.

The counts are the same on any machine. What they stand for is measured in benchmarks/.
"""

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from rushes import Client, Report, Request, Shot
from rushes.observers import Ended, Step

VARIANT, SHOTS = "apimart/kling-v3", 3
PAYLOAD: dict[str, Any] = {
    "model": "kling-v3",
    "mode": "pro",
    "duration": 15,
    "negative_prompt": "blurry",
    "audio": True,
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": place + 1, "prompt": f"Shot {place}", "duration": 5} for place in range(SHOTS)
    ],
}
REQUEST = Request(
    negative_prompt="blurry",
    duration=15,
    resolution="1080p",
    audio=True,
    shots=[Shot(f"Shot {place}", 5) for place in range(SHOTS)],
)
CHECKS: dict[str, tuple[str, Any, int]] = {
    "payload": ("check_payload", PAYLOAD, 21),
    "request": ("check", REQUEST, 34),
}
"""How each is checked, and how many Python functions that calls at most: the plugin's included."""


@pytest.fixture
def alone(tmp_path: Path) -> Client:
    """Return a client that nobody observes, whatever is installed."""
    return Client(home=tmp_path, load_plugins=["apimart"])


def calls(check: Callable[..., Report], given: Any) -> list[str]:
    """Return the names of the Python functions that a check calls, once everything is loaded."""
    assert check(VARIANT, given).valid
    seen: list[str] = []

    def called(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.append(frame.f_code.co_qualname)

    profile, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # what it ends would be counted, too
    sys.setprofile(called)
    try:
        check(VARIANT, given)
    finally:
        sys.setprofile(profile)
        if collects:
            gc.enable()
    return seen


@pytest.mark.parametrize("kind", CHECKS)
def test_a_check_takes_few_calls(kind: str, alone: Client) -> None:
    method, given, most = CHECKS[kind]
    seen = calls(getattr(alone, method), given)
    assert len(seen) <= most, seen


class Idle:
    """An observer that does not want to know when a step ends."""

    def __call__(self, task: Any) -> None:
        pass

    def step(self, step: Step, variant: Any, task: Any) -> Ended | None:
        pass


def test_an_observer_that_does_not_wait_for_the_end_costs_two_calls(
    alone: Client, tmp_path: Path
) -> None:
    observed = Client(home=tmp_path, load_plugins=["apimart"], observers=[Idle()])
    seen = [len(calls(client.check_payload, PAYLOAD)) for client in (alone, observed)]
    assert seen[1] <= seen[0] + 2


def test_more_shots_take_no_more_calls(alone: Client) -> None:
    requests = [Request(shots=[Shot("A red kite", 3)] * some, duration=3 * some) for some in (1, 5)]
    few, many = (len(calls(alone.check, each)) for each in requests)
    assert few == many
