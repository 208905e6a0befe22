"""What Kling's models of the older generation share: the model's name is in the body.

A task is asked for, by its id or by ours, at the address that it was submitted to:
https://kling.ai/document-api/apiReference/model/textToVideo and .../imageToVideo
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from rushes import (
    Always,
    Answer,
    Answers,
    Call,
    Delivery,
    Event,
    PublicURL,
    Receipt,
    Steps,
    Task,
    To,
    Token,
    TransportText,
    TransportURL,
    Variant,
    absent,
    hookimpl,
    pick,
    pick_number,
    pick_text,
)
from rushes.rules import Rule
from rushes.vocabulary import needs, not_together, remark

from rushes_kling.shared import CODES, PAGES, Watermark, event, images, provider

NO_SUCH_TASK = 1203
HALF_AN_HOUR = 1800


@hookimpl
def token(secrets: Mapping[str, str], now: float) -> Token | None:
    """Sign a JWT (RFC 7519) with the secret key; an API key is sent as it is."""
    if "access_key" not in secrets:
        return None
    ends = int(now) + HALF_AN_HOUR
    claims = {"iss": str(secrets["access_key"]), "exp": ends, "nbf": int(now) - 5}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.digest(secrets["secret_key"].encode(), signed.encode(), "sha256")
    return Token(f"{signed}.{_text(signature)}", expires_at=ends)


def _part(value: Mapping[str, Any]) -> str:
    return _text(msgspec.json.encode(value))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().replace("=", "")


def address(variant: Variant, task: Task, name: str) -> str:
    """Return where a task is asked for, by its id or ours: tasks are kept by what made them."""
    of_image = task.call is not None and task.call.url.endswith("/image2video")
    kind = "image2video" if of_image else "text2video"
    return variant.url(f"/v1/videos/{kind}/{{id}}", id=name)


@hookimpl
def poll(variant: Variant, receipt: Receipt, task: Task) -> Steps[Answer]:
    """Ask for a task by its id."""
    answer = yield Call.get(address(variant, task, receipt.remote_id))
    return answer


@hookimpl
def look_up(variant: Variant, client_id: str, task: Task) -> Steps[list[Receipt] | None]:
    """Ask for a task by our id, in the same place; the answer only counts if it has that id."""
    answer = yield Call.get(address(variant, task, client_id))
    body = answer.json()
    if answer.status == 404 or pick(body, "code") == NO_SUCH_TASK:
        return []
    remote_id = pick_text(body, "data", "task_id")
    ours = pick(body, "data", "task_info", "external_task_id") == client_id
    if answer.status >= 300 or remote_id is None or not ours:
        return None
    created = pick_number(body, "data", "created_at")
    return [Receipt(remote_id, created_at=None if created is None else created / 1000)]


@hookimpl
def parse_webhook(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read a callback: what a poll would have as `data`."""
    body = delivery.json()
    return event(delivery, secrets, now, pick_text(body, "task_id"), body)


legacy = provider(
    submit_path="/v1/videos/text2video",
    submit_paths={"frame control": "/v1/videos/image2video"},
    status_path="/v1/videos/text2video/{id}",
    secrets=(("api_key",), ("access_key", "secret_key")),
    client_id_field="external_task_id",
    callback_field="callback_url",
    model_field="model_name",
    uploads=images(10),
    answers=Answers(
        task_id=("data.task_id",),
        created_at="created_at",
        milliseconds=True,
        task="data",
        own_id=("task_id",),
        status="task_status",
        words={
            "submitted": "queued",
            "processing": "in_progress",
            "succeed": "completed",
            "failed": "failed",
        },
        videos=("task_result.videos[].url",),
        reason=("task_status_msg",),
        error=("message",),
        codes=CODES,
    ),
    hooks=(token, poll, look_up, parse_webhook),
)
IMAGE_PAGE = f"{PAGES}/apiReference/model/imageToVideo"


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the bodies of all models have in common, with an image or without one."""

    model_name: str
    prompt: Annotated[str, Meta(max_length=2500)] = absent("")
    negative_prompt: Annotated[str, Meta(max_length=2500)] = absent("")
    image: PublicURL = absent("")
    image_tail: PublicURL = absent("")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    sound: Literal["on", "off"] = absent("off")
    watermark_info: Watermark = absent(Watermark())
    callback_url: TransportURL = absent()
    external_task_id: TransportText = absent()


FIELDS: Mapping[str, Any] = {
    "prompt": To("prompt"),
    "negative_prompt": To("negative_prompt"),
    "aspect_ratio": To("aspect_ratio"),
    "images.first_frame": To("image"),
    "images.last_frame": To("image_tail"),
    "audio": To("sound", values={True: "on", False: "off"}),
    "watermark": Always(False),
}
"""Where the common fields go, for all models."""

RULES: tuple[Rule, ...] = (
    needs(
        "image_tail",
        "image",
        says="A last frame alone is not supported.",
        name="last_frame_needs_first",
    ),
    not_together(
        "aspect_ratio",
        "image",
        says="The image sets the ratio: image-to-video has no {aspect_ratio}.",
        name="image_sets_the_ratio",
    ),
    remark(
        "watermark_info",
        "the video with the watermark is a second one, and is not fetched",
        when="watermark_info.enabled",
        name="watermarked_copy_stays",
    ),
)
"""What holds for all models."""


def input_mode(payload: Any) -> str:
    """Return the input mode, which decides the address."""
    return "frame control" if payload.image else "text"
