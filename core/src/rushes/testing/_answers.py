"""Answers that no page documents, but that occur."""

from typing import Any

import msgspec

from rushes._plugins.reading import Steps, steps
from rushes.calls import Answer

BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"queued"',
    b"<!doctype html><title>Sign in</title>",
    b'{"id": "tas',
    b"\xff\xfe\x00",
    b"[" * 5000,
    b'{"id": null, "task_id": 7, "status": 3, "data": [[]], "result": [], "error": "no"}',
    b'{"id": "", "status": "", "data": {}, "progress": "abc", "error": {"message": 5}}',
    b'{"data": [{"task_id": {}}], "result": {"data": [null, 1], "videos": [{"url": [1, null]}]}}',
)
MAX_SHOWN = 300
"""Bytes of a body that a failure shows."""
STATUSES = (200, 201, 204, 301, 307, 400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429,
            500, 502, 503, 504)  # fmt: skip


def malformed() -> list[Answer]:
    """List every malformed body under every status that a gateway may send."""
    return [Answer(status, {}, body) for status in STATUSES for body in BODIES]


def json_answer(value: object, status: int = 200) -> Answer:
    """Make an answer of a JSON value."""
    return Answer(status, {"content-type": "application/json"}, msgspec.json.encode(value))


def shown(answer: Answer) -> str:
    """Write an answer in a failure: its own repr shows no body, which may quote a key."""
    return f"HTTP {answer.status} {answer.body[:MAX_SHOWN]!r}"


def put_at(body: Any, path: str, value: Any) -> Any:
    """Return a copy of a JSON value with another one at a path, in the first item of every list."""
    return _put(body, steps(path), value)


def _put(body: Any, path: Steps, value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        found = dict(body) if isinstance(body, dict) else {}
        return {**found, step: _put(found.get(step), rest, value)}
    place = step or 0
    items = list(body) if isinstance(body, list) else []
    items += [None] * (place + 1 - len(items))
    items[place] = _put(items[place], rest, value)
    return items
