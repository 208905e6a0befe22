"""Reading APIMart's answers: results, costs, errors inside an HTTP 200."""

import json
from typing import Any

import pytest
from rushes import Answer, Receipt, Refusal, Status
from rushes.plugins import Registry, sample_task

KLING = Registry().get("apimart/kling-v3")
JOB = sample_task(KLING.variant)
URL = "https://files.example.org/v.mp4"
ERROR = {"code": "some_code", "message": "the lamp is broken", "type": "some_error"}
ACCEPTED = {"code": 200, "data": [{"status": "submitted", "task_id": "task_1"}]}


def answer(body: Any, status: int, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=raw)


def task(**fields: Any) -> dict[str, Any]:
    data = {"id": "task_1", "status": "processing", "progress": 0, "created": 1700000000}
    return {"code": 200, "data": data | fields}


def read_status(body: Any, status: int = 200) -> Status | None:
    found: Status | None = KLING.call(
        "parse_status", answer=answer(body, status), receipt=Receipt("task_1"), task=JOB
    )
    return found


def read_submit(body: Any, status: int = 200) -> Receipt | Refusal | None:
    found: Receipt | Refusal | None = KLING.call(
        "parse_submit", answer=answer(body, status), task=JOB
    )
    return found


def read_refusal(body: Any, status: int, **headers: str) -> Refusal:
    found = KLING.call("parse_refusal", answer=answer(body, status, **headers))
    assert isinstance(found, Refusal)
    return found


class TestSubmit:
    @pytest.mark.parametrize("code", [200, 429])
    def test_429_with_a_task_was_accepted(self, code: int) -> None:
        assert read_submit(ACCEPTED | {"code": code}, 429) == Receipt("task_1")

    @pytest.mark.parametrize(
        ("code", "kind"), [(400, "refused"), (402, "balance"), (403, "key"), (429, "wait")]
    )
    def test_an_error_inside_a_200_is_an_error(self, code: int, kind: str) -> None:
        for body in ({"code": code, "error": ERROR}, {"code": code, "error": ERROR, "data": []}):
            found = read_submit(body)
            assert isinstance(found, Refusal)
            assert found.kind == kind
            assert "the lamp is broken" in found.message

    @pytest.mark.parametrize("code", [408, 409, 425, 500, 503])
    def test_an_uncertain_error_inside_a_200_stays_uncertain(self, code: int) -> None:
        found = read_submit({"code": code, "error": ERROR})
        assert found is None or (isinstance(found, Refusal) and found.kind == "unknown")

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 413, 429, 500, 502])
    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"request_id": "req_1"},
            {"id": "req_1"},
            {"task_id": "req_1"},
            {"error": ERROR | {"id": "err_1", "task_id": ""}},
            {"data": None},
        ],
    )
    def test_an_error_is_not_a_receipt(self, status: int, more: dict[str, Any]) -> None:
        if status == 429 and "task_id" in more:
            return  # a 429 that carries a task id was accepted
        found = read_submit({"error": ERROR} | more, status)
        assert not isinstance(found, Receipt)
        if found is None:
            found = read_refusal({"error": ERROR} | more, status)
        assert "the lamp is broken" in found.message


class TestStatus:
    @pytest.mark.parametrize("code", [400, 401, 404, 429, 500])
    def test_an_error_says_nothing_about_the_task(self, code: int) -> None:
        for body in ({"error": ERROR}, {"error": ERROR, "id": "r"}, {"code": code, "error": ERROR}):
            assert read_status(body, code) is None
        assert read_status({"code": code, "error": ERROR}) is None
        assert read_status({"code": code, "error": ERROR, "data": None}) is None

    @pytest.mark.parametrize(
        ("result", "urls"),
        [
            ({"videos": [{"url": URL, "expires_at": 1700086400}]}, [URL]),
            ({"videos": [{"url": [URL], "expires_at": 1700086400}]}, [URL]),
            ({"videos": [{"url": [URL, f"{URL}?2"]}]}, [URL, f"{URL}?2"]),
            ({"videos": [{"url": URL}, {"url": [f"{URL}?2"]}]}, [URL, f"{URL}?2"]),
            ({"videos": [{"url": [None, 5, "", URL]}, None, 5, {"url": None}]}, [URL]),
            ({"videos": []}, []),
            ({"videos": None}, []),
            ({"videos": [{"url": []}]}, []),
            ({"videos": {"url": 5}}, []),
            (None, []),
            ([], []),
            ("", []),
        ],
    )
    def test_results(self, result: Any, urls: list[str]) -> None:
        status = read_status(task(status="completed", progress=100, result=result))
        assert status is not None
        assert status.state == "completed"
        assert [found.url for found in status.results] == urls

    @pytest.mark.parametrize(
        ("given", "expected"),
        [(1700086400, 1700086400), (None, None), ("soon", None), ([], None), (True, None)],
    )
    def test_the_expiry_of_a_link(self, given: Any, expected: float | None) -> None:
        result = {"videos": [{"url": URL, "expires_at": given}]}
        status = read_status(task(status="completed", result=result))
        assert status is not None
        assert status.results[0].expires_at == expected

    @pytest.mark.parametrize(
        ("given", "expected"),
        [(0.448, 0.448), (0, 0), (2, 2), (None, None), ([], None), (True, None), ("much", None)],
    )
    def test_the_cost_is_the_billed_one(self, given: Any, expected: float | None) -> None:
        status = read_status(task(status="completed", cost=given, credits_cost=44.8))
        assert status is not None
        assert status.cost == expected

    @pytest.mark.parametrize("error", [ERROR, {"message": "the lamp is broken"}])
    def test_the_reason_quotes_the_gateway(self, error: Any) -> None:
        status = read_status(task(status="failed", error=error))
        assert status is not None
        assert "the lamp is broken" in (status.reason or "")


@pytest.mark.parametrize("code", [0, 201, 202, 302])
def test_a_code_that_is_not_a_refusal_leaves_the_outcome_open(code: int) -> None:
    body = {"code": code, "message": "accepted"}
    assert read_submit(body) is None
    named = {"code": code, "data": {"task_id": "t9"}}
    receipt = read_submit(named)
    assert isinstance(receipt, Receipt)
    assert receipt.remote_id == "t9"
