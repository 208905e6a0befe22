"""APIMart as its pages describe it, for `rushes sandbox`; it knows nothing of the plugin.

Answers in an envelope with a code; error codes are HTTP statuses.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from rushes_sandbox import (
    Backend,
    Check,
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
    blank,
    boolean,
    http_url,
    integer,
    list_of,
    non_blank,
    object_of,
    one_of,
    public_url,
    text,
)

Json = dict[str, Any]

# What is accepted.

#: The duration without the field, in seconds.
_DURATION = 5

_SHOT = object_of(
    {
        "index": integer(1),
        "prompt": text(longest=512, may_be_blank=False),
        "duration": integer(1),
    },
    "index",
    "prompt",
    "duration",
)
_SUBJECT = object_of(
    {
        "name": non_blank,
        "description": non_blank,
        "element_input_urls": list_of(public_url, least=2, most=4),
    },
    "name",
    "description",
    "element_input_urls",
)
_FIELDS: dict[str, Check] = {
    "model": anything,
    "prompt": text(),
    "mode": one_of("std", "pro", "4k"),
    "duration": integer(3, 15),
    "aspect_ratio": aspect_ratio,
    "negative_prompt": text(),
    "image_urls": list_of(public_url, most=2),
    "watermark": boolean,
    "audio": boolean,
    "multi_shot": boolean,
    "shot_type": one_of("customize", "intelligence"),
    "multi_prompt": list_of(_SHOT, most=6),
    "element_list": list_of(_SUBJECT, most=3),
    "webhook": http_url,
}


def _check_kling_v3(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _FIELDS)
    if not validation.valid("multi_shot"):
        return
    if body.get("multi_shot", False):
        _multiple_shots(body, validation)
    else:
        _one_shot(body, validation)


def _needs_prompt(body: Mapping[str, Any], validation: Validation, why: str) -> None:
    if validation.valid("prompt") and blank(body.get("prompt", "")):
        validation.add("prompt", f"is required and must not be blank{why}")


def _one_shot(body: Mapping[str, Any], validation: Validation) -> None:
    _needs_prompt(body, validation, "")
    if "shot_type" in body and validation.valid("shot_type"):
        validation.add("shot_type", "needs multi_shot to be true")
    if body.get("multi_prompt") and validation.valid("multi_prompt"):
        validation.add("multi_prompt", "needs multi_shot to be true")


def _multiple_shots(body: Mapping[str, Any], validation: Validation) -> None:
    kind = body.get("shot_type")
    if "shot_type" not in body:
        validation.add("shot_type", "is required when multi_shot is true")
    if not validation.valid("shot_type"):
        return
    if kind == "intelligence":
        _needs_prompt(body, validation, " with shot_type intelligence")
        if body.get("multi_prompt"):
            validation.add("multi_prompt", "is not accepted with shot_type intelligence")
    elif validation.valid("multi_prompt"):
        _custom_shots(body, validation)


def _custom_shots(body: Mapping[str, Any], validation: Validation) -> None:
    shots = body.get("multi_prompt", [])
    if not shots:
        validation.add("multi_prompt", "is required with shot_type customize: 1 to 6 shots")
        return
    if [shot["index"] for shot in shots] != list(range(1, len(shots) + 1)):
        validation.add("multi_prompt", "must have the indexes 1, 2, 3 and so on, in order")
    total = sum(shot["duration"] for shot in shots)
    duration = body.get("duration", _DURATION)
    if validation.valid("duration") and total != duration:
        validation.add(
            "multi_prompt", f"has shots of {total} seconds in all, but duration is {duration}"
        )


# What the video shows.

_SHORT_SIDE = {"std": 720, "pro": 1080, "4k": 2160}
_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def _size(mode: str, ratio: str) -> tuple[int, int]:
    width, height = _RATIO[ratio]
    unit = _SHORT_SIDE[mode] // min(width, height)
    return width * unit, height * unit


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    prompt = body.get("prompt", "")
    seconds = body.get("duration", _DURATION)
    shots = [Shot(prompt, seconds)]
    if body.get("multi_shot") and body["shot_type"] == "customize":
        shots = [Shot(shot["prompt"], shot["duration"]) for shot in body["multi_prompt"]]
    elif body.get("multi_shot"):
        count = max(2, min(4, seconds // 3))
        shots = [Shot(prompt, seconds / count)] * count
    frames = [*body.get("image_urls", []), None, None]
    width, height = _size(body.get("mode", "std"), body.get("aspect_ratio", "16:9"))
    return Scene(
        variant=f"apimart / {body['model']}",
        prompt=prompt if prompt.strip() else shots[0].prompt,
        width=width,
        height=height,
        shots=tuple(shots),
        sound=body.get("audio", False),
        first=_optional(backend, frames[0], "first frame"),
        last=_optional(backend, frames[1], "last frame"),
        references=tuple(
            backend.picture(subject["element_input_urls"][0], f"@{subject['name']}")
            for subject in body.get("element_list", [])
        ),
        negative_prompt=body.get("negative_prompt", ""),
        watermark=body.get("watermark", False),
    )


def _optional(backend: Backend, url: str | None, label: str) -> Picture | None:
    return backend.picture(url, label) if url else None


# What is answered.

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "payment_required",
    403: "permission_error",
    404: "not_found_error",
    409: "idempotency_error",
    413: "request_too_large",
    429: "rate_limit_error",
}
_STATES = {"queued": "pending", "in_progress": "processing"}

#: The gateway's credits for one US dollar.
_CREDITS_PER_DOLLAR = 10


def _submitted(view: TaskView) -> Json:
    return {"code": 200, "data": [{"status": "submitted", "task_id": view.task.id}]}


def _status(view: TaskView) -> Json:
    task = view.task
    data: Json = {
        "id": task.id,
        "status": _STATES.get(view.state, view.state),
        "progress": view.progress,
        "created": int(task.created),
        "estimated_time": round(task.requested.seconds * 20),
        "cost": task.cost,
        "credits_cost": round(task.cost * _CREDITS_PER_DOLLAR, 3),
    }
    if view.state == "completed":
        data["completed"] = view.completed
        data["actual_time"] = view.completed - int(task.created)
        video = {"url": [view.url] if view.url else [], "expires_at": view.expires}
        data["result"] = {"videos": [video]}
    if view.failure:
        data["error"] = {"code": 500, "message": view.failure, "type": "generation_failed"}
    return {"code": 200, "data": data}


def _upload(incoming: Incoming, backend: Backend) -> Json:
    file = incoming.files.get("file")
    if file is None:
        raise Refused(400, "the multipart field file is missing", "file")
    upload = backend.store(file.content, max_bytes=20 * 1024 * 1024, lifetime=72 * 60 * 60)
    return {
        "url": backend.upload_url(upload),
        "filename": file.name,
        "content_type": upload.type,
        "bytes": upload.size,
        "created_at": upload.created,
    }


def _balance(_incoming: Incoming, backend: Backend) -> Json:
    """Tell what is left, in USD; null for no limit."""
    spent, left = backend.spent
    data = {
        "balance": None if left is None else round(left, 4),
        "used": round(spent, 4),
        "currency": "USD",
    }
    return {"code": 200, "data": data}


def _error(http: int, message: str, param: str) -> Json:
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    error: Json = {"code": http, "message": message, "type": kind}
    return {"error": {**error, "param": param} if param else error}


def _notify(view: TaskView, _secret: str, _now: float) -> Reply:
    """Send what a question is answered, unsigned."""
    return Reply(_status(view))


def _callback(incoming: Incoming) -> str | None:
    """Add to the address what the gateway adds."""
    base = incoming.json.get("webhook")
    return f"{base.rstrip('/')}/callback" if base else None


protocol = Protocol(
    id="apimart",
    endpoints=(
        Submit(
            path="/v1/videos/generations",
            models={"kling-v3": _check_kling_v3},
            scene=_scene,
            answer=_submitted,
            task_id="data[0].task_id",
            new_id=lambda _: f"task_{secrets.token_hex(13).upper()}",
            client_id=lambda incoming: incoming.headers.get("idempotency-key") or None,
            known_id="returned for the same body",
        ),
        Status(
            path="/v1/tasks/{id:path}",
            answer=_status,
            own_id="data.id",
            word="data.status",
            progress="data.progress",
        ),
        Route(method="POST", path="/v1/uploads/images", handle=_upload, step="upload"),
        Route(method="GET", path="/v1/balance", handle=_balance),
    ),
    error=_error,
    scenery="dunes",
    notify=_notify,
    callback=_callback,
)
