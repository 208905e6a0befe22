"""A reference that was used before in another home never delivers that home's video."""

import json
import time
import urllib.request
from pathlib import Path

import pytest
from rushes import Client, OutcomeUnknownError, RefusedError, Request
from rushes.testing import Clock
from rushes_sandbox import Sandbox

FILM_A, FILM_B = Request("A red kite"), Request("Two blue boats")


def client(sandbox: Sandbox, home: Path) -> Client:
    keys = dict.fromkeys(sandbox.base_urls, sandbox.key)
    clock = Clock(longest=0.01)
    return Client(keys=keys, base_urls=sandbox.base_urls, home=home, clock=clock)


def submit_directly(sandbox: Sandbox, reference: str) -> str:
    """Create a task as another program may have, and return its id."""
    body = {"model": "kling-v3", "prompt": "A red kite", "client_business_id": reference}
    headers = {"Authorization": f"Bearer {sandbox.key}", "Content-Type": "application/json"}
    url = f"{sandbox.base_urls['toapis']}/v1/videos/generations"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])


@pytest.mark.parametrize("age", [12, 59])
def test_a_task_created_seconds_ago_is_refused(age: float, tmp_path: Path) -> None:
    with Sandbox(queue_seconds=600, clock=lambda: time.time() - age) as sandbox:
        remote_id = submit_directly(sandbox, "mine")
        with (
            client(sandbox, tmp_path / "b") as other,
            pytest.raises(RefusedError, match=f"used before.*{remote_id}"),
        ):
            other.submit("toapis/kling-v3", FILM_B, task="mine")
        assert len(sandbox.created) == 1


def test_a_task_of_another_model_is_refused_at_once(
    rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    with client(rushes_sandbox, tmp_path / "a") as first:
        first.submit("toapis/kling-v3", FILM_A, task="mine")
    with (
        client(rushes_sandbox, tmp_path / "b") as other,
        pytest.raises(RefusedError, match="made by 'kling-v3', not by 'kling-v2-6'"),
    ):
        other.submit("toapis/kling-v2-6", FILM_B, task="mine")
    assert len(rushes_sandbox.created) == 1


def test_a_key_that_the_provider_refuses_for_another_body_adopts_nothing(
    rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    with client(rushes_sandbox, tmp_path / "a") as first:
        first.submit("apimart/kling-v3", FILM_A, task="mine")
    with (
        client(rushes_sandbox, tmp_path / "b") as other,
        pytest.raises(OutcomeUnknownError, match=r"another body.*do not resolve this one"),
    ):
        other.submit("apimart/kling-v3", FILM_B, task="mine")
    assert len(rushes_sandbox.created) == 1
