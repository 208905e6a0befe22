"""What ToAPIs' answers mean: submits, statuses, refusals, uploads; and the calls that ask."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Answer, Receipt, Refusal, Status
from rushes.plugins import Registry

ALL = ("toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6")
LOADED = Registry().get(ALL[0])
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
    found: Status | None = LOADED.call("parse_status", answer=answer(body, status))
    return found


def read_submit(body: Any, status: int = 200) -> Receipt | Refusal | None:
    found: Receipt | Refusal | None = LOADED.call("parse_submit", answer=answer(body, status))
    return found


def read_refusal(body: Any, status: int, **headers: str) -> Refusal:
    found: Refusal = LOADED.call("parse_refusal", answer=answer(body, status, **headers))
    assert isinstance(found, Refusal)
    return found


RECEIPT = Receipt("video_1", created_at=1700000000)


class TestSubmit:
    @pytest.mark.parametrize("status", [200, 201, 202])
    @pytest.mark.parametrize("word", ["queued", "submitted", "in_progress", "completed", "new"])
    def test_the_id_is_the_receipt(self, status: int, word: str) -> None:
        assert read_submit(TASK | {"status": word}, status) == RECEIPT

    @pytest.mark.parametrize("task_id", [None, 5, 1.5, True, "", "  ", [], ["video_1"], {}])
    def test_an_id_of_another_type_is_not_understood(self, task_id: Any) -> None:
        assert read_submit(TASK | {"id": task_id}) is None

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"<html>", b"null", b"[]", b'"video_1"', b"\xff", b"{}"]
    )
    def test_anything_else_is_not_understood(self, body: bytes) -> None:
        assert read_submit(body) is None

    @pytest.mark.parametrize("status", [400, 402, 409, 422, 429, 500, 503])
    def test_what_names_a_task_is_a_task_whatever_its_status(self, status: int) -> None:
        assert read_submit(TASK, status) == RECEIPT
        assert read_submit(TASK | {"error": ERROR}, status) == RECEIPT

    def test_without_a_time_the_age_is_not_known(self) -> None:
        for odd in (None, "yesterday", True):
            found = read_submit(TASK | {"created_at": odd})
            assert found == Receipt("video_1")

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
    def test_an_error_is_no_receipt(self, status: int, more: dict[str, Any]) -> None:
        found = read_submit({"error": ERROR} | more, status)
        assert not isinstance(found, Receipt)
        if found is None:
            found = read_refusal({"error": ERROR} | more, status)
        assert "the lamp is broken" in found.message

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
    def test_the_id_of_an_error_is_no_task(self, status: int) -> None:
        assert not isinstance(read_submit({"id": "req_1", "error": ERROR}, status), Receipt)


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, "refused"), (401, "key"), (402, "balance"), (403, "key"), (404, "refused"),
            (408, "unknown"), (409, "unknown"), (413, "refused"), (422, "content"),
            (425, "unknown"), (429, "wait"), (500, "unknown"), (502, "unknown"),
            (503, "unknown"), (504, "unknown"), (520, "unknown"), (418, "refused"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("body", [{"error": ERROR}, b"<html>no</html>", b"", {"error": None}])
    def test_the_http_status_says_what_came_of_it(self, status: int, kind: str, body: Any) -> None:
        if kind == "content" and body != {"error": ERROR}:
            kind = "refused"  # without the page's word for it, 422 is any other refusal
        elif kind == "content":
            body = {"error": ERROR | {"code": "content_policy_violation"}}
        refusal = read_refusal(body, status)
        assert refusal.kind == kind
        assert refusal.message

    def test_the_gateways_words_are_kept(self) -> None:
        refusal = read_refusal({"error": ERROR}, 400)
        assert "the lamp is broken" in refusal.message
        assert refusal.code == "invalid_request"

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("7", 7), ("0", 0), ("3600", 3600), (" 12 ", 12), ("soon", None), ("", None)],
    )
    def test_retry_after(self, text: str, seconds: int | None) -> None:
        assert read_refusal({"error": ERROR}, 429, retry_after=text).retry_after == seconds

    @pytest.mark.parametrize("text", ["-5", "nan", "1e999", "9" * 5000, "\u0663", "Mon, 99"])
    def test_a_strange_retry_after_is_no_trouble(self, text: str) -> None:
        seconds = read_refusal({"error": ERROR}, 429, retry_after=text).retry_after
        assert seconds is None or seconds >= 0


class TestStatus:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("queued", "queued"), ("submitted", "queued"), ("in_progress", "in_progress"),
            ("completed", "completed"), ("failed", "failed"), ("cancelled", "cancelled"),
            ("canceled", "cancelled"), ("expired", "expired"),
        ],
    )  # fmt: skip
    def test_words(self, word: str, state: str) -> None:
        status = read_status(TASK | {"status": word})
        assert status is not None
        assert status.state == state
        assert status.remote_id == "video_1"

    @pytest.mark.parametrize(
        "word", ["", "done", "success", "error", "paused", None, 5, True, [], ["failed"], {}]
    )
    def test_an_unknown_word_is_neither_success_nor_failure(self, word: Any) -> None:
        assert read_status(TASK | {"status": word, "result": DONE, "error": ERROR}) is None

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"<html>", b"null", b"[]", b'"failed"', b"\xff", b"{}"]
    )
    def test_anything_else_is_not_understood(self, body: bytes) -> None:
        assert read_status(body) is None

    @pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
    def test_an_error_says_nothing_of_the_task(self, status: int) -> None:
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

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (0, 0), (50, 50), (100, 100), (12.5, 12.5), ("50%", 50), ("50", 50), (None, None),
            ("abc", None), ("", None), (True, None), ([], None), ({}, None), ("NaN", None),
        ],
    )  # fmt: skip
    def test_progress(self, given: Any, expected: float | None) -> None:
        status = read_status(TASK | {"status": "in_progress", "progress": given})
        assert status is not None
        assert status.progress == expected

    @pytest.mark.parametrize("given", [150, -3, "150%", "-3", 1e300, 10**400, "inf", "1e999"])
    def test_progress_beyond_its_range_is_cut_or_dropped(self, given: Any) -> None:
        status = read_status(TASK | {"status": "in_progress", "progress": given})
        assert status is not None
        assert status.progress in (None, 0, 100)

    @pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
    def test_progress_that_is_no_json_never_raises(self, literal: bytes) -> None:
        """Nothing is promised but 0 to 100 or nothing: the answer may be given up as a whole."""
        body = json.dumps(TASK).encode().replace(b'"progress": 0', b'"progress": ' + literal)
        status = read_status(body)
        assert status is None or status.progress in (None, 0, 100)

    @pytest.mark.parametrize("error", [ERROR, {"message": "the lamp is broken"}])
    def test_the_reason_is_in_the_gateways_words(self, error: Any) -> None:
        status = read_status(TASK | {"status": "failed", "error": error})
        assert status is not None
        assert "the lamp is broken" in (status.reason or "")

    @pytest.mark.parametrize("error", [None, {}, [], 5, {"message": 5, "code": None}])
    def test_a_failure_without_a_reason_is_one_all_the_same(self, error: Any) -> None:
        status = read_status(TASK | {"status": "failed", "error": error})
        assert status is not None
        assert status.state == "failed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["completed", "failed", "queued", URL, "video_1", "50%"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*TASK, "result", "data", "url", "error", "message", "code", "task_id"]),
        inner, max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    body=st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()),
    status=st.sampled_from([200, 202, 400, 402, 404, 422, 429, 500, 503]),
)
def test_no_answer_raises(body: bytes, status: int) -> None:
    assert isinstance(read_submit(body, status), (Receipt, Refusal, type(None)))
    found = read_status(body, status)
    assert isinstance(found, (Status, type(None)))
    if found is not None:
        assert found.progress is None or 0 <= found.progress <= 100
        msgspec.json.encode(found)
    read_refusal(body, status)
