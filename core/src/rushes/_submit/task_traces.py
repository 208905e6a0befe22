"""Signs of a created task in an answer that is otherwise a refusal.

A provider without an idempotency key creates another task whenever it is asked again. So a refusal
that may name a task is not believed, whatever the plugin says.
"""

from typing import Any

from rushes.calls import Answer
from rushes.problems import show

DEPTH = 5
"""How many levels of objects and lists are searched for an id."""
OF_ERRORS = frozenset(("error", "errors", "request"))
"""Objects whose own `id` is not a task's."""


def trace_of_task(answer: Answer) -> str | None:
    """Say why a task may exist although an answer refuses, or None if nothing points to one."""
    if "content-encoding" in answer.headers:
        return "the answer cannot be read"
    data = answer.json()
    if data is None and not _is_text(answer.body):
        return "the answer cannot be read"
    found = _task_id(data, "", DEPTH)
    return None if found is None else f"the answer contains {show(found)}, which may be a task's id"


def _is_text(body: bytes) -> bool:
    """Whether a body that is not JSON is not damaged JSON either, but text, HTML or nothing."""
    try:
        return not body.decode().lstrip().startswith(("{", "["))
    except UnicodeDecodeError:
        return False


def _task_id(value: Any, parent: str, depth: int) -> str | int | None:
    """Return the first value that looks like the id of a task; `parent` is the key of `value`."""
    if depth == 0:
        return None
    if isinstance(value, list):
        found = (_task_id(item, parent, depth - 1) for item in value)
    elif isinstance(value, dict):
        found = (
            item if _names_task(key, parent) and _is_id(item) else _task_id(item, key, depth - 1)
            for key, item in value.items()
        )
    else:
        return None
    return next((item for item in found if item is not None), None)


def _names_task(key: str, parent: str) -> bool:
    """Whether a key is one of a task's id: `task_id` in any spelling, or `id`."""
    plain = key.replace("_", "").replace("-", "").lower()
    return plain == "taskid" or (plain == "id" and parent.lower() not in OF_ERRORS)


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return type(value) is int and value != 0
