"""A refusal that may name a task: where nothing replays by key, it is never sent again."""

import json
from typing import Any

import pytest
from acme_driver import KEY, REQUEST, Maker
from acme_kinds import Rejecting, Replaying
from acme_server import Server, answers, bills_then
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from rushes import Answer, OutcomeUnknownError, Refusal, RefusedError, hookimpl
from rushes._submit.task_traces import trace_of_task

ERROR = {"message": "the lamp is broken", "code": "E7"}
REFUSALS = [400, 401, 402, 403, 404, 413, 422, 429]
NAMING: dict[str, Any] = {
    "an id": {"id": "id1", "error": ERROR},
    "a number": {"id": 71, "error": ERROR},
    "task_id": {"task_id": "id1", "error": ERROR},
    "within data": {"error": ERROR, "data": {"task_id": "id1"}},
    "an id within data": {"error": ERROR, "data": {"id": "id1"}},
    "within a list": {"error": ERROR, "data": [{"status": "queued"}, {"taskId": "id1"}]},
    "the error's": {"error": {**ERROR, "details": {"task_id": "id1"}}},
    "a list": [{"taskId": "id1"}],
    "the task itself": {"error": ERROR, "result": {"task": {"id": "id1"}}},
}
SILENT: dict[str, Any] = {
    "an error": {"error": ERROR},
    "the error's id": {"error": {**ERROR, "id": "err_1", "request_id": "req_1"}},
    "an id in one of its errors": {"errors": [{"id": "err_1", **ERROR}]},
    "the request's id": {"error": ERROR, "request_id": "req_1", "requestId": "req_1"},
    "the request": {"error": ERROR, "request": {"id": "req_1"}},
    "blank": {"error": ERROR, "id": " ", "task_id": "", "data": {"task_id": None}},
    "no ids": {"error": ERROR, "id": True, "taskId": [], "data": {"id": 0, "task_id": {}}},
    "other names": {"error": ERROR, "idle": "x", "valid": "x", "userid": "x"},
    "nothing": b"",
    "null": None,
    "HTML": "<html>Too many requests</html>",
    "text": "Too many requests",
}
UNREADABLE: dict[str, tuple[bytes, dict[str, str]]] = {
    "another encoding": (b"\x0b\x02\x80", {"content_encoding": "br"}),
    "cut JSON": (b'{"error": {"message": "no"}, "data": {"task_', {}),
    "a cut list": (b' [{"task', {}),
    "not text": (b"\x83\xff\xfe\x00", {}),
}


def sent(server: Server, make: Maker, plugin: Zoom | None = None) -> OutcomeUnknownError:
    """Submit once; the outcome is unknown, and stays so when the task is resumed."""
    driver = make(plugins=[plugin or Zoom()])
    with pytest.raises(OutcomeUnknownError) as caught:
        driver.submit("acme/zoom", REQUEST)
    (task,) = driver.tasks()
    assert (task.state, server.posts(), driver.slept) == ("unknown", 1, [])
    with pytest.raises(OutcomeUnknownError):
        driver.resume(task.id)
    assert server.posts() == 1
    return caught.value


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_with_an_id_may_be_a_task(make: Maker, server: Server, status: int) -> None:
    server.on("POST", bills_then(answers(status, NAMING["within data"], retry_after="1")))
    error = sent(server, make)
    assert f"HTTP {status}: the lamp is broken" in str(error)
    assert "'id1'" in str(error)


@pytest.mark.parametrize("body", NAMING.values(), ids=NAMING)
def test_wherever_the_id_is(make: Maker, server: Server, body: Any) -> None:
    server.on("POST", bills_then(answers(429, body)))
    sent(server, make)


@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize(("body", "headers"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_refusal_that_cannot_be_read_may_be_a_task(
    make: Maker, server: Server, body: bytes, headers: dict[str, str], status: int
) -> None:
    server.on("POST", bills_then(answers(status, body, **headers)))
    assert "cannot be read" in str(sent(server, make))


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_a_refusal_that_names_no_task_is_one(make: Maker, server: Server, body: Any) -> None:
    server.on("POST", answers(429, body), answers(400, body))
    driver = make()
    with pytest.raises(RefusedError, match="HTTP 400"):
        driver.submit("acme/zoom", REQUEST)
    assert (server.posts(), driver.tasks()[0].state) == (2, "refused")


class Certain(Zoom):
    """Calls every error a refusal, and says to come back."""

    @hookimpl
    def parse_submit(self, answer: Answer) -> Refusal:  # type: ignore[override]
        """Refuse."""
        return Refusal(kind="wait", message=f"busy, {KEY}", retry_after=1)


@pytest.mark.parametrize("status", [200, 302, 429])
def test_a_plugin_cannot_get_it_wrong(make: Maker, server: Server, status: int) -> None:
    server.on("POST", bills_then(answers(status, {"task_id": KEY})))
    assert KEY not in repr(sent(server, make, Certain()))


@pytest.mark.parametrize("plugin", [Replaying, Rejecting])
def test_a_key_makes_another_attempt_safe(make: Maker, server: Server, plugin: type[Zoom]) -> None:
    server.replays = True
    server.on("POST", bills_then(answers(429, NAMING["an id"])))
    assert make(plugins=[plugin()]).submit("acme/zoom", REQUEST).remote_id == "c-1"
    assert (len(server.clips), server.posts()) == (1, 2)


def test_a_redirect_that_names_a_task_is_a_task(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(answers(303, {"clip": {"ref": "c-1"}}, location="/v1/clips/c-1")))
    assert make().submit("acme/zoom", REQUEST).remote_id == "c-1"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.lists(st.sampled_from(["data", "result", "error", 0]), max_size=3),
    st.sampled_from(["task_id", "taskId", "task-id", "TaskID"]),
)
def test_a_task_id_is_found_at_any_shallow_depth(
    other: Any, path: list[str | int], name: str
) -> None:
    body: Any = {"other": other, name: "id1"}
    for step in path:
        body = [body, other] if step == 0 else {"other": other, step: body}
    assert trace_of_task(Answer(400, {}, json.dumps(body).encode())) is not None


@given(st.binary() | st.sampled_from([1, 500, 100_000]).map(lambda depth: b"[" * depth))
def test_looking_for_an_id_never_raises(body: bytes) -> None:
    assert trace_of_task(Answer(429, {}, body)) is None or body
