"""What the Veo models share: endpoints, operations, inline images, errors, webhooks.

The pages, read on 2026-11-22: https://ai.google.dev/gemini-api/docs/video,
https://ai.google.dev/gemini-api/docs/troubleshooting and
https://ai.google.dev/gemini-api/docs/webhooks.
"""

import base64
from collections.abc import Iterator, Sequence

from msgspec.structs import replace
from rushes import (
    Answer,
    Answers,
    Call,
    Delivery,
    Event,
    Polling,
    Provider,
    Refusal,
    Result,
    Source,
    Status,
    Uploads,
    hookimpl,
    is_recent,
    is_signed,
    pick,
    pick_text,
    refusal_by_status,
)

PAGE = Source(
    "Google, Generate videos with Veo 3.1 in Gemini API",
    "https://ai.google.dev/gemini-api/docs/video",
)
FINISHED = ("response", "generateVideoResponse")
"""Where a finished operation has its videos, or why there are none."""
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
CONTENT = "nothing was made, and Google says no more"


@hookimpl
def parse_status(answer: Answer) -> Status | None:
    """Read an operation: it has no status word, and one that is done may have no video.

    The address of a video takes the key; it redirects to another host, which must not get it.
    """
    operation = answer.json()
    name, done = pick_text(operation, "name"), pick(operation, "done")
    if answer.status != 200:
        return None
    if done is not True:
        running = name is not None and (done is None or done is False)
        return Status(state="in_progress", remote_id=name) if running else None
    if (error := pick(operation, "error")) is not None:
        reason = pick_text(error, "message") or f"code {pick(error, 'code')}"
        return Status(state="failed", remote_id=name, reason=reason)
    made = pick(operation, *FINISHED)
    if not isinstance(made, dict):
        return None
    results = tuple(
        Result(call=Call.get(url), video=number) for number, url in enumerate(_addresses(made), 1)
    )
    if not results:
        reason = pick_text(made, "raiMediaFilteredReasons", 0) or CONTENT
        return Status(state="failed", remote_id=name, reason=reason)
    return Status(state="completed", remote_id=name, results=results)


def _addresses(made: object) -> Iterator[str]:
    """Yield the address of each video."""
    samples = pick(made, "generatedSamples")
    for sample in samples if isinstance(samples, list) else ():
        if url := pick_text(sample, "video", "uri"):
            yield url


@hookimpl
def parse_refusal(answer: Answer) -> Refusal:
    """Read an error: a wrong key is HTTP 400, and how long to wait stands in the body."""
    refusal = refusal_by_status(answer.status, answer)
    details = pick(answer.json(), "error", "details")
    for detail in details if isinstance(details, list) else ():
        if answer.status == 400 and pick(detail, "reason") == "API_KEY_INVALID":
            return replace(refusal, kind="key")
        delay = _seconds(pick_text(detail, "retryDelay"))
        if delay is not None and refusal.retry_after is None:
            refusal = replace(refusal, retry_after=delay)
    return refusal


def _seconds(duration: str | None) -> float | None:
    """Read a duration as Protocol Buffers write it in JSON: "34s", "1.5s"."""
    if duration is None or not duration.endswith("s"):
        return None
    number = duration.removesuffix("s")
    whole, _, part = number.partition(".")
    digits = f"{whole}{part}"
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        return None
    return float(number)


@hookimpl
def parse_webhook(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read an event that is signed as Standard Webhooks are; its data only point to the video.

    Webhooks that a request itself names are signed with a public key, and are not supported.
    """
    if any(not delivery.headers.get(name) for name in SIGNED):
        return None
    event, time, given = (delivery.headers[name] for name in SIGNED)
    signatures = [text.removeprefix("v1,") for text in given.split(" ") if text.startswith("v1,")]
    message = f"{event}.{time}.".encode("utf-8", "replace") + delivery.body
    if not is_signed(message, signatures, map(_key, secrets), encoding="base64"):
        return None
    if not is_recent(time, now):
        return None
    return Event(remote_id=pick_text(delivery.json(), "data", "id"), verified=True, id=event)


def _key(secret: str) -> bytes:
    """Return the bytes that a secret stands for; none if it is not one of Google's."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return b""


google = Provider(
    spec=2,
    id="google",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    authorization="x-goog-api-key: {key}",
    variables={"api_key": "GEMINI_API_KEY"},
    submit_path="/models",
    status_path="/{+id}",
    polling=Polling(first=15, every=10, at_most=1200),
    uploads=Uploads(
        types=("image/jpeg", "image/png"),
        max_bytes=20 * 1024 * 1024,  # the larger of the two meanings of MB
        inline={"bytesBase64Encoded": "{base64}", "mimeType": "{type}"},
        addresses=False,
    ),
    answers=Answers(task_id=("name",), words={}),
    facts=(
        "Videos are kept for 2 days.",
        "Prices were read on 2026-11-22; only a video that is made is billed.",
    ),
    hooks=(parse_status, parse_refusal, parse_webhook),
)
