"""What every APIMart model shares: endpoints, answers, uploads, and the envelope around them.

The shape of an answer: https://docs.apimart.ai/en/api-reference/videos/kling-v3/generation
"""

from typing import Any, Literal

from rushes import (
    Answer,
    Call,
    LocalFile,
    Receipt,
    Refusal,
    Result,
    Status,
    Steps,
    Variant,
    hookimpl,
    pick,
    pick_number,
    pick_percent,
    pick_text,
    refusal_by_status,
)

UPLOAD_PATH = "/v1/uploads/images"

State = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
WORDS: dict[str, State] = {
    "submitted": "queued",
    "pending": "queued",
    "processing": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "expired": "expired",
}


class Gateway:
    """The hooks of one model at APIMart."""

    def __init__(self, declaration: Variant) -> None:
        self._declaration = declaration

    @hookimpl
    def variant(self) -> Variant:
        """Return the model's declaration."""
        return self._declaration

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | Refusal | None:
        """Read the task's id; a code other than 200 inside an HTTP 200 is an error, too."""
        data = answer.json()
        listed, single = pick_text(data, "data", 0, "task_id"), pick_text(data, "data", "task_id")
        if remote_id := listed or single:
            return Receipt(remote_id)
        return _refusal_within(data, answer)

    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal | None:
        """Use the code in the body if the HTTP status reports success."""
        return _refusal_within(answer.json(), answer)

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        """Read a task's state, its billed cost, and its video's addresses."""
        task = pick(answer.json(), "data")
        state = WORDS.get(pick_text(task, "status") or "")
        if state is None:
            return None
        return Status(
            state=state,
            progress=pick_percent(task, "progress"),
            results=tuple(_results(pick(task, "result", "videos"))),
            reason=pick_text(task, "error", "message") or pick_text(task, "error", "code"),
            cost=pick_number(task, "cost"),
            remote_id=pick_text(task, "id"),
        )

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        """POST one image; its public address, valid for 72 hours, is in the answer."""
        answer = yield Call.post_file(variant.url(UPLOAD_PATH), file)
        return pick_text(answer.json(), "url")


def _refusal_within(data: Any, answer: Answer) -> Refusal | None:
    code = pick(data, "code")
    if answer.status >= 300 or type(code) is not int or code < 400:
        return None  # no other code says that nothing was created
    return refusal_by_status(code, answer)


def _results(videos: Any) -> list[Result]:
    results = []
    for video in videos if isinstance(videos, list) else []:
        urls = pick(video, "url")
        expires_at = pick_number(video, "expires_at")
        listed = urls if isinstance(urls, list) else [urls]
        results += [
            Result(url=url, expires_at=expires_at)
            for url in listed
            if isinstance(url, str) and url.strip()
        ]
    return results
