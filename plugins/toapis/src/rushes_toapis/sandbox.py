"""ToAPIs as its pages describe it, for `rushes sandbox`; it knows nothing of the plugin.

One format for submit and status; error codes are words. The pages:
https://docs.toapis.com/docs/en/api-reference/videos
"""

import hashlib
import hmac
import json
import math
import re
import secrets
from collections.abc import Mapping
from typing import Any

from rushes_sandbox import (
    Backend,
    Check,
    GatewayTask,
    Incoming,
    Picture,
    Protocol,
    Refused,
    Reply,
    Route,
    Scene,
    Shot,
    Status,
    Submit,
    TaskView,
    Validation,
)
from rushes_sandbox.checks import (
    anything,
    aspect_ratio,
    boolean,
    http_url,
    integer_of,
    list_of,
    non_blank,
    object_of,
    one_of,
    public_url,
    text,
)

Json = dict[str, Any]

_PATH = "/v1/videos/generations"

# What is accepted.

#: How the omni model's prompt cites its images; only ASCII digits count, without leading zeros.
_CITATION = re.compile(r"<<<image_(0|[1-9][0-9]*)>>>")

_COMMON: dict[str, Check] = {
    "model": anything,
    "prompt": non_blank,
    "mode": one_of("std", "pro"),
    "aspect_ratio": aspect_ratio,
    "client_business_id": non_blank,
    "callback_url": http_url,
}
_ROLE = object_of(
    {"url": public_url, "role": one_of("first_frame", "last_frame", "reference_image")},
    "url",
    "role",
)
_FRAMES: dict[str, Check] = {
    **_COMMON,
    "reference_images": list_of(public_url),
    "image_with_roles": list_of(_ROLE),
    "audio": boolean,
}
_METADATA = object_of({"negative_prompt": text(), "watermark": boolean}, open_to_others=True)
_KLING_V3: dict[str, Check] = {
    **_FRAMES,
    "duration": integer_of(5, 10, 15),
    "metadata": _METADATA,
}
_KLING_V2_6: dict[str, Check] = {
    **_FRAMES,
    "prompt": text(longest=2500, may_be_blank=False),
    "duration": integer_of(5, 10),
    "negative_prompt": text(),
    "watermark": boolean,
}
_OMNI: dict[str, Check] = {
    **_COMMON,
    "duration": integer_of(5, 10),
    "image_urls": list_of(public_url),
    "metadata": object_of({}, open_to_others=True),
}


def _check_kling_v3(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _KLING_V3, required=("prompt",))
    _frames(body, validation)
    images = bool(body.get("reference_images")) or bool(body.get("image_with_roles"))
    if validation.valid("duration") and body.get("duration") == 15 and images:
        validation.add("duration", "15 seconds are for text only; with images at most 10")


def _check_kling_v2_6(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _KLING_V2_6, required=("prompt",))
    _frames(body, validation)
    if (
        validation.valid("audio", "mode")
        and body.get("audio") is True
        and body.get("mode") != "pro"
    ):
        validation.add("audio", "is available only in mode pro")


def _check_kling_v3_omni(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _OMNI, required=("prompt",))
    if not validation.valid("prompt", "image_urls"):
        return
    images = len(body.get("image_urls", []))
    for cited in _CITATION.finditer(body["prompt"]):
        # Only short numbers are parsed: there may be megabytes of digits.
        if len(cited[1]) > 6 or not 1 <= int(cited[1]) <= images:
            shown = cited[0] if len(cited[0]) <= 40 else "<<<image_…>>>"
            validation.add("prompt", f"cites {shown}, but image_urls has {images} images")
            return


def _prompt_with_citation(body: Mapping[str, Any]) -> str:
    """Return the omni model's prompt; if it cites no image, the first one is cited in front."""
    prompt = str(body["prompt"])
    if body.get("image_urls") and not _CITATION.search(prompt):
        return f"<<<image_1>>> {prompt}"
    return prompt


def _frames(body: Mapping[str, Any], validation: Validation) -> None:
    if not validation.valid("image_with_roles"):
        return
    roles = [item["role"] for item in body.get("image_with_roles", [])]
    for role in ("first_frame", "last_frame"):
        if roles.count(role) > 1:
            validation.add("image_with_roles", f"has more than one {role}")
    if "last_frame" in roles and "first_frame" not in roles:
        validation.add("image_with_roles", "has a last_frame without a first_frame")


# What the video shows.

