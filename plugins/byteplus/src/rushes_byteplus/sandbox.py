"""Seedance at BytePlus ModelArk as its pages describe it, for `rushes sandbox`.

It knows nothing of the plugin. The pages, read on 2026-11-22:
https://docs.byteplus.com/en/docs/ModelArk/1520757 (create), /1521309 (retrieve),
/1521675 (list), /1521720 (cancel or delete), /1544106 (prices), /1299023 (error codes).

The service ignores unknown fields; here they are refused, so that a mistake is found.
"""

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
    boolean,
    http_url,
    image_source,
    integer,
    is_integer,
    list_of,
    object_of,
    one_of,
    text,
)

Json = dict[str, Any]

_TASKS = "/contents/generations/tasks"
_PRO, _NEW = "seedance-1-5-pro-251215", "dreamina-seedance-2-0-260128"
_RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")
_SIZES = {
    "480p": ((864, 496), (752, 560), (640, 640), (560, 752), (496, 864), (992, 432)),
    "720p": ((1280, 720), (1112, 834), (960, 960), (834, 1112), (720, 1280), (1470, 630)),
    "1080p": ((1920, 1080), (1664, 1248), (1440, 1440), (1248, 1664), (1080, 1920), (2206, 946)),
    "4k": ((3840, 2160), (3326, 2494), (2880, 2880), (2494, 3326), (2160, 3840), (4398, 1886)),
}

# What is accepted.

_FRAMES = ("first_frame", "last_frame")
_KINDS: dict[str, tuple[Check, tuple[str, ...]]] = {
    "image_url": (image_source(data=True, handle="asset://"), (*_FRAMES, "reference_image")),
    "video_url": (image_source(handle="asset://"), ("reference_video",)),
    "audio_url": (image_source(data=True, handle="asset://"), ("reference_audio",)),
}
_FIELDS: dict[str, Check] = {
    "model": anything,
    "ratio": one_of(*_RATIOS, "adaptive"),
    "seed": integer(-1, 2**32 - 1),
    "watermark": boolean,
    "generate_audio": boolean,
    "return_last_frame": boolean,
    "callback_url": http_url,
    "execution_expires_after": integer(3600, 259200),
    "safety_identifier": text(longest=64),
}


def _seconds(low: int, high: int) -> Check:
    """Accept whole seconds within bounds, or -1: the model chooses."""

    def check(value: Any, path: str, validation: Validation) -> None:
        if not is_integer(value) or not (value == -1 or low <= value <= high):
            validation.add(path, f"must be an integer from {low} to {high}, or -1")

    return check


_OF_MODEL: dict[str, dict[str, Check]] = {
    _PRO: {
        "resolution": one_of("480p", "720p", "1080p"),
        "duration": _seconds(4, 12),
        "camera_fixed": boolean,
        "service_tier": one_of("default", "flex"),
        "draft": boolean,
    },
    _NEW: {
        "resolution": one_of("480p", "720p", "1080p", "4k"),
        "duration": _seconds(4, 15),
        "service_tier": one_of("default"),
        "priority": integer(0, 9),
    },
}


_DRAFT = object_of({"id": text(may_be_blank=False)}, "id")


def _part(value: Any, path: str, validation: Validation) -> None:
    """Accept one part of the content; which of them a model takes is seen from all together."""
    if not isinstance(value, Mapping):
        validation.add(path, "must be an object")
        return
    kind = value.get("type")
    fields: dict[str, Check] = {"type": anything}
    if kind == "text":
        fields["text"] = text(may_be_blank=False)
        validation.check_fields(value, path, fields, required=("text",))
    elif kind == "draft_task":
        fields["draft_task"] = _DRAFT
        validation.check_fields(value, path, fields, required=("draft_task",))
    elif isinstance(kind, str) and kind in _KINDS:
        source, roles = _KINDS[kind]
        fields |= {kind: object_of({"url": source}, "url"), "role": one_of(*roles)}
        validation.check_fields(value, path, fields, required=(kind,))
    else:
        validation.add(f"{path}.type", f"must be one of text, draft_task, {', '.join(_KINDS)}")


def _check(model: str) -> Any:
    fields = {**_FIELDS, "content": list_of(_part, least=1), **_OF_MODEL[model]}

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=("content",))
        if validation.valid("content"):
            _check_content(body["content"], model, validation)
        if model == _PRO and body.get("draft") is True:
            _check_draft(body, validation)

    return check


def _role(part: Mapping[str, Any]) -> str:
    only = {"video_url": "reference_video", "audio_url": "reference_audio"}
    return str(part.get("role", only.get(part["type"], "first_frame")))


