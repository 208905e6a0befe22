"""Faults of the responses about a task."""

import pytest
from rushes_sandbox import Sandbox
from sandbox_http import GATEWAYS, RawResponse, poll, task_fields


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_status_request_fails_once_and_then_works(rushes_sandbox: Sandbox, gateway: str) -> None:
    responses = {}
    poll(rushes_sandbox, gateway)
    for name in ("500", "drop", "reset", "429", "html", "cut-json", "empty", "401", "404"):
        rushes_sandbox.inject(f"status-{name}")
        responses[name] = poll(rushes_sandbox, gateway)
        assert poll(rushes_sandbox, gateway).status == 200
    for status in (500, 429, 401, 404):
        assert responses[str(status)].status == status
        assert responses[str(status)].json["error"]["message"]
    assert responses["429"].headers["retry-after"] == "1"
    assert responses["drop"] == RawResponse(b"", was_reset=False)
    assert responses["reset"] == RawResponse(b"", was_reset=True)
    assert responses["html"].body.startswith(b"<!doctype html>")
    assert (responses["empty"].status, responses["empty"].body) == (200, b"")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = responses["cut-json"].json


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_status_says_that_the_task_has_ended(rushes_sandbox: Sandbox, gateway: str) -> None:
    poll(rushes_sandbox, gateway)
    for word in ("cancelled", "expired", "failed"):
        rushes_sandbox.inject(f"status-{word}")
        task = task_fields(gateway, poll(rushes_sandbox, gateway))
        assert task["status"] == word
        assert task["error"]["message"]
        assert task["id"] == rushes_sandbox.created[0].id
    rushes_sandbox.inject("status-unknown-word")
    task = task_fields(gateway, poll(rushes_sandbox, gateway))
    assert (task["status"], task.get("error")) == ("simmering", None)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_progress_is_odd(rushes_sandbox: Sandbox, gateway: str) -> None:
    seen = []
    poll(rushes_sandbox, gateway)
    for name in ("percent", "null", "150", "nan", "word", "negative"):
        rushes_sandbox.inject(f"progress-{name}")
        task = task_fields(gateway, poll(rushes_sandbox, gateway))
        assert task["status"] in {"in_progress", "processing"}
        seen.append(repr(task["progress"]))
    assert seen == ["'50%'", "None", "150", "nan", "'abc'", "-3"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_status_is_wrong(rushes_sandbox: Sandbox, gateway: str) -> None:
    poll(rushes_sandbox, gateway)
    rushes_sandbox.inject("status-backwards", times=2)
    turns = [task_fields(gateway, poll(rushes_sandbox, gateway)) for _ in range(2)]
    assert [turn["progress"] for turn in turns] == [90, 0]
    assert [turn["status"] for turn in turns] in (
        ["in_progress", "queued"],
        ["processing", "pending"],
    )
    rushes_sandbox.inject("status-other-task")
    other = task_fields(gateway, poll(rushes_sandbox, gateway))
    assert other["id"] != rushes_sandbox.created[0].id
    assert other["status"] == "failed"


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_completed_task_has_no_usable_url(rushes_sandbox: Sandbox, gateway: str) -> None:
    poll(rushes_sandbox, gateway)
    rushes_sandbox.inject("no-link")
    response = poll(rushes_sandbox, gateway)
    assert task_fields(gateway, response)["status"] == "completed"
    assert b"http" not in response.body
    for what, start in (
        ("file", b"file:///"),
        ("ftp", b"ftp://"),
        ("private", b"http://10.0.0.1/"),
        ("metadata", b"http://169.254.169.254/"),
    ):
        rushes_sandbox.inject(f"link-{what}")
        response = poll(rushes_sandbox, gateway)
        assert task_fields(gateway, response)["status"] == "completed"
        assert start in response.body
