"""Faults of the request that creates a task: what the client receives, and what was created."""

import http.client
import json
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from rushes_sandbox import Sandbox
from sandbox_http import GATEWAYS, SUBMIT, RawResponse, open_request, read_response, submit


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(("how", "was_reset"), [("drop", False), ("reset", True)])
def test_a_task_is_created_without_a_response(
    rushes_sandbox: Sandbox, gateway: str, how: str, *, was_reset: bool
) -> None:
    injected = rushes_sandbox.inject(f"{how}-after-create", gateway=gateway)
    assert submit(rushes_sandbox, gateway) == RawResponse(b"", was_reset)
    assert injected.wait(0)
    assert len(rushes_sandbox.created) == 1
    assert rushes_sandbox.exchanges[0].status is None
    assert submit(rushes_sandbox, gateway).status == 200
    assert (len(rushes_sandbox.created), injected.hits) == (2, 1)


def test_a_request_is_reset_before_it_is_read(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.inject("reset-before-reading")
    with open_request(rushes_sandbox, "POST", SUBMIT["toapis"][0], Content_Length="9") as line:
        # The body never comes, and the server does not wait for it.
        assert read_response(line) == RawResponse(b"", was_reset=True)
    assert rushes_sandbox.created == []
    assert rushes_sandbox.exchanges == []
    assert submit(rushes_sandbox, "toapis").status == 200


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409, 425])
def test_a_task_is_created_but_the_response_is_an_error(
    rushes_sandbox: Sandbox, gateway: str, status: int
) -> None:
    rushes_sandbox.inject(f"{status}-after-create")
    response = submit(rushes_sandbox, gateway)
    assert response.status == status
    assert set(response.json["error"]) == {"code", "message", "type"}
    assert len(rushes_sandbox.created) == 1
    assert rushes_sandbox.exchanges[0].status == status


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_task_is_created_but_the_response_is_useless(
    rushes_sandbox: Sandbox, gateway: str
) -> None:
    responses = {}
    for name in (
        "html",
        "cut-json",
        "empty",
        "no-id",
        "null-id",
        "wrong-id",
        "dots-id",
        "slash-id",
        "percent-id",
        "long-id",
    ):
        rushes_sandbox.inject(f"{name}-after-create")
        responses[name] = submit(rushes_sandbox, gateway)
    assert len(rushes_sandbox.created) == len(responses)
    assert {response.status for response in responses.values()} == {200}
    assert responses["html"].headers["content-type"].startswith("text/html")
    assert rushes_sandbox.key.encode() in responses["html"].body
    assert responses["empty"].body == b""
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = responses["cut-json"].json
    holders = {
        name: responses[name].json["data"][0] if gateway == "apimart" else responses[name].json
        for name in ("no-id", "null-id", "wrong-id", "dots-id", "slash-id", "percent-id", "long-id")
    }
    key = "task_id" if gateway == "apimart" else "id"
    assert key not in holders["no-id"]
    assert holders["null-id"][key] is None
    assert holders["wrong-id"][key] == 7
    assert holders["dots-id"][key] == ".."
    assert holders["slash-id"][key] == "../x/y"
    assert holders["percent-id"][key] == "%2e%2e%2fx"
    assert len(holders["long-id"][key]) == 2**20


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [400, 409, 429, 500])
def test_an_error_names_the_task_it_created(
    rushes_sandbox: Sandbox, gateway: str, status: int
) -> None:
    rushes_sandbox.inject(f"{status}-naming-the-task")
    response = submit(rushes_sandbox, gateway)
    (created,) = rushes_sandbox.created
    assert response.status == status
    assert response.json["error"]["message"] == "this was not expected"
    holder = response.json["data"][0] if gateway == "apimart" else response.json
    assert holder["task_id" if gateway == "apimart" else "id"] == created.id


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_refusal_creates_nothing(rushes_sandbox: Sandbox, gateway: str, status: int) -> None:
    rushes_sandbox.inject(f"refuse-{status}")
    response = submit(rushes_sandbox, gateway)
    assert response.status == status
    assert response.json["error"]["message"]
    assert rushes_sandbox.key.encode() not in response.body
    assert rushes_sandbox.created == []


def test_a_refusal_may_echo_the_key(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.inject("refuse-echoing-key")
    response = submit(rushes_sandbox)
    assert response.status == 401
    assert rushes_sandbox.key in response.json["error"]["message"]
    assert rushes_sandbox.created == []


@pytest.mark.rushes_sandbox(clock=lambda: 1_800_000_000.5)
def test_a_rate_limit_creates_nothing(rushes_sandbox: Sandbox) -> None:
    after = {}
    for what in ("seconds", "date", "hour"):
        rushes_sandbox.inject(f"rate-limit-{what}")
        response = submit(rushes_sandbox)
        assert response.status == 429
        after[what] = response.headers["retry-after"]
    assert (after["seconds"], after["hour"]) == ("1", "3600")
    assert parsedate_to_datetime(after["date"]).timestamp() == 1_800_000_002
    assert rushes_sandbox.created == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_to_another_origin_that_creates(
    rushes_sandbox: Sandbox, status: int
) -> None:
    rushes_sandbox.inject(f"redirect-{status}")
    response = submit(rushes_sandbox, "apimart")
    assert response.status == status
    assert rushes_sandbox.created == []
    there, here = urlsplit(response.headers["location"]), urlsplit(rushes_sandbox.url)
    assert (there.hostname, there.port) == ("localhost", here.port)
    # A client that follows with body and key pays.
    line = http.client.HTTPConnection(there.netloc, timeout=30)
    headers = {"Authorization": f"Bearer {rushes_sandbox.key}"}
    line.request("POST", there.path, json.dumps(SUBMIT["apimart"][1]), headers)
    assert line.getresponse().status == 200
    line.close()
    assert len(rushes_sandbox.created) == 1
