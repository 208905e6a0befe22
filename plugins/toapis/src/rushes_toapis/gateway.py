"""What the ToAPIs variants share: endpoints, answers, uploads.

The shape of an answer: https://docs.toapis.com/docs/en/api-reference/tasks/video-status
"""

from typing import Any, Literal

import msgspec
from rushes import (
    SPEC,
    Answer,
    Call,
    LocalFile,
    Polling,
    Receipt,
    Refusal,
    Result,
    Source,
    Status,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    pick,
    pick_number,
    pick_percent,
    pick_text,
    refusal_by_status,
)

UPLOAD_PATH = "/v1/uploads/images"
PAGES = "https://docs.toapis.com/docs/en/api-reference/videos"

State = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
WORDS: dict[str, State] = {
    "queued": "queued",
    "submitted": "queued",
    "in_progress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "expired": "expired",
}


def declare(model: str, page: Source, **declared: Any) -> Variant:
    """Declare a model at ToAPIs."""
    return Variant(
        spec=SPEC,
        id=f"toapis/{model}",
        model=model,
        page=page,
        base_url="https://toapis.com",
        submit_path="/v1/videos/generations",
        status_path="/v1/videos/generations/{id}",
        idempotency="replay",
        look_up="by_client_id",
        client_id_field="client_business_id",
        polling=Polling(first=5, every=10, at_most=600),
        uploads=Uploads(
            types=("image/jpeg", "image/png", "image/webp", "image/gif"),
            max_bytes=10 * 1024 * 1024,  # the larger of the two meanings of MB
            source=page,
        ),
        **declared,
    )


class Gateway:
    """The hooks of one model at ToAPIs."""

    def __init__(self, declaration: Variant) -> None:
        self._declaration = declaration

    @hookimpl
    def variant(self) -> Variant:
        """Return the model's declaration."""
        return self._declaration

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        """Read the task's id; an error body may contain an id of another kind."""
        data = answer.json()
        remote_id = pick_text(data, "id")
        is_task = pick(data, "object") == "generation.task"
        if remote_id and (is_task or (answer.status < 300 and not pick(data, "error"))):
            created_at, model = pick_number(data, "created_at"), pick_text(data, "model")
            return Receipt(remote_id, created_at=created_at, model=model)
        return None

    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal:
        """Distinguish a refusal of the content from other refusals."""
        refusal = refusal_by_status(answer.status, answer)
        if refusal.kind == "refused" and refusal.code == "content_policy_violation":
            return msgspec.structs.replace(refusal, kind="content")
        return refusal

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        """Read a task's state, and its video's addresses."""
        data = answer.json()
        state = WORDS.get(pick_text(data, "status") or "")
        if state is None:
            return None
        listed = pick(data, "result", "data")
        urls = [pick_text(item, "url") for item in listed] if isinstance(listed, list) else []
        urls.append(pick_text(data, "url"))
        expires_at = pick_number(data, "expires_at")
        return Status(
            state=state,
            progress=pick_percent(data, "progress"),
            results=tuple(
                Result(url=url, expires_at=expires_at) for url in dict.fromkeys(urls) if url
            ),
            reason=pick_text(data, "error", "message") or pick_text(data, "error", "code"),
            remote_id=pick_text(data, "id"),
        )

    @hookimpl
    def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None]:
        """GET the status with the client id: the answer is the task, or 404."""
        answer = yield Call.get(variant.url(variant.status_path, id=client_id))
        if answer.status == 404:
            return []
        receipt = self.parse_submit(answer) if answer.status < 300 else None
        return [receipt] if receipt else None

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        """POST one image; its public address is in the answer."""
        answer = yield Call.post_file(variant.url(UPLOAD_PATH), file)
        return pick_text(answer.json(), "data", "url")