def _check_content(content: list[Mapping[str, Any]], model: str, validation: Validation) -> None:
    if any(part["type"] == "draft_task" for part in content):
        if model != _PRO:
            validation.add("content", "this model takes no drafts")
        if len(content) > 1:
            validation.add("content", "a draft brings its own text and images along")
    else:
        _check_media(content, model, validation)


def _check_media(content: list[Mapping[str, Any]], model: str, validation: Validation) -> None:
    images = [part for part in content if part["type"] == "image_url"]
    roles = [_role(part) for part in content if part["type"] != "text"]
    if len(images) > 1 and any("role" not in part for part in images):
        validation.add("content", "role must be specified for image contents")
    for frame in _FRAMES:
        if roles.count(frame) > 1:
            validation.add("content", f"expected at most one {frame} image content")
    if "last_frame" in roles and "first_frame" not in roles:
        validation.add("content", "has a last frame without a first frame")
    references = [role for role in roles if role not in _FRAMES]
    if references and len(references) < len(roles):
        message = "first/last frame content cannot be mixed with reference media content"
        validation.add("content", message)
    if references and model == _PRO:
        validation.add("content", "this model takes no references")
    _check_references(references, validation)
    if not roles and not any(part["text"].strip() for part in content):
        validation.add("content", "needs a text, an image or a video")


def _check_references(roles: list[str], validation: Validation) -> None:
    for role, most in (("reference_image", 9), ("reference_video", 3), ("reference_audio", 3)):
        if roles.count(role) > most:
            validation.add("content", f"has more than {most} {role}s")
    if set(roles) == {"reference_audio"}:
        validation.add("content", "sounds need an image or a video beside them")


def _check_draft(body: Mapping[str, Any], validation: Validation) -> None:
    if _resolution(body) != "480p":
        validation.add("resolution", "must be 480p for a draft")
    if body.get("return_last_frame") or body.get("service_tier") == "flex":
        validation.add("draft", "excludes return_last_frame and service_tier flex")


# What the video shows.


_OF_DRAFTS = ("content", "generate_audio", "seed", "ratio", "duration", "camera_fixed")
"""What a video that is made from a draft has from it."""


def _with_draft(body: Mapping[str, Any], backend: Backend) -> Mapping[str, Any]:
    """Return a body with what the draft brings along that it names, if it names one."""
    part = body["content"][0]
    if part["type"] != "draft_task":
        return body
    draft = backend.find(part["draft_task"]["id"])
    if draft is None or not draft.body.get("draft") or not backend.view(draft).url:
        raise Refused(400, "is not the id of a finished draft", "content.draft_task.id")
    return {**body, **{name: draft.body[name] for name in _OF_DRAFTS if name in draft.body}}


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = _with_draft(incoming.json, backend)
    prompt = " ".join(part["text"] for part in body["content"] if part["type"] == "text")
    pictures: dict[str, list[Picture]] = {}
    for part in body["content"]:
        if part["type"] == "image_url":
            role = _role(part)
            shown = backend.picture(part["image_url"]["url"], role.replace("_", " "))
            pictures.setdefault(role, []).append(shown)
    width, height = _size(body)
    return Scene(
        variant=f"byteplus / {body['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=(Shot(prompt, _duration(body)),),
        sound=body.get("generate_audio", True),
        first=next(iter(pictures.get("first_frame", [])), None),
        last=next(iter(pictures.get("last_frame", [])), None),
        references=tuple(pictures.get("reference_image", [])),
        watermark=body.get("watermark", False),
    )


def _size(body: Mapping[str, Any]) -> tuple[int, int]:
    ratio = str(body.get("ratio", "adaptive"))
    return _SIZES[_resolution(body)][_RATIOS.index("16:9" if ratio == "adaptive" else ratio)]


def _resolution(body: Mapping[str, Any]) -> str:
    return str(body.get("resolution", "480p" if body.get("draft") else "720p"))


def _ratio(scene: Scene, resolution: str) -> str:
    return _RATIOS[_SIZES[resolution].index((scene.width, scene.height))]


def _duration(body: Mapping[str, Any]) -> int:
    seconds = int(body.get("duration", 5))
    return 5 if seconds == -1 else seconds


def _tokens(scene: Scene) -> int:
    return round(scene.width * scene.height * (24 * scene.seconds + 1) / 1024)


def _price(incoming: Incoming, scene: Scene) -> float:
    """Return USD by tokens; a rate is for a million of them."""
    body = incoming.json
    if body["model"] == _PRO:
        rate = 2.4 if scene.sound else 1.2
        rate /= 2 if body.get("service_tier") == "flex" else 1
    else:
        clip = any(part["type"] == "video_url" for part in body["content"])
        rates = {"1080p": (7.7, 4.7), "4k": (4.0, 2.4)}
        rate = rates.get(_resolution(body), (7.0, 4.3))[clip]
    return round(_tokens(scene) * rate / 1_000_000, 6)


