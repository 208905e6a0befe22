"""What every APIMart model shares: endpoints, answers, uploads, and the envelope around them.

The shape of an answer: https://docs.apimart.ai/en/api-reference/videos/kling-v3/generation
"""

from rushes import (
    Answer,
    Answers,
    Call,
    Codes,
    Delivery,
    Event,
    LocalFile,
    Polling,
    Provider,
    Source,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    pick_text,
)

PAGE = Source(
    "APIMart, Kling v3", "https://docs.apimart.ai/en/api-reference/videos/kling-v3/generation"
)


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """POST one image; its public address, valid for 72 hours, is in the answer."""
    answer = yield Call.post_file(variant.url("/v1/uploads/images"), file)
    return pick_text(answer.json(), "url")


@hookimpl
def parse_webhook(delivery: Delivery) -> Event | None:
    """Read what a poll would be answered; nothing is signed."""
    about = pick_text(delivery.json(), "data", "id")
    if about is None:
        return None
    return Event(remote_id=about, verified=False, answer=Answer(200, {}, delivery.body))


apimart = Provider(
    spec=2,
    id="apimart",
    base_url="https://api.apimart.ai",
    submit_path="/v1/videos/generations",
    status_path="/v1/tasks/{id}",
    idempotency="replay",
    client_id_header="Idempotency-Key",
    callback_field="webhook",
    polling=Polling(first=5, every=10, at_most=900, floor=5),  # no page advises an interval
    uploads=Uploads(
        types=("image/jpeg", "image/png", "image/webp", "image/gif"),
        max_bytes=20 * 1024 * 1024,  # the larger of the two meanings of MB
        source=PAGE,
    ),
    answers=Answers(
        task_id=("data[0].task_id", "data.task_id"),
        task="data",
        status="status",
        words={
            "submitted": "queued",
            "pending": "queued",
            "processing": "in_progress",
            "completed": "completed",
            "failed": "failed",
            "cancelled": "cancelled",
            "canceled": "cancelled",
            "expired": "expired",
        },
        own_id=("id",),
        videos=("result.videos[].url", "result.videos[].url[]"),
        expires_at="result.videos[].expires_at",
        progress="progress",
        cost="cost",
        reason=("error.message", "error.code"),
        # HTTP 200 with a code of 400 or more is an error; no other code says that nothing was
        # created.
        codes=Codes(path="code", means="http"),
    ),
    hooks=(upload, parse_webhook),
)
