"""What every UniAll model shares: endpoints and answers.

UniAll documents no answer (its page shows an empty object), so answers are read by shape:
https://docs.uniall.ai/models/video/kling
"""

from typing import Any, Literal

from rushes import (
    Answer,
    Receipt,
    Refusal,
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
    def parse_submit(self, answer: Answer) -> Receipt | Refusal | None:
        """Read the task's id, whatever the HTTP status: a task that is named was created.

        A bare `id` beside an error may be of another kind, a request's. If the error is "too many
        requests", retrying would pay twice if the id is a task's: then the outcome is unknown.
        """
        data = answer.json()
        named, bare = pick_text(data, "task_id"), pick_text(data, "id")
        failed = answer.status >= 300 or bool(pick(data, "error"))
        if named or (bare and (not failed or pick_text(data, "status") in WORDS)):
            return Receipt(named or bare or "")
        if bare and answer.status == 429:
            message = f"HTTP 429, and the id {bare!r}, which may be a task's"
            return Refusal(kind="unknown", message=message)
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
            remote_id=pick_text(data, "task_id") or pick_text(data, "id"),
        )


def _urls(data: Any) -> list[str]:
    outputs = pick(data, "result", "outputs")
    found = [pick_text(data, "video_url"), pick_text(data, "result", "video_url")]
    for output in outputs if isinstance(outputs, list) else []:
        found += [_text(output), pick_text(output, "url"), pick_text(output, "video_url")]
    return [url for url in found if url]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
