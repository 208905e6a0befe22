"""What the ToAPIs variants share: endpoints, answers, uploads.

The shape of an answer: https://docs.toapis.com/docs/en/api-reference/tasks/video-status
"""

from collections.abc import Sequence

from rushes import (
    Answers,
    Call,
    Codes,
    Delivery,
    Event,
    LocalFile,
    Polling,
    Provider,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    is_recent,
    is_signed,
    pick_text,
)

PAGES = "https://docs.toapis.com/docs/en/api-reference/videos"


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """POST one image; its public address is in the answer."""
    answer = yield Call.post_file(variant.url("/v1/uploads/images"), file)
    return pick_text(answer.json(), "data", "url")


@hookimpl
def parse_webhook(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read a signed event: the id, the time and the body are signed with one of two secrets."""
    names = ("id", "timestamp", "signature")
    event, time, header = (delivery.headers.get(f"x-toapis-webhook-{n}", "") for n in names)
    parts = [part.strip().partition("=") for part in header.split(",")]
    signatures = [digits for version, _, digits in parts if version == "v1"]
    message = f"{event}.{time}.".encode("utf-8", "replace") + delivery.body
    keys = [secret.encode() for secret in secrets]
    if not event or not is_signed(message, signatures, keys) or not is_recent(time, now):
        return None
    about = pick_text(delivery.json(), "data", "task_id")
    return Event(remote_id=about, verified=True, id=event)


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
    callback_field="callback_url",
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
    hooks=(upload, parse_webhook),
)
