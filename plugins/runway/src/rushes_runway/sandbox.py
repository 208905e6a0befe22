"""Runway as its pages describe it, for `rushes sandbox`; it knows nothing of the plugin.

The pages: https://docs.dev.runwayml.com/api (calls and answers), /assets/uploads, /errors/errors,
read on 2026-11-22.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

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
    image_source,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    text,
    utf16_units,
)

Json = dict[str, Any]

VERSION = "2024-11-06"
_DOCS = "https://docs.dev.runwayml.com/api"

# What is accepted.

_IMAGE = image_source(https_only=True, data=True, handle="runway://", longest=2048)
_KEYFRAME = object_of({"uri": _IMAGE, "position": one_of("first", "last")}, "uri", "position")
_SEGMENT = object_of(
    {"prompt": text(may_be_blank=False), "duration": integer(1, 15)}, "prompt", "duration"
)
_KLING_RATIOS = {
    "kling3.0_pro": ("1920:1080", "1080:1920", "1440:1440"),
    "kling3.0_standard": ("1280:720", "720:1280", "960:960"),
}
_WIDE = ("1280:720", "720:1280")
_FROM_IMAGE = (*_WIDE, "1104:832", "960:960", "832:1104", "1584:672")


def _images(most: int) -> Check:
    """Accept an image, or a list of keyframes of which the first frame is one."""
    listed = list_of(_KEYFRAME, least=1, most=most)

    def check(value: Any, path: str, validation: Validation) -> None:
        if not isinstance(value, list):
            _IMAGE(value, path, validation)
            return
        listed(value, path, validation)
        if not validation.valid(path):
            return
        positions = [item["position"] for item in value]
        if positions.count("first") != 1 or positions.count("last") > most - 1:
            last = " and at most one last" if most > 1 else ""
            validation.add(path, f"must have one first frame{last}")

    return check


def _gen4_5(*, with_image: bool) -> Any:
    fields: dict[str, Check] = {
        "model": anything,
        "promptText": text(longest=1000, length=utf16_units, may_be_blank=False),
        "ratio": one_of(*(_FROM_IMAGE if with_image else _WIDE)),
        "duration": integer(2, 10),
        "seed": integer(0, 2**32 - 1),
        "contentModeration": object_of({"publicFigureThreshold": one_of("auto", "low")}),
        # The other formats are archives and .mov files, which a stand-in does not make.
        "outputFormat": one_of("mp4", "hdr10", "hlg", "sdr_rec709_10bit"),
    }
    required = ["promptText", "ratio", "duration"]
    if with_image:
        fields["promptImage"] = _images(1)
        required.append("promptImage")

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=required)

    return check


def _kling(model: str, *, with_image: bool) -> Any:
    settings = object_of(
        {
            "shotType": one_of("intelligence", "customize"),
            "multiPrompt": list_of(_SEGMENT, most=6),
        }
    )
    fields: dict[str, Check] = {
        "model": anything,
        "promptText": text(longest=2500, length=utf16_units),
        "ratio": one_of(*_KLING_RATIOS[model]),
        "duration": integer(3, 15),
        "audio": boolean,
        "cfgScale": number(0, 1),
        "providerSettings": settings,
    }
    required = ["promptImage"] if with_image else ["ratio"]
    # An empty list is none; clients leave it out.
    fields["promptImage"] = _images(2) if with_image else list_of(_KEYFRAME, most=0)

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=required)
        if validation.valid("providerSettings", "promptText"):
            _check_shots(body, validation)

    return check


def _check_shots(body: Mapping[str, Any], validation: Validation) -> None:
    settings = body.get("providerSettings", {})
    shots = settings.get("multiPrompt", [])
    if shots and not 3 <= sum(shot["duration"] for shot in shots) <= 15:
        validation.add("providerSettings.multiPrompt", "must last from 3 to 15 seconds in all")
    customized = shots and settings.get("shotType") != "intelligence"
    if not customized and not body.get("promptText", "").strip():
        validation.add("promptText", "is required unless multiPrompt is given")


# What the video shows.


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    prompt = body.get("promptText", "")
    default = _KLING_RATIOS.get(body["model"], _WIDE)[0]
    width, height = map(int, body.get("ratio", default).split(":"))
    settings = body.get("providerSettings", {})
    listed = settings.get("multiPrompt", [])
    shots = tuple(Shot(each["prompt"], each["duration"]) for each in listed)
    first, last = _frames(body.get("promptImage"), backend)
    return Scene(
        variant=f"runway / {body['model']}",
        prompt=prompt or (shots[0].prompt if shots else ""),
        width=width,
        height=height,
        shots=shots or (Shot(prompt, body.get("duration", 5)),),
        sound=body.get("audio", False),
        first=first,
        last=last,
    )


def _frames(given: Any, backend: Backend) -> tuple[Picture | None, Picture | None]:
    listed = [{"uri": given, "position": "first"}] if isinstance(given, str) else given or []
    found = {
        item["position"]: backend.picture(item["uri"], f"{item['position']} frame")
        for item in listed
    }
    return found.get("first"), found.get("last")


_CREDITS = {
    "gen4.5": (12, 12),
    "kling3.0_pro": (12, 17),
    "kling3.0_standard": (9, 13),
}
"""A second, silent and with sound; a credit is a cent."""
_CREDITS_OF_TEN_BITS = 20
"""A second of Gen-4.5 in another format than MP4, in addition."""


def _price(incoming: Incoming, scene: Scene) -> float:
    silent, with_sound = _CREDITS[str(incoming.json["model"])]
    cents = with_sound if scene.sound else silent
    if incoming.json.get("outputFormat", "mp4") != "mp4":
        cents += _CREDITS_OF_TEN_BITS
    return round(cents * scene.seconds / 100, 2)


# What is answered.


def _submitted(view: TaskView) -> Json:
    return {"id": view.task.id, "estimatedCost": {"credits": round(view.task.cost * 100)}}


_WORDS = {
    "queued": "PENDING",
    "in_progress": "RUNNING",
    "completed": "SUCCEEDED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}


def _status(view: TaskView) -> Json:
    task = view.task
    created = datetime.fromtimestamp(task.created, UTC).isoformat(timespec="milliseconds")
    word = _WORDS[view.state]
    told: Json = {"id": task.id, "createdAt": created.replace("+00:00", "Z"), "status": word}
    charged = {"credits": round(task.cost * 100)}
    if not view.ended:
        told["estimatedCost"] = charged
    if view.state == "in_progress":
        told["progress"] = view.progress / 100
    if view.state == "completed":
        told |= {"cost": charged, "output": [view.url] if view.url else []}
    if view.state in ("failed", "cancelled"):
        told["cost"] = {"credits": 0}
    if view.state == "failed":
        told |= {"failure": view.failure, "failureCode": "SAFETY.OUTPUT.THIRD_PARTY"}
    return told


def _remove(incoming: Incoming, backend: Backend) -> Reply:
    """Cancel a task that is alive; delete an ended one, with its video."""
    task: GatewayTask | None = backend.find(incoming.parameters["id"])
    if task is None:
        raise Refused(404, "Task not found")
    if not backend.view(task).ended:
        backend.cancel(task)
    backend.erase(task)
    return Reply(None, 204)


_UPLOAD_LIMIT = 200 * 1024 * 1024


def _upload(incoming: Incoming, backend: Backend) -> Json:
    """Say where a file is to be sent; the handle works once it is there."""
    body = incoming.json
    name, kind = body.get("filename"), body.get("type")
    if not isinstance(name, str) or not name:
        raise Refused(400, "must be a file's name", "filename")
    if kind != "ephemeral":
        raise Refused(400, "must be ephemeral", "type")
    handle = f"{uuid.uuid4()}"
    return {
        "uploadUrl": f"{backend.storage_url}/ephemeral",
        "fields": {"key": handle, "policy": quote(name)},
        "runwayUri": f"runway://{handle}",
    }


def _store(incoming: Incoming, backend: Backend) -> Reply:
    """Take a file at the storage, which needs all the fields and no key."""
    file = incoming.files.get("file")
    handle = incoming.fields.get("key", "")
    if file is None or "policy" not in incoming.fields or not _is_uuid(handle):
        raise Refused(403, "the form lacks a field, or the file")
    backend.store(file.content, max_bytes=_UPLOAD_LIMIT, lifetime=24 * 60 * 60, name=handle)
    return Reply(None, 204)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _version(incoming: Incoming) -> None:
    if incoming.headers.get("x-runway-version") != VERSION:
        raise Refused(400, f"The X-Runway-Version header must be {VERSION}.")


def _error(http: int, message: str, param: str) -> Reply:
    if http == 402:
        words = f"You do not have enough credits to run this task: {message}"
        return Reply({"error": words, "docUrl": _DOCS}, 400)
    if http == 400 and param:
        path = [int(part) if part.isdecimal() else part for part in _parts(param)]
        issue = {"code": "custom", "message": message, "path": path}
        words = "Validation of body failed"
        return Reply({"error": words, "issues": [issue], "docUrl": _DOCS}, http)
    return Reply({"error": message}, http)


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("[", ".").replace("]", "").split(".") if part]


def _submit(path: str, *, with_image: bool) -> Submit:
    return Submit(
        path=path,
        models={
            "gen4.5": _gen4_5(with_image=with_image),
            **{name: _kling(name, with_image=with_image) for name in _KLING_RATIOS},
        },
        scene=_scene,
        answer=_submitted,
        price=_price,
        new_id=lambda _: str(uuid.uuid4()),
        task_id="id",
    )


protocol = Protocol(
    id="runway",
    endpoints=(
        _submit("/v1/text_to_video", with_image=False),
        _submit("/v1/image_to_video", with_image=True),
        Status(
            path="/v1/tasks/{id}", answer=_status, own_id="id", word="status", progress="progress"
        ),
        Route(method="DELETE", path="/v1/tasks/{id}", handle=_remove),
        Route(method="POST", path="/v1/uploads", handle=_upload, step="upload"),
        Route(method="POST", path="/ephemeral", handle=_store, storage=True),
    ),
    error=_error,
    precondition=_version,
    max_bytes=16 * 1024 * 1024,
    ends=frozenset({"failed", "cancelled"}),
    scenery="canyon",
)
