"""Reading ToAPIs' answers: receipts, results, reasons, content refusals."""

import json
from typing import Any

import pytest
from rushes import Answer, Receipt, Refusal, Status
from rushes.plugins import Registry, sample_task

ALL = ("toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6")
LOADED = Registry().get(ALL[0])
JOB = sample_task(LOADED.variant)
TASK = {
    "id": "video_1",
    "object": "generation.task",
    "model": "kling-v3",
    "status": "queued",
    "progress": 0,
    "created_at": 1700000000,
    "metadata": {},
}
URL = "https://files.example.org/v.mp4"
DONE = {"type": "video", "data": [{"url": URL, "format": "mp4"}]}
ERROR = {"code": "invalid_request", "message": "the lamp is broken", "type": "some_error"}


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw
    )


def read_status(body: Any, status: int = 200) -> Status | None:
    found: Status | None = LOADED.call(
        "parse_status", answer=answer(body, status), receipt=Receipt("video_1"), task=JOB
    )
    return found


def read_submit(body: Any, status: int = 200) -> Receipt | Refusal | None:
    found: Receipt | Refusal | None = LOADED.call(
        "parse_submit", answer=answer(body, status), task=JOB
    )
    return found


def read_refusal(body: Any, status: int, **headers: str) -> Refusal:
    found: Refusal = LOADED.call("parse_refusal", answer=answer(body, status, **headers))
    assert isinstance(found, Refusal)
    return found


RECEIPT = Receipt("video_1", created_at=1700000000, model="kling-v3")


class TestSubmit:
    @pytest.mark.parametrize("status", [200, 201, 202])
    @pytest.mark.parametrize("word", ["queued", "submitted", "in_progress", "completed", "new"])
    def test_the_id_is_the_receipt(self, status: int, word: str) -> None:
        assert read_submit(TASK | {"status": word}, status) == RECEIPT

    @pytest.mark.parametrize("status", [400, 402, 409, 422, 429, 500, 503])
    def test_an_answer_that_names_a_task_is_a_receipt_whatever_its_status(
        self, status: int
    ) -> None:
        assert read_submit(TASK, status) == RECEIPT
        assert read_submit(TASK | {"error": ERROR}, status) == RECEIPT

    def test_without_a_valid_time_the_age_is_unknown(self) -> None:
        for odd in (None, "yesterday", True):
            found = read_submit(TASK | {"created_at": odd})
            assert found == Receipt("video_1", model="kling-v3")

    def test_without_a_model_it_is_not_known(self) -> None:
        for odd in (None, 3, " "):
            found = read_submit(TASK | {"model": odd})
            assert found == Receipt("video_1", created_at=1700000000)

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 429, 500, 503])
    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"request_id": "req_1"},
            {"error": ERROR | {"id": "err_1"}},
            {"error": ERROR | {"request_id": "req_1", "id": ""}},
        ],
    )
    def test_an_error_is_not_a_receipt(self, status: int, more: dict[str, Any]) -> None:
        found = read_submit({"error": ERROR} | more, status)
        assert not isinstance(found, Receipt)
        if found is None:
            found = read_refusal({"error": ERROR} | more, status)
        assert "the lamp is broken" in found.message

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
    def test_the_id_of_an_error_is_not_a_task(self, status: int) -> None:
        assert not isinstance(read_submit({"id": "req_1", "error": ERROR}, status), Receipt)


@pytest.mark.parametrize("body", [{"error": ERROR}, b"<html>no</html>", b""])
def test_only_the_documented_code_makes_a_content_refusal(body: Any) -> None:
    assert read_refusal(body, 422).kind == "refused"
    documented = {"error": ERROR | {"code": "content_policy_violation"}}
    assert read_refusal(documented, 422).kind == "content"
    assert read_refusal(documented, 500).kind == "unknown"


class TestStatus:
    @pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
    def test_an_error_says_nothing_about_the_task(self, status: int) -> None:
        assert read_status({"error": ERROR}, status) is None
        assert read_status({"error": ERROR, "id": "req_1"}, status) is None

    @pytest.mark.parametrize(
        ("body", "urls"),
        [
            ({"result": DONE}, [URL]),
            ({"url": URL}, [URL]),
            ({"result": {"data": [{"url": URL}, {"url": f"{URL}?2"}]}}, [URL, f"{URL}?2"]),
            ({"result": None}, []),
            ({"result": {"data": None}}, []),
            ({"result": {"data": [None, 5, {"url": None}, {"url": 5}, {"url": ""}]}}, []),
            ({"url": None}, []),
            ({"result": [], "url": 5}, []),
            ({}, []),
        ],
    )  # fmt: skip
    def test_results(self, body: dict[str, Any], urls: list[str]) -> None:
        status = read_status(TASK | {"status": "completed", "progress": 100} | body)
        assert status is not None
        assert status.state == "completed"
        assert [result.url for result in status.results] == urls

    @pytest.mark.parametrize("error", [ERROR, {"message": "the lamp is broken"}])
    def test_the_reason_quotes_the_gateway(self, error: Any) -> None:
        status = read_status(TASK | {"status": "failed", "error": error})
        assert status is not None
        assert "the lamp is broken" in (status.reason or "")
