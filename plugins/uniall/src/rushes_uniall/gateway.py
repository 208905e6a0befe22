"""What every UniAll model shares: endpoints and answers.

UniAll documents no answer (its page shows an empty object), so answers are read by shape:
https://docs.uniall.ai/models/video/kling
"""

from typing import Any, Literal

from rushes import (
    Answer,
    Receipt,
    Result,
    Status,
    Variant,
    hookimpl,
    pick,
    pick_percent,
    pick_text,
)

State = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
WORDS: dict[str, State] = {
    "queued": "queued",
    "in_progress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "expired": "expired",
}


class Gateway:
    """The hooks of one model at UniAll. An uncertain submit here can never be resolved."""

    def __init__(self, declaration: Variant) -> None:
        self._declaration = declaration

    @hookimpl
    def variant(self) -> Variant:
        """Return the model's declaration."""
        return self._declaration

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        """Read the task's id, whatever the HTTP status: a task that is named was created.

        A bare `id` beside an error may be of another kind, a request's. The core then treats the
        outcome as unknown: UniAll would create another task if it were asked again.
        """
        data = answer.json()
        named, bare = _task_id(data), pick_text(data, "id")
        failed = answer.status >= 300 or bool(pick(data, "error"))
        if named or (bare and (not failed or pick_text(data, "status") in WORDS)):
            return Receipt(named or bare or "")
        return None

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        """Read a task's state, and its video's addresses wherever they are."""
        data = answer.json()
        state = WORDS.get(pick_text(data, "status") or "")
        if state is None:
            return None
        error = pick(data, "error")
        return Status(
            state=state,
            progress=pick_percent(data, "progress"),
            results=tuple(Result(url=url) for url in dict.fromkeys(_urls(data))),
            reason=pick_text(error, "message") or pick_text(error, "code") or _text(error),
            remote_id=_task_id(data) or pick_text(data, "id"),
        )


def _task_id(data: Any) -> str | None:
    """Return what an answer, or its `data`, calls a task's id."""
    places = (data, pick(data, "data"), pick(data, "data", 0))
    found = (pick_text(place, name) for place in places for name in ("task_id", "taskId"))
    return next((text for text in found if text), None)


def _urls(data: Any) -> list[str]:
    outputs = pick(data, "result", "outputs")
    found = [pick_text(data, "video_url"), pick_text(data, "result", "video_url")]
    for output in outputs if isinstance(outputs, list) else []:
        found += [_text(output), pick_text(output, "url"), pick_text(output, "video_url")]
    return [url for url in found if url]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
