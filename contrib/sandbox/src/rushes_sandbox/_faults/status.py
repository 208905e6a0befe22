"""Faults of the responses about a task."""

from collections.abc import Callable, Iterator
from typing import Any

from rushes_sandbox._faults import effects
from rushes_sandbox._faults.fault import Effect, Fault, FaultContext
from rushes_sandbox._faults.json_responses import json_faults
from rushes_sandbox._state.tasks import TaskState, TaskView

_PROGRESS = {
    "percent": ('"50%"', "50%"),
    "null": ("null", None),
    "150": ("150", 150),
    "nan": ("NaN", float("nan")),
    "word": ('"abc"', "abc"),
    "negative": ("-3", -3),
}

#: URLs that no client should fetch a video from, by what is wrong with them.
FORBIDDEN_URLS = {
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1/video.mp4",
    "private": "http://10.0.0.1/video.mp4",
    "metadata": "http://169.254.169.254/latest/meta-data/",
}


def _task_fields(body: Any) -> dict[str, Any]:
    """Return the part of a status response that is about the task: APIMart wraps it."""
    fields: dict[str, Any] = body.get("data", body)
    return fields


def _body(
    context: FaultContext, state: TaskState, progress: int, url: str = "", failure: str = ""
) -> Any:
    """Build a status response in the gateway's format."""
    assert context.task is not None  # noqa: S101 - the gateway has just responded about it
    settings = context.state.settings
    now = int(settings.clock())
    expires = int(now + settings.result_lifetime)
    view = TaskView(context.task, state, progress, url, now, expires, failure)
    return context.gateway.status_response(view)


def _with_word(word: str) -> Effect:
    """Report a status word that the sandbox itself never uses."""

    def body(context: FaultContext) -> Any:
        ended = word in {"cancelled", "expired"}
        made = _body(context, "failed" if ended else "in_progress", 50, failure=f"task {word}")
        _task_fields(made)["status"] = word
        return made

    return effects.made_up(body)


def _failed(context: FaultContext) -> Any:
    return _body(context, "failed", 0, failure="the content policy does not allow this video")


def _with_progress(value: Any) -> Effect:
    def body(context: FaultContext) -> Any:
        made = _body(context, "in_progress", 0)
        _task_fields(made)["progress"] = value
        return made

    return effects.made_up(body)


def _without_url(context: FaultContext) -> Any:
    body = _body(context, "completed", 100)
    for name in ("result", "video_url"):
        _task_fields(body).pop(name, None)
    return body


def _with_url(url: str) -> Callable[[FaultContext], Any]:
    return lambda context: _body(context, "completed", 100, url)


def _backwards(context: FaultContext) -> Any:
    return _body(context, "in_progress", 90) if context.hits % 2 else _body(context, "queued", 0)


def _other_task(context: FaultContext) -> Any:
    body = _failed(context)
    _task_fields(body)["id"] = "video_of_somebody_else"
    return body


def _faults() -> Iterator[Fault]:
    def fault(name: str, does: str, effect: Effect) -> Fault:
        return Fault(name, "status", f"{does}.", effect)

    yield from json_faults("status", lambda what: f"status-{what}")
    wrong_key = effects.error(401, "wrong key")
    yield fault("status-401", "The answer is a 401, as if the key were wrong", wrong_key)
    missing = effects.error(404, "there is no such task")
    yield fault("status-404", "The answer is a 404, as if there were no such task", missing)
    busy = effects.error(429, "too many requests", lambda _: {"retry-after": "1"})
    yield fault("status-429", "The answer is a 429 with `Retry-After: 1`", busy)
    unknown = "The status is `simmering`, which means nothing"
    yield fault("status-unknown-word", unknown, _with_word("simmering"))
    cancelled = "The status says that the task was cancelled"
    yield fault("status-cancelled", cancelled, _with_word("cancelled"))
    expired = "The status says that the task has expired"
    yield fault("status-expired", expired, _with_word("expired"))
    failed = "The status says that the task has failed, with a reason"
    yield fault("status-failed", failed, effects.made_up(_failed))
    turns = "The status alternates between in progress at 90 % and queued at 0 %"
    yield fault("status-backwards", turns, effects.made_up(_backwards))
    other = "The answer is about another task, which has failed"
    yield fault("status-other-task", other, effects.made_up(_other_task))
    for name, (written, value) in _PROGRESS.items():
        does = f"In progress, and `progress` is `{written}`"
        yield fault(f"progress-{name}", does, _with_progress(value))
    yield fault("no-link", "Completed, but without a URL", effects.made_up(_without_url))
    for name, url in FORBIDDEN_URLS.items():
        does = f"Completed, and the URL of the video is `{url}`"
        yield fault(f"link-{name}", does, effects.made_up(_with_url(url)))


FAULTS = tuple(_faults())