# What is answered.

_WORDS = {"in_progress": "running", "completed": "succeeded"}


def _submitted(view: TaskView) -> Json:
    return {"id": view.task.id}


def _status(view: TaskView) -> Json:
    task, body = view.task, view.task.body
    now = int(task.created)
    told: Json = {
        "id": task.id,
        "model": task.model,
        "status": _WORDS.get(view.state, view.state),
        "error": None,
        "content": None,
        "created_at": now,
        "updated_at": view.completed or now,
        "service_tier": body.get("service_tier", "default"),
        "execution_expires_after": body.get("execution_expires_after", 172800),
    }
    if view.failure and view.state == "failed":
        code = "OutputVideoSensitiveContentDetected.PolicyViolation"
        told["error"] = {"code": code, "message": view.failure}
    if view.state == "completed":
        told["content"] = {"video_url": view.url} if view.url else {}
        tokens = _tokens(task.requested)
        told |= {
            "usage": {"completion_tokens": tokens, "total_tokens": tokens},
            "seed": body.get("seed", 12345),
            "resolution": _resolution(body),
            "ratio": _ratio(task.requested, _resolution(body)),
            "duration": task.requested.seconds,
            "framespersecond": 24,
            "generate_audio": task.requested.sound,
            "output_format": "mp4",
        }
    return told


def _listed(incoming: Incoming, backend: Backend) -> list[GatewayTask]:
    """Find the tasks of a page: here only by ids, of which the query has one parameter each."""
    size = incoming.query.get("page_size", "10")
    if not (size.isdecimal() and 1 <= int(size) <= 500):
        raise Refused(400, "must be from 1 to 500", "page_size")
    ids = incoming.every("filter.task_ids")
    return [task for own in ids if (task := backend.find(own))][: int(size)]


def _page(told: list[Json]) -> Json:
    return {"items": told, "total": len(told)}


def _delete(incoming: Incoming, backend: Backend) -> Reply:
    """Cancel a queued task; erase an ended one."""
    task: GatewayTask | None = backend.find(incoming.parameters["id"])
    if task is None:
        raise Refused(404, "The requested task was not found")
    state = backend.view(task).state
    if state == "queued":
        backend.cancel(task)
    elif state == "in_progress":
        message = f"Cannot delete task `{task.id}` because it is currently running."
        error = {"code": "InvalidAction.RunningTaskDeletion", "message": message}
        return Reply({"error": error}, 409)
    elif state == "cancelled":
        raise Refused(400, "A cancelled task cannot be deleted")
    else:
        backend.erase(task)
    return Reply({})


_CODES = {
    400: "InvalidParameter",
    401: "AuthenticationError",
    402: "AccountOverdueError",
    403: "AccessDenied",
    404: "NotFound",
    422: "InputTextSensitiveContentDetected",
    429: "RateLimitExceeded.EndpointRPMExceeded",
}
_HTTP = {402: 403, 422: 400}


def _error(http: int, message: str, param: str) -> Reply:
    code = _CODES.get(http, "InvalidParameter" if http < 500 else "InternalServiceError")
    words = f"{message} Request id: {secrets.token_hex(8)}"
    error: Json = {"code": code, "message": words, "param": param, "type": "BadRequest"}
    return Reply({"error": error}, _HTTP.get(http, http))


def _notify(view: TaskView, _secret: str, _now: float) -> Reply:
    """Send what a question is answered, unsigned."""
    return Reply(_status(view))


protocol = Protocol(
    id="byteplus",
    endpoints=(
        Submit(
            path=_TASKS,
            models={model: _check(model) for model in _OF_MODEL},
            scene=_scene,
            answer=_submitted,
            task_id="id",
            new_id=lambda _: f"cgt-20261122120000-{secrets.token_hex(5)}",
            price=_price,
        ),
        Status(path=f"{_TASKS}/{{id}}", answer=_status, own_id="id", word="status"),
        Status(
            path=_TASKS,
            answer=_status,
            find=_listed,
            together=_page,
            own_id="items[0].id",
            word="items[0].status",
        ),
        Route(method="DELETE", path=f"{_TASKS}/{{id}}", handle=_delete),
    ),
    error=_error,
    max_bytes=64 * 1024 * 1024,
    scenery="mesas",
    notify=_notify,
    # "When the task's status changes", whichever that is.
    notifies_of=frozenset({"queued", "in_progress", "completed", "failed", "expired"}),
    callback=lambda incoming: incoming.json.get("callback_url"),
)
