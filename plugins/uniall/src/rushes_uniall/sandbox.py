"""UniAll as its page describes it, for `rushes sandbox`; it knows nothing of the plugin.

The page shows an empty answer, so the simplest plausible format is used. Four models differ in size
and sound only.
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
    Scene,
    Shot,
    Status,
    Submit,
    TaskView,
    Validation,
)
from rushes_sandbox.checks import (
    a_list,
    anything,
    aspect_ratio,
    blank,
    integer,
    list_of,
    non_blank,
    number,
    object_of,
    one_of,
    public_url,
    text,
)

Json = dict[str, Any]

_MODELS = (
    "kling-v3-std-silent",
    "kling-v3-std-audio",
    "kling-v3-pro-silent",
    "kling-v3-pro-audio",
)

# What is accepted.

_EXTRA: dict[str, Check] = {
    "cfg_scale": number(0, 1),
    "shot_type": one_of("customize", "intelligent"),
    "negative_prompt": text(),
    "multi_prompt": list_of(object_of({"prompt": non_blank}, "prompt"), most=6),
    "element_list": a_list,
}
_FIELDS: dict[str, Check] = {
    "model": anything,
    "prompt": text(),
    "image": public_url,
    "last_image": public_url,
    "aspect_ratio": aspect_ratio,
    "duration": integer(3, 15),
    "extra_body": object_of(_EXTRA, open_to_others=True),
}


def _check(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _FIELDS)
    if "last_image" in body and "image" not in body:
        validation.add("last_image", "needs image, the first frame")
    if not validation.valid("prompt", "extra_body"):
        return
    shots = body.get("extra_body", {}).get("multi_prompt")
    has_prompt = not blank(body.get("prompt", ""))
    if not shots:
        if not has_prompt:
            validation.add("prompt", "is required unless extra_body.multi_prompt is given")
        return
    if has_prompt:
        validation.add("prompt", "and extra_body.multi_prompt cannot be combined")
    if "image" not in body:
        validation.add("extra_body.multi_prompt", "needs image")


# What the video shows.

_SHORT_SIDE = {"std": 720, "pro": 1080}
_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def _size(mode: str, ratio: str) -> tuple[int, int]:
    width, height = _RATIO[ratio]
    unit = _SHORT_SIDE[mode] // min(width, height)
    return width * unit, height * unit


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    _, _, mode, sound = body["model"].split("-")
    extra = body.get("extra_body", {})
    seconds = body.get("duration", 5)
    listed = [shot["prompt"] for shot in extra.get("multi_prompt", [])]
    shots = [Shot(prompt, seconds / len(listed)) for prompt in listed]
    prompt = listed[0] if listed else body["prompt"]
    width, height = _size(mode, body.get("aspect_ratio", "16:9"))
    return Scene(
        variant=f"uniall / {body['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=tuple(shots) or (Shot(prompt, seconds),),
        sound=sound == "audio",
        first=_optional(backend, body.get("image"), "first frame"),
        last=_optional(backend, body.get("last_image"), "last frame"),
        negative_prompt=extra.get("negative_prompt", ""),
    )


def _optional(backend: Backend, url: str | None, label: str) -> Picture | None:
    return backend.picture(url, label) if url else None


# What is answered.

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    404: "not_found",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}


def _submitted(view: TaskView) -> Json:
    return {"id": view.task.id, "model": view.task.model, "status": "queued", "progress": 0}


def _status(view: TaskView) -> Json:
    body: Json = {
        "id": view.task.id,
        "model": view.task.model,
        "status": view.state,
        "progress": view.progress,
        "created_at": int(view.task.created),
        "error": None,
    }
    if view.state == "completed":
        body["completed_at"] = view.completed
        body["expires_at"] = view.expires
        if view.url:
            body["video_url"] = view.url
    if view.failure:
        body["error"] = {"code": "generation_failed", "message": view.failure}
    return body


def _error(http: int, message: str, param: str) -> Json:
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    error: Json = {"code": kind, "message": message, "type": kind}
    return {"error": {**error, "param": param} if param else error}


protocol = Protocol(
    id="uniall",
    endpoints=(
        Submit(
            path="/v1/video/generations",
            models=dict.fromkeys(_MODELS, _check),
            scene=_scene,
            answer=_submitted,
            task_id="id",
            new_id=lambda _: f"video_{secrets.token_hex(13).upper()}",
        ),
        Status(
            path="/v1/videos/{id:path}",
            answer=_status,
            own_id="id",
            word="status",
            progress="progress",
        ),
    ),
    error=_error,
    scenery="peaks",
)
