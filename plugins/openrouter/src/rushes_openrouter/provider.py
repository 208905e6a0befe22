"""What every model at OpenRouter shares: endpoints, answers, errors, webhooks, local images.

The pages: https://openrouter.ai/docs/api_reference/videos,
https://openrouter.ai/docs/api_reference/errors-and-debugging and
https://openrouter.ai/docs/guides/overview/multimodal/video-generation.
"""

from collections.abc import Sequence

import msgspec
from rushes import (
    Answer,
    Answers,
    Codes,
    Delivery,
    Event,
    Polling,
    Provider,
    Refusal,
    Source,
    Uploads,
    hookimpl,
    is_recent,
    is_signed,
    pick,
    pick_text,
    refusal_by_status,
)

PAGE = Source("OpenRouter, Video Generation API", "https://openrouter.ai/docs/api_reference/videos")


@hookimpl
def parse_refusal(answer: Answer) -> Refusal | None:
    """Read what only OpenRouter's errors say; None leaves the others to the declaration.

    A flagged prompt is refused like a key without the right to ask, but says what was found.
    """
    metadata = pick(answer.json(), "error", "metadata")
    found = refusal_by_status(answer.status, answer)
    if answer.status == 403 and (pick(metadata, "reasons") or pick(metadata, "patterns")):
        return msgspec.structs.replace(found, kind="content")
    return None


@hookimpl
def parse_webhook(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read an event: the time and the body are signed, if the workspace has a signing secret.

    Without a secret of ours, an event is no more than a reason to poll.
    """
    header = delivery.headers.get("x-openrouter-signature", "")
    parts = [part.strip().partition("=") for part in header.split(",")]
    time = next((text for name, _, text in parts if name == "t"), "")
    signatures = [text for name, _, text in parts if name == "v1"]
    message = f"{time},".encode("utf-8", "replace") + delivery.body
    keys = [secret.encode() for secret in secrets]
    if keys and not (is_signed(message, signatures, keys) and is_recent(time, now)):
        return None
    about = pick(delivery.json(), "data")
    job, status = pick_text(about, "id"), pick_text(about, "status")
    if job is None:
        return None
    # The event's own name is in a header, which is not signed; it is made of these two.
    return Event(
        remote_id=job,
        verified=bool(keys),
        id=f"{job}-{status}",
        answer=Answer(200).with_json(about),
    )


openrouter = Provider(
    spec=2,
    id="openrouter",
    base_url="https://openrouter.ai/api/v1",
    submit_path="/videos",
    status_path="/videos/{id}",
    callback_field="callback_url",
    polling=Polling(first=20, every=15, at_most=1800, floor=10),  # "every 10-30 seconds"
    uploads=Uploads(
        types=("image/jpeg", "image/png", "image/webp"),
        max_bytes=50 * 1024 * 1024,
        max_body=50 * 1024 * 1024,
        inline="data:{type};base64,{base64}",
    ),
    answers=Answers(
        task_id=("id",),
        status="status",
        words={
            "pending": "queued",
            "in_progress": "in_progress",
            "completed": "completed",
            "failed": "failed",
            "cancelled": "cancelled",
            "expired": "expired",
        },
        own_id=("id",),
        videos=("urls[]",),
        keyed=("unsigned_urls[]",),  # what is not signed may need the key
        expires_at="expires_at",
        cost="usage.cost",
        reason=("error", "error.message"),
        codes=Codes(
            path="error.metadata.error_type",
            means={
                "content_policy_violation": "content",
                "refusal": "content",
                "authentication": "key",
                "payment_required": "balance",
                "rate_limit_exceeded": "wait",
            },
        ),
    ),
    hooks=(parse_refusal, parse_webhook),
)