_SHORT_SIDE = {"std": 720, "pro": 1080}
_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def _size(mode: str, ratio: str) -> tuple[int, int]:
    width, height = _RATIO[ratio]
    unit = _SHORT_SIDE[mode] // min(width, height)
    return width * unit, height * unit


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    omni = body["model"] == "kling-v3-omni"
    prompt = _prompt_with_citation(body) if omni else body["prompt"]
    width, height = _size(body.get("mode", "std"), body.get("aspect_ratio", "16:9"))
    roles = body.get("image_with_roles", [])
    frames = {item["role"]: item["url"] for item in roles}
    references = [
        *body.get("image_urls", []),
        *body.get("reference_images", []),
        *(item["url"] for item in roles if item["role"] == "reference_image"),
    ]
    # The omni model declares nothing inside its metadata, so nothing there is used.
    more = {} if omni else {**body, **body.get("metadata", {})}
    return Scene(
        variant=f"toapis / {body['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=(Shot(prompt, body.get("duration", 5)),),
        sound=body.get("audio", False),
        first=_optional(backend, frames.get("first_frame"), "first frame"),
        last=_optional(backend, frames.get("last_frame"), "last frame"),
        references=tuple(backend.picture(url, f"image {n}") for n, url in enumerate(references, 1)),
        negative_prompt=more.get("negative_prompt", ""),
        watermark=more.get("watermark", False),
    )


def _optional(backend: Backend, url: str | None, label: str) -> Picture | None:
    return backend.picture(url, label) if url else None


# What is answered.

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "insufficient_quota",
    404: "task_not_found",
    422: "content_policy_violation",
    429: "rate_limit_exceeded",
    500: "internal_error",
}


def _task(task: GatewayTask, state: str, progress: int) -> Json:
    return {
        "id": task.id,
        "object": "generation.task",
        "model": task.body["model"],
        "status": state,
        "progress": progress,
        "created_at": int(task.created),
        "metadata": {},
    }


def _submitted(view: TaskView) -> Json:
    return _task(view.task, "queued", 0)


def _status(view: TaskView) -> Json:
    body = _task(view.task, view.state, view.progress)
    if view.state == "completed":
        body["completed_at"] = view.completed
        body["expires_at"] = view.expires
        data = [{"url": view.url, "format": "mp4"}] if view.url else []
        body["result"] = {"type": "video", "data": data}
    if view.failure:
        body["error"] = {"code": "generation_failed", "message": view.failure}
    return body


def _find(incoming: Incoming, backend: Backend) -> list[GatewayTask]:
    """Find a task by its id, or by the client's own."""
    name = incoming.parameters["id"]
    task = backend.find(name)
    return [task] if task else backend.named(name)[:1]


def _client_id(incoming: Incoming) -> str | None:
    given = incoming.json.get("client_business_id")
    return given if isinstance(given, str) and given else None


def _upload(incoming: Incoming, backend: Backend) -> Json:
    file = incoming.files.get("file")
    if file is None:
        raise Refused(400, "the multipart field file is missing", "file")
    upload = backend.store(file.content, max_bytes=10 * 1024 * 1024, lifetime=math.inf)
    return {
        "success": True,
        "message": "uploaded",
        "data": {
            "id": upload.name.partition(".")[0],
            "url": backend.upload_url(upload),
            "mime_type": upload.type,
            "size": upload.size,
        },
    }


def _error(http: int, message: str, param: str) -> Json:
    code = _CODES.get(http, "invalid_request" if http < 500 else "internal_error")
    error: Json = {"code": code, "message": message, "type": f"{code}_error"}
    return {"error": {**error, "param": param} if param else error}


def _notify(view: TaskView, secret: str, now: float) -> Reply:
    about = {
        "task_id": view.task.id,
        "task_type": "video",
        "model": view.task.model,
        "status": view.state,
    }
    kind = "completed" if view.state == "completed" else "failed"
    body = json.dumps({"type": f"generation.{kind}", "data": about}).encode()
    event, time = f"evt_{view.task.token[:12]}", f"{now:.0f}"
    message = f"{event}.{time}.".encode() + body
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    headers = {
        "X-ToAPIs-Webhook-Id": event,
        "X-ToAPIs-Webhook-Timestamp": time,
        "X-ToAPIs-Webhook-Signature": f"v1={signature}",
    }
    return Reply(body, headers=headers)


protocol = Protocol(
    id="toapis",
    endpoints=(
        Submit(
            path=_PATH,
            models={
                "kling-v3": _check_kling_v3,
                "kling-v3-omni": _check_kling_v3_omni,
                "kling-v2-6": _check_kling_v2_6,
            },
            scene=_scene,
            answer=_submitted,
            task_id="id",
            new_id=lambda _: f"video_{secrets.token_hex(13).upper()}",
            client_id=_client_id,
            known_id="returned",
        ),
        # A client's own name for a task may contain slashes.
        Status(
            path=f"{_PATH}/{{id:path}}",
            answer=_status,
            find=_find,
            own_id="id",
            word="status",
            progress="progress",
        ),
        Route(method="POST", path="/v1/uploads/images", handle=_upload, step="upload"),
    ),
    error=_error,
    scenery="hills",
    notify=_notify,
    signed_with_secret=True,
    callback=lambda incoming: incoming.json.get("callback_url"),
)
