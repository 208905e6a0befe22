"""The pytest fixture, used as in any test."""

import httpx
import pytest
from rushes_sandbox import Sandbox

BODY = {"model": "kling-v3", "prompt": "a lantern", "duration": 3}


def submit(sandbox: Sandbox) -> httpx.Response:
    url = f"{sandbox.base_urls['apimart']}/v1/videos/generations"
    return httpx.post(url, json=BODY, headers={"Authorization": f"Bearer {sandbox.key}"})


def test_the_fixture_is_a_running_sandbox(rushes_sandbox: Sandbox) -> None:
    assert submit(rushes_sandbox).status_code == 200
    assert len(rushes_sandbox.created) == 1


@pytest.mark.rushes_sandbox(balance=0)
def test_a_marker_changes_its_settings(rushes_sandbox: Sandbox) -> None:
    assert submit(rushes_sandbox).status_code == 402
    assert rushes_sandbox.created == []
