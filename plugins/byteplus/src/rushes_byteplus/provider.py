"""What the Seedance models at BytePlus share: endpoints, answers, errors, files in the payload.

The pages: https://docs.byteplus.com/en/docs/ModelArk/1520757 (create a task), 1521309 (retrieve
one), 1521675 (list several), 1521720 (cancel or delete one), 1299023 (error codes).
"""

from rushes import (
    Answer,
    Answers,
    Cancel,
    Codes,
    Delivery,
    Event,
    Polling,
    Provider,
    Source,
    Uploads,
    hookimpl,
    pick_text,
)

PAGE = Source(
    "BytePlus ModelArk, Create a video generation task",
    "https://docs.byteplus.com/en/docs/ModelArk/1520757",
)

_MEDIA = ("Text", "Image", "Video", "Audio")
_MODERATED = (
    "SensitiveContentDetected",
    *(f"{way}{medium}SensitiveContentDetected" for way in ("Input", "Output") for medium in _MEDIA),
)
CONTENT = (
    *_MODERATED,
    *(f"{code}.PolicyViolation" for code in _MODERATED),
    *(f"{code}.PrivacyInformation" for code in _MODERATED),
    "SensitiveContentDetected.SevereViolation",
    "SensitiveContentDetected.Violence",
    *(f"{way}{medium}RiskDetection" for way in ("Input", "Output") for medium in ("Text", "Image")),
)
"""The codes of refused content; each detector names what it looked at, and some a reason."""


@hookimpl
def parse_webhook(delivery: Delivery) -> Event | None:
    """Read what a poll would be answered; nothing is signed."""
    about = pick_text(delivery.json(), "id")
    if about is None:
        return None
    return Event(remote_id=about, verified=False, answer=Answer(200, {}, delivery.body))


MAX_IMAGE = 30_000_000 - 1
"""Bytes of an image: "less than 30 MB", by the smaller of the two meanings."""

IMAGES = Uploads(
    types=(
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/bmp",
        "image/tiff",
        "image/gif",
        "image/heic",
    ),
    max_bytes=MAX_IMAGE,
    max_body=64_000_000,
    inline="data:{type};base64,{base64}",
)
"""Local images go into the payload."""


byteplus = Provider(
    spec=2,
    id="byteplus",
    base_url="https://ark.ap-southeast.bytepluses.com/api/v3",
    submit_path="/contents/generations/tasks",
    status_path="/contents/generations/tasks/{id}",
    statuses_path="/contents/generations/tasks?page_size=500&filter.task_ids={ids*}",
    callback_field="callback_url",
    variables={"api_key": "ARK_API_KEY"},
    cancel=Cancel(method="DELETE", path="/contents/generations/tasks/{id}", while_queued=True),
    # The tutorial polls every 10 to 30 seconds; a task may wait in the queue for up to 48 hours.
    polling=Polling(first=20, every=10, at_most=3600),
    uploads=IMAGES,
    answers=Answers(
        task_id=("id",),
        status="status",
        words={
            "queued": "queued",
            "running": "in_progress",
            "succeeded": "completed",
            "failed": "failed",
            "expired": "expired",
            "cancelled": "cancelled",
        },
        own_id=("id",),
        listed="items[]",
        videos=("content.video_url",),
        reason=("error.message", "error.code"),
        codes=Codes(
            path="error.code",
            means={
                **dict.fromkeys(CONTENT, "content"),
                "AuthenticationError": "key",
                "AccountOverdueError": "balance",
                "SetLimitExceeded": "balance",
            },
        ),
    ),
    facts=(
        "Links to videos are valid for 24 hours, tasks are kept for 7 days.",
        "Only tasks that still wait in the queue can be cancelled; a running one is billed.",
    ),
    hooks=(parse_webhook,),
)
