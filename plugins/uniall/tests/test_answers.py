"""Reading UniAll's answers, although its page shows none; and the calls that it gets."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rushes import Answer, Call, Client, OutcomeUnknownError, Receipt, Refusal, Request, Status
from rushes.plugins import LoadedVariant, Registry, sample_task
from rushes.testing import Clock, Network, check

ALL = [
    f"uniall/kling-v3-{grade}-{sound}" for grade in ("std", "pro") for sound in ("silent", "audio")
]
URL = "https://files.example.org/v.mp4"
ERROR = {"code": "some_code", "message": "the lamp is broken"}
BASES = [
    ("https://gw.example.org", "https://gw.example.org"),
    ("http://127.0.0.1:9/uniall/v1", "http://127.0.0.1:9/uniall"),
]


@cache
def loaded(name: str, base: str = BASES[0][0]) -> LoadedVariant:
    return Registry(base_urls={"uniall": base}).get(name)


TASK = sample_task(loaded(ALL[0]).variant)


def call(hook: str, body: Any, status: int, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answered = Answer(status=status, headers=named, body=raw)
    record: dict[str, Any] = {} if hook == "parse_refusal" else {"task": TASK}
    if hook == "parse_status":
        record["receipt"] = Receipt("task_1")
    return loaded(ALL[0]).call(hook, answer=answered, **record)


def task(**fields: Any) -> dict[str, Any]:
    return {"id": "task_1", "status": "in_progress", "progress": 0} | fields


def read_status(body: Any, status: int = 200) -> Status | None:
    found: Status | None = call("parse_status", body, status)
    return found


def read_submit(body: Any, status: int = 200) -> Receipt | Refusal | None:
    found: Receipt | Refusal | None = call("parse_submit", body, status)
    return found


def read_refusal(body: Any, status: int, **headers: str) -> Refusal:
    found = call("parse_refusal", body, status, **headers)
    assert isinstance(found, Refusal)
    return found


NO_ID: list[Any] = [None, 5, 1.5, True, "", "  ", [], ["task_1"], {}]


class TestSubmit:
    @pytest.mark.parametrize(
        "body", [{"id": "task_1"}, {"task_id": "task_1"}, {"id": "task_1", "task_id": "task_1"}]
    )
    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_the_id_is_the_receipt(self, body: dict[str, str], status: int) -> None:
        assert read_submit(body, status) == Receipt("task_1")
        assert read_submit(body | {"status": "queued", "error": None}, status) == Receipt("task_1")

    @pytest.mark.parametrize("value", NO_ID)
    def test_an_id_of_another_type_is_not_understood(self, value: Any) -> None:
        assert read_submit({"id": value}) is None
        assert read_submit({"task_id": value}) is None
        assert read_submit({"id": value, "task_id": "task_1"}) == Receipt("task_1")

    @pytest.mark.parametrize("status", [400, 402, 409, 422, 429, 500, 503])
    def test_an_answer_that_names_a_task_is_a_receipt_whatever_its_status(
        self, status: int
    ) -> None:
        for more in ({}, {"error": ERROR}):
            assert read_submit({"id": "task_1", "status": "queued", **more}, status) == Receipt(
                "task_1"
            )
            assert read_submit({"task_id": "task_1", **more}, status) == Receipt("task_1")

    @pytest.mark.parametrize("status", [200, 400, 402, 429])
    @pytest.mark.parametrize(
        "naming",
        [
            {"taskId": "task_1"},
            {"data": {"task_id": "task_1"}},
            {"data": {"taskId": "task_1"}},
            {"data": [{"task_id": "task_1"}]},
        ],
    )
    def test_the_task_id_within_data_is_one(self, naming: dict[str, Any], status: int) -> None:
        assert read_submit({"error": ERROR, **naming}, status) == Receipt("task_1")

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 429, 500, 502])
    @pytest.mark.parametrize(
        "more", [{}, {"request_id": "req_1"}, {"error": ERROR | {"id": "err_1", "task_id": ""}}]
    )
    def test_an_error_is_not_a_receipt(self, status: int, more: dict[str, Any]) -> None:
        found = read_submit({"error": ERROR} | more, status)
        assert not isinstance(found, Receipt)
        if found is None:
            found = read_refusal({"error": ERROR} | more, status)
        assert "the lamp is broken" in found.message

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422, 429])
    def test_the_id_of_an_error_is_not_a_task(self, status: int) -> None:
        assert not isinstance(read_submit({"id": "req_1", "error": ERROR}, status), Receipt)


class TestStatus:
    @pytest.mark.parametrize("status", [401, 404, 429, 500])
    def test_an_error_says_nothing_about_the_task(self, status: int) -> None:
        assert read_status({"error": ERROR}, status) is None
        assert read_status({"error": ERROR, "id": "req_1"}, status) is None

    @pytest.mark.parametrize(
        ("fields", "urls"),
        [
            ({"video_url": URL}, [URL]),
            ({"result": {"video_url": URL}}, [URL]),
            ({"result": {"outputs": [URL]}}, [URL]),
            ({"result": {"outputs": [URL, f"{URL}?2"]}}, [URL, f"{URL}?2"]),
            ({"video_url": None, "result": {"video_url": None, "outputs": [URL]}}, [URL]),
            ({"video_url": "", "result": {"video_url": URL}}, [URL]),
            ({"result": {"outputs": [{"url": URL}, {"video_url": f"{URL}?2"}]}}, [URL, f"{URL}?2"]),
            ({"result": {"outputs": []}}, []),
            ({"result": {"outputs": [None, 5, "", []]}}, []),
            ({"result": {"outputs": None, "video_url": 5}}, []),
            ({"result": None, "video_url": []}, []),
            ({"result": []}, []),
            ({}, []),
        ],
    )
    def test_results(self, fields: dict[str, Any], urls: list[str]) -> None:
        status = read_status(task(status="completed", progress=100, **fields))
        assert status is not None
        assert status.state == "completed"
        assert [found.url for found in status.results] == urls

    def test_the_reason_quotes_the_gateway(self) -> None:
        status = read_status(task(status="failed", error=ERROR))
        assert status is not None
        assert "the lamp is broken" in (status.reason or "")


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_submit_is_one_post_without_an_idempotency_key(
    variant: str, base: str, root: str
) -> None:
    payload = check(loaded(variant, base), Request(prompt="Caf\u00e9", duration=6)).payload
    made = loaded(variant, base).call("submit", payload=payload, client_id="job-1")
    assert isinstance(made, Call)
    assert (made.method, made.url) == ("POST", f"{root}/v1/video/generations")
    assert {name.lower() for name in made.headers} == {"content-type"}
    model = variant.partition("/")[2].encode()
    assert made.body == b'{"model":"%s","prompt":"Caf\xc3\xa9","duration":6}' % model


@pytest.mark.parametrize(("base", "root"), BASES)
def test_a_poll_is_one_get(base: str, root: str) -> None:
    made = next(loaded(ALL[0], base).call("poll", receipt=Receipt("a/b?c"), task=TASK))
    assert (made.method, made.url, made.body) == ("GET", f"{root}/v1/videos/a%2Fb%3Fc", None)


@pytest.mark.parametrize("variant", ALL)
def test_an_uncertain_submit_can_only_be_reported(variant: str) -> None:
    declared = Registry().get(variant).variant
    assert declared.base_url is None
    assert (declared.idempotency, declared.look_up) == ("none", "none")
    assert declared.client_id_field is None
    assert declared.uploads is None


@pytest.mark.parametrize("status", [400, 402, 429])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"id": "id1", "error": ERROR}, {}),
        ({"error": ERROR, "data": {"id": "id1"}}, {}),
        ({"error": "busy"}, {"content-encoding": "br"}),
    ],
)
def test_a_refusal_that_may_name_a_task_is_never_sent_again(
    tmp_path: Path, body: Any, headers: dict[str, str], status: int
) -> None:
    network = Network()
    answer = Answer(status, {"retry-after": "1", **headers}, json.dumps(body).encode())
    network.on("POST", "/v1/video/generations", answer)
    with (
        Client(
            keys={"uniall": "any"},
            base_urls={"uniall": BASES[0][0]},
            transport=network,
            clock=Clock(),
            home=tmp_path,
        ) as client,
        pytest.raises(OutcomeUnknownError),
    ):
        client.submit(ALL[0], Request("A red kite"))
    assert len(network.calls) == 1
