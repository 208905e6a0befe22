"""What every model at fal shares: the queue, its answers, uploads.

A request is submitted to the model's address, and followed at addresses that the answer gives,
which leave out a part of it: https://fal.ai/docs/documentation/model-apis/inference/queue
"""

from typing import Any

from rushes import (
    Answer,
    Answers,
    Call,
    Cancel,
    Codes,
    LocalFile,
    Polling,
    Provider,
    Receipt,
    Refusal,
    Source,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    pick,
    pick_text,
)

from rushes_fal.webhooks import parse_webhook

IMAGES = Source(
    "fal, Kling 3.0 Pro Image To Video, Input",
    "https://fal.ai/models/fal-ai/kling-video/v3/pro/image-to-video/playground",
)
WRONG_INPUT = (400, 422)
"""HTTP statuses of a result that say what was wrong with the input: there will be no video."""


@hookimpl
def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
    """Ask for the status; once it is COMPLETED, also for the result, put beside the status.

    fal has no word for a failure: COMPLETED has an error beside it, or the result is one. It
    becomes ERROR, as in fal's notifications.
    """
    kept: dict[str, Any] = receipt.memo or {}
    answer = yield Call.get(variant.url(variant.status_path, **kept))
    status = answer.json()
    if pick(status, "status") != "COMPLETED":
        return answer
    if pick(status, "error") or pick(status, "error_type"):
        cancelled = pick(status, "error_type") == "client_cancelled"
        return answer.with_json({**status, "status": "CANCELLED" if cancelled else "ERROR"})
    result = yield Call.get(variant.url("{+response_url}", **kept))
    said = result.json()
    if result.status in WRONG_INPUT:
        return answer.with_json({**status, "status": "ERROR", "payload": said})
    if result.status >= 300 or not isinstance(said, dict):
        return result  # not understood: asked again
    return answer.with_json({**status, "payload": said})


@hookimpl
def parse_refusal(answer: Answer) -> Refusal | None:
    """Read HTTP 403 for an account without credit, which no code tells from a wrong key."""
    detail = pick_text(answer.json(), "detail")
    if answer.status == 403 and detail is not None and "User is locked" in detail:
        return Refusal(kind="balance", message=detail)
    return None


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """Reserve a place, and PUT the file there; its public address is in the first answer."""
    place = variant.url("/storage/upload/initiate?storage_type=fal-cdn-v3", "rest")
    begun = yield Call.post_json(place, {"content_type": file.type, "file_name": file.name})
    to, url = (pick_text(begun.json(), name) for name in ("upload_url", "file_url"))
    if to is None or url is None:
        return None
    headers = {"Content-Type": file.type}
    yield Call(method="PUT", url=to, headers=headers, body=file.content)
    return url


fal = Provider(
    spec=2,
    id="fal",
    base_url="https://queue.fal.run",
    origins={"rest": "https://rest.fal.ai"},
    submit_path="/fal-ai",
    status_path="{+status_url}",
    query_fields=("fal_webhook",),
    callback_field="fal_webhook",
    cancel=Cancel(method="PUT", path="{+cancel_url}"),
    variables={"api_key": "FAL_KEY"},
    authorization="Authorization: Key {key}",
    # Without it, fal itself starts a request again whose runner failed, up to ten times.
    headers={"X-Fal-No-Retry": "1"},
    polling=Polling(first=10, every=5, at_most=1800, floor=2.5),  # no page advises an interval
    uploads=Uploads(
        types=("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"),
        max_bytes=10 * 1024 * 1024,  # the larger of the two meanings of MB
        source=IMAGES,
    ),
    answers=Answers(
        task_id=("request_id",),
        keep={
            "status_url": "status_url",
            "response_url": "response_url",
            "cancel_url": "cancel_url",
        },
        own_id=("request_id",),
        words={
            "IN_QUEUE": "queued",
            "IN_PROGRESS": "in_progress",
            "COMPLETED": "completed",
            "ERROR": "failed",
            "CANCELLED": "cancelled",
        },
        videos=("payload.video.url",),
        reason=("payload.detail[0].msg", "payload.detail", "error", "error_type"),
        error=("detail[0].msg", "detail"),
        codes=Codes(path="detail[0].type", means={"content_policy_violation": "content"}),
    ),
    facts=(
        "Written from fal's public documentation as of 2026-11-22, not run against fal itself.",
    ),
    hooks=(poll, parse_refusal, upload, parse_webhook),
)
