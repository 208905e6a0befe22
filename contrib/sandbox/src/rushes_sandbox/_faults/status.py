"""Faults of the responses about a task."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from rushes_sandbox._faults import effects
from rushes_sandbox._faults.fault import Effect, Fault, FaultContext
from rushes_sandbox._faults.json_responses import json_faults
from rushes_sandbox._faults.paths import put
from rushes_sandbox._http.exchange import BufferedResponse
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


def _told(
    change: Callable[[TaskView, FaultContext], TaskView],
    edit: Callable[[Any, FaultContext], None] = lambda _body, _context: None,
) -> Effect:
    """Tell about a task that is not as it is; then edit what is told."""

    async def effect(context: FaultContext) -> BufferedResponse:
        view = change(TaskView(context.task, "in_progress", 50), context)
        if view.state == "completed":
            settings = context.state.settings
            now = int(settings.clock())
            view = replace(view, completed=now, expires=int(now + settings.result_lifetime))
        reply = context.tell(view)
        edit(reply.body, context)
        return effects.json_response(reply)

    return effect


def _as(state: TaskState, failure: str = "", progress: int = 0, url: str = "") -> Effect:
    """Tell about a task in a state."""
    return _told(
        lambda view, _: replace(view, state=state, failure=failure, progress=progress, url=url)
    )


def _with(where: str, value: Any, state: TaskState) -> Effect:
    """Tell about a task in a state, with another value where the endpoint says that it is."""

    def edit(body: Any, context: FaultContext) -> None:
        put(body, getattr(context.endpoint, where), value)

    failure = _FAILURE if state == "failed" else ""
    return _told(lambda view, _: replace(view, state=state, failure=failure), edit)


def _backwards(view: TaskView, context: FaultContext) -> TaskView:
    forwards = context.hits % 2
    return replace(view, state="in_progress", progress=90) if forwards else _queued(view)


def _queued(view: TaskView) -> TaskView:
    return replace(view, state="queued", progress=0)


_FAILURE = "the content policy does not allow this video"


def _faults() -> Iterator[Fault]:
    def fault(name: str, does: str, effect: Effect, needs: str = "") -> Fault:
        return Fault(name, "status", f"{does}.", effect, needs=needs)

    yield from json_faults("status", lambda what: f"status-{what}")
    wrong_key = effects.error(401, "wrong key")
    yield fault("status-401", "The answer is a 401, as if the key were wrong", wrong_key)
    missing = effects.error(404, "there is no such task")
    yield fault("status-404", "The answer is a 404, as if there were no such task", missing)
    busy = effects.error(429, "too many requests", lambda _: {"retry-after": "1"})
    yield fault("status-429", "The answer is a 429 with `Retry-After: 1`", busy)
    unknown = "The status is `simmering`, which means nothing"
    simmering = _with("word", "simmering", "in_progress")
    yield fault("status-unknown-word", unknown, simmering, "word")
    cancelled = "The status says that the task was cancelled"
    yield fault("status-cancelled", cancelled, _as("cancelled", "task cancelled"), "cancelled")
    expired = "The status says that the task has expired"
    yield fault("status-expired", expired, _as("expired", "task expired"), "expired")
    failed = "The status says that the task has failed, with a reason"
    yield fault("status-failed", failed, _as("failed", _FAILURE))
    turns = "The status alternates between in progress at 90 % and queued at 0 %"
    yield fault("status-backwards", turns, _told(_backwards))
    other = "The answer is about another task, which has failed"
    another = _with("own_id", "video_of_somebody_else", "failed")
    yield fault("status-other-task", other, another, "own_id")
    for name, (written, value) in _PROGRESS.items():
        does = f"In progress, and `progress` is `{written}`"
        odd = _with("progress", value, "in_progress")
        yield fault(f"progress-{name}", does, odd, "progress")


def _link_faults() -> Iterator[Fault]:
    def fault(name: str, does: str, effect: Effect) -> Fault:
        return Fault(name, "result", f"{does}.", effect)

    yield fault("no-link", "Completed, but without a URL", _as("completed", progress=100))
    for name, url in FORBIDDEN_URLS.items():
        does = f"Completed, and the URL of the video is `{url}`"
        yield fault(f"link-{name}", does, _as("completed", progress=100, url=url))


FAULTS = (*_faults(), *_link_faults())
