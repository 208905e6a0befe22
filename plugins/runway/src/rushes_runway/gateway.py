"""What Runway's models share: endpoints, answers, uploads, and the images of a payload.

The pages, read on 2026-11-22: https://docs.dev.runwayml.com/api (the reference, in the form of the
client that Runway generates from it, runwayml 5.24), https://docs.dev.runwayml.com/assets/inputs,
https://docs.dev.runwayml.com/errors/errors and https://docs.dev.runwayml.com/usage/tiers.
"""

from typing import Any

from rushes import (
    Answers,
    Call,
    Cancel,
    Codes,
    Draft,
    LocalFile,
    Polling,
    Provider,
    Request,
    Source,
    Steps,
    Uploads,
    Variant,
    hookimpl,
    pick,
    pick_text,
)

PAGE = Source("Runway, API Reference", "https://docs.dev.runwayml.com/api")
INPUTS = Source("Runway, API Input Parameters", "https://docs.dev.runwayml.com/assets/inputs")

CREDIT = 0.01
"""USD for a credit: https://docs.dev.runwayml.com/guides/setup."""


OVER_HTTPS = "Runway fetches images over https only."


def over_https(url: str) -> bool:
    """Whether Runway may fetch an address; what is no address at all is found elsewhere."""
    return not url.lower().startswith("http:")


def fill_in(draft: Draft, request: Request, field: str, value: Any, common: str) -> None:
    """Send a value for what Runway requires and has no default for; a note says which.

    A native payload is left as it is.
    """
    if draft.native or draft.has(field) or field in request.extra:
        return
    if getattr(request, common) is None:
        draft.put(field, value, common)
        draft.note(common, f"{field}_filled_in", f"is required by Runway; {value} is sent")


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """Reserve a place, POST the file there with the given fields, and send the place's handle."""
    begun = yield Call.post_json(
        variant.url("/v1/uploads"), {"filename": file.name, "type": "ephemeral"}
    )
    body = begun.json()
    place, fields = pick_text(body, "uploadUrl"), pick(body, "fields")
    if place is None or not isinstance(fields, dict):
        return None
    texts = {name: text for name, text in fields.items() if isinstance(text, str)}
    yield Call.post_file(place, file, fields=texts)
    return pick_text(body, "runwayUri")


runway = Provider(
    spec=2,
    id="runway",
    base_url="https://api.dev.runwayml.com",
    headers={"X-Runway-Version": "2024-11-06"},
    variables={"api_key": "RUNWAYML_API_SECRET"},
    submit_path="/v1/text_to_video",
    submit_paths={"frame control": "/v1/image_to_video"},
    status_path="/v1/tasks/{id}",
    # The same call erases a task that has ended, with its video.
    cancel=Cancel(method="DELETE", path="/v1/tasks/{id}"),
    # "Not more frequently than once every five seconds"; throttled tasks may wait for long.
    polling=Polling(first=10, every=6, at_most=1800, floor=5),
    uploads=Uploads(
        types=("image/jpeg", "image/png", "image/webp"),
        max_bytes=200 * 1024 * 1024,  # the larger of the two meanings of MB
        source=INPUTS,
        handle="runway://",
    ),
    answers=Answers(
        task_id=("id",),
        status="status",
        words={
            "PENDING": "queued",
            "THROTTLED": "queued",
            "RUNNING": "in_progress",
            "SUCCEEDED": "completed",
            "FAILED": "failed",
            "CANCELLED": "cancelled",
        },
        own_id=("id",),
        videos=("output[]",),
        progress="progress",
        progress_of=1,
        cost="cost.credits",
        usd=CREDIT,
        reason=("failure", "failureCode"),
        error=("error",),
        # An empty balance has no status of its own: HTTP 400, and this sentence.
        codes=Codes(
            path="error",
            means={"You do not have enough credits to run this task.": "balance"},
        ),
    ),
    facts=(
        "Prices were read on 2026-11-22, in credits of 0.01 USD.",
        "A task that runs is cancelled without a refund; one that waits is usually refunded.",
    ),
    hooks=(upload,),
)
