"""What the ToAPIs variants share: endpoints, answers, uploads.

The shape of an answer: https://docs.toapis.com/docs/en/api-reference/tasks/video-status
"""

from rushes import (
    Answers,
    Call,
    Codes,
    LocalFile,
    Polling,
    Provider,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    pick_text,
)

PAGES = "https://docs.toapis.com/docs/en/api-reference/videos"


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """POST one image; its public address is in the answer."""
    answer = yield Call.post_file(variant.url("/v1/uploads/images"), file)
    return pick_text(answer.json(), "data", "url")


toapis = Provider(
    spec=2,
    id="toapis",
    base_url="https://toapis.com",
    submit_path="/v1/videos/generations",
    status_path="/v1/videos/generations/{id}",
    idempotency="replay",
    look_up="by_client_id",
    look_up_path="/v1/videos/generations/{client_id}",
    client_id_field="client_business_id",
    polling=Polling(first=5, every=10, at_most=600),
    uploads=Uploads(
        types=("image/jpeg", "image/png", "image/webp", "image/gif"),
        max_bytes=10 * 1024 * 1024,  # the larger of the two meanings of MB
    ),
    answers=Answers(
        task_id=("id",),
        marker=("object", "generation.task"),
        created_at="created_at",
        model="model",
        status="status",
        words={
            "queued": "queued",
            "submitted": "queued",
            "in_progress": "in_progress",
            "completed": "completed",
            "failed": "failed",
            "cancelled": "cancelled",
            "canceled": "cancelled",
            "expired": "expired",
        },
        own_id=("id",),
        videos=("result.data[].url", "url"),
        expires_at="expires_at",
        progress="progress",
        reason=("error.message", "error.code"),
        codes=Codes(path="error.code", means={"content_policy_violation": "content"}),
    ),
    hooks=(upload,),
)
