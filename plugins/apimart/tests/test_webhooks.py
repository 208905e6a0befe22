"""APIMart's webhooks: not signed, and what a poll would be answered."""

import json

import pytest
from rushes import Answer, Delivery, Event
from rushes_apimart.gateway import parse_webhook

BODY = json.dumps({"code": 200, "data": {"id": "task_1", "status": "completed"}}).encode()


def test_a_delivery_is_a_reason_to_poll_and_holds_the_answer() -> None:
    event = parse_webhook(Delivery({}, BODY))
    assert event == Event(remote_id="task_1", verified=False, answer=Answer(200, {}, BODY))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {"id": 7}}', b"\xff", b"[" * 9999])
def test_what_names_no_task_is_not_understood(body: bytes) -> None:
    assert parse_webhook(Delivery({}, body)) is None
