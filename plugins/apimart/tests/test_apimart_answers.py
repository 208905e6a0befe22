"""What APIMart's answers mean: submits, statuses, refusals."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Answer, Receipt, Refusal, Status
from rushes.plugins import Registry

KLING = Registry().get("apimart/kling-v3")
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
    found: Status | None = KLING.call("parse_status", answer=answer(body, status))
    return found


def read_submit(body: Any, status: int = 200) -> Receipt | Refusal | None:
    found: Receipt | Refusal | None = KLING.call("parse_submit", answer=answer(body, status))
    return found


def read_refusal(body: Any, status: int, **headers: str) -> Refusal:
    found = KLING.call("parse_refusal", answer=answer(body, status, **headers))
    assert isinstance(found, Refusal)
    return found


KINDS = [
    (400, "refused"), (401, "key"), (402, "balance"), (403, "key"), (404, "refused"),
    (413, "refused"), (429, "wait"),
]  # fmt: skip
UNKNOWN = [408, 409, 425, 500, 502, 503, 504]
NO_ANSWER = [b"", b"{", b"<html>", b"null", b"[]", b'"task_1"', b"\xff", b"{}", b'{"code":200}']


class TestSubmit:
    def test_the_task_id_is_the_receipt(self) -> None:
        assert read_submit(ACCEPTED) == Receipt("task_1")

    @pytest.mark.parametrize("task_id", [None, 5, 1.5, True, "", "  ", [], ["task_1"], {}])
    def test_an_id_of_another_type_is_not_understood(self, task_id: Any) -> None:
        assert read_submit({"code": 200, "data": [{"task_id": task_id}]}) is None

    @pytest.mark.parametrize("data", [None, [], [None], [[]], ["task_1"], "task_1", 5, [{}]])
    def test_data_of_another_shape_is_not_understood(self, data: Any) -> None:
        assert read_submit({"code": 200, "data": data}) is None

    @pytest.mark.parametrize("body", NO_ANSWER)
    def test_anything_else_is_not_understood(self, body: bytes) -> None:
        assert read_submit(body) is None

    @pytest.mark.parametrize("code", [200, 429])
    def test_429_with_a_task_was_accepted(self, code: int) -> None:
        assert read_submit(ACCEPTED | {"code": code}, 429) == Receipt("task_1")

    @pytest.mark.parametrize(("code", "kind"), KINDS)
    def test_an_error_inside_a_200_is_an_error(self, code: int, kind: str) -> None:
        for body in ({"code": code, "error": ERROR}, {"code": code, "error": ERROR, "data": []}):
            found = read_submit(body)
            assert isinstance(found, Refusal)
            assert found.kind == kind
            assert "the lamp is broken" in found.message

    @pytest.mark.parametrize("code", UNKNOWN)
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
    def test_an_error_is_no_receipt(self, status: int, more: dict[str, Any]) -> None:
        if status == 429 and "task_id" in more:
            return  # a 429 that carries a task id was accepted
        found = read_submit({"error": ERROR} | more, status)
        assert not isinstance(found, Receipt)
        if found is None:
            found = read_refusal({"error": ERROR} | more, status)
        assert "the lamp is broken" in found.message


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "kind"), [*KINDS, *((status, "unknown") for status in UNKNOWN), (422, "refused")]
    )
    @pytest.mark.parametrize("body", [{"error": ERROR}, b"<html>no</html>", b"", {"error": None}])
    def test_the_http_status_says_what_came_of_it(self, status: int, kind: str, body: Any) -> None:
        refusal = read_refusal(body, status)
        assert refusal.kind == kind
        assert refusal.message

    def test_the_gateways_words_are_kept(self) -> None:
        refusal = read_refusal({"error": ERROR}, 402)
        assert "the lamp is broken" in refusal.message
        assert refusal.code == "some_code"

    @pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("3600", 3600), ("soon", None)])
    def test_retry_after(self, text: str, seconds: int | None) -> None:
        assert read_refusal({"error": ERROR}, 429, retry_after=text).retry_after == seconds


class TestStatus:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("submitted", "queued"), ("pending", "queued"), ("processing", "in_progress"),
            ("completed", "completed"), ("failed", "failed"), ("cancelled", "cancelled"),
            ("canceled", "cancelled"), ("expired", "expired"),
        ],
    )  # fmt: skip
    def test_words(self, word: str, state: str) -> None:
        status = read_status(task(status=word))
        assert status is not None
        assert status.state == state
        assert status.remote_id == "task_1"

    @pytest.mark.parametrize("word", ["", "done", "success", "error", None, 5, True, [], {}])
    def test_an_unknown_word_is_neither_success_nor_failure(self, word: Any) -> None:
        body = task(status=word, error=ERROR, result={"videos": [{"url": URL}]})
        assert read_status(body) is None

    @pytest.mark.parametrize("body", NO_ANSWER)
    def test_anything_else_is_not_understood(self, body: bytes) -> None:
        assert read_status(body) is None

    @pytest.mark.parametrize("data", [None, [], "failed", 5, ["failed"]])
    def test_data_of_another_shape_is_not_understood(self, data: Any) -> None:
        assert read_status({"code": 200, "data": data}) is None

    @pytest.mark.parametrize("code", [400, 401, 404, 429, 500])
    def test_an_error_says_nothing_of_the_task(self, code: int) -> None:
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
    def test_when_an_address_expires(self, given: Any, expected: float | None) -> None:
        result = {"videos": [{"url": URL, "expires_at": given}]}
        status = read_status(task(status="completed", result=result))
        assert status is not None
        assert status.results[0].expires_at == expected

    @pytest.mark.parametrize(
        ("given", "expected"),
        [(0.448, 0.448), (0, 0), (2, 2), (None, None), ([], None), (True, None), ("much", None)],
    )
    def test_the_cost_is_as_billed(self, given: Any, expected: float | None) -> None:
        status = read_status(task(status="completed", cost=given, credits_cost=44.8))
        assert status is not None
        assert status.cost == expected

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (0, 0), (50, 50), (100, 100), (12.5, 12.5), ("50%", 50), ("50", 50), (None, None),
            ("abc", None), ("", None), (True, None), ([], None), ({}, None), ("NaN", None),
        ],
    )  # fmt: skip
    def test_progress(self, given: Any, expected: float | None) -> None:
        status = read_status(task(progress=given))
        assert status is not None
        assert status.progress == expected

    @pytest.mark.parametrize("given", [150, -3, "150%", "-3", 1e300, 10**400, "inf", "1e999"])
    def test_progress_beyond_its_range_is_cut_or_dropped(self, given: Any) -> None:
        status = read_status(task(progress=given))
        assert status is not None
        assert status.progress in (None, 0, 100)

    @pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
    def test_progress_that_is_no_json_never_raises(self, literal: bytes) -> None:
        """Nothing is promised but 0 to 100 or nothing: the answer may be given up as a whole."""
        body = json.dumps(task()).encode().replace(b'"progress": 0', b'"progress": ' + literal)
        status = read_status(body)
        assert status is None or status.progress in (None, 0, 100)

    @pytest.mark.parametrize("error", [ERROR, {"message": "the lamp is broken"}])
    def test_the_reason_is_in_the_gateways_words(self, error: Any) -> None:
        status = read_status(task(status="failed", error=error))
        assert status is not None
        assert "the lamp is broken" in (status.reason or "")

    @pytest.mark.parametrize("error", [None, {}, [], 5, {"message": 5, "code": None}])
    def test_a_failure_without_a_reason_is_one_all_the_same(self, error: Any) -> None:
        status = read_status(task(status="failed", error=error))
        assert status is not None
        assert status.state == "failed"


NAMES = [
    "code", "data", "id", "task_id", "status", "progress", "cost", "result", "videos", "url",
    "expires_at", "error", "message",
]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["completed", "failed", "submitted", URL, "task_1", "50%", 200, 402]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=40),
    json_values.map(lambda value: json.dumps(value).encode()),
    json_values.map(lambda value: json.dumps({"code": 200, "data": value}).encode()),
    st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6).map(
        lambda fields: json.dumps(task(**fields)).encode()
    ),
)  # fmt: skip


@given(body=bodies, status=st.sampled_from([200, 202, 400, 402, 404, 422, 429, 500, 503]))
def test_no_answer_raises(body: bytes, status: int) -> None:
    assert isinstance(read_submit(body, status), (Receipt, Refusal, type(None)))
    found = read_status(body, status)
    assert isinstance(found, (Status, type(None)))
    if found is not None:
        assert found.progress is None or 0 <= found.progress <= 100
        msgspec.json.encode(found)
    read_refusal(body, status)


@pytest.mark.parametrize("code", [0, 201, 202, 302])
def test_a_code_that_is_no_refusal_does_not_say_that_nothing_was_created(code: int) -> None:
    body = {"code": code, "message": "accepted"}
    assert read_submit(body) is None
    named = {"code": code, "data": {"task_id": "t9"}}
    receipt = read_submit(named)
    assert isinstance(receipt, Receipt)
    assert receipt.remote_id == "t9"
