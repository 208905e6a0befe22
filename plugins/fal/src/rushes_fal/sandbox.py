"""fal's queue with Kling v3 as its pages describe it, for `rushes sandbox`.

It knows nothing of the plugin. The pages, read on 2026-11-22:
https://fal.ai/docs/documentation/model-apis/inference/queue (calls, answers),
https://fal.ai/docs/documentation/model-apis/errors,
https://fal.ai/docs/model-api-reference/video-generation-api/kling-video-v3-standard (fields).

The queue itself accepts any input and the model refuses it later; here it is refused at once, so
that a mistake is found where it was made. Unknown fields are refused for the same reason.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from rushes_sandbox import (
    Backend,
    Check,
    GatewayTask,
    Incoming,
    KeyHeader,
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
    by_id,
)
from rushes_sandbox.checks import (
    anything,
    boolean,
    image_source,
    list_of,
    number,
    object_of,
    one_of,
    text,
)

Json = dict[str, Any]

_APP = "fal-ai/kling-video"
_TIERS = {"standard": (0.084, 0.126, 720), "pro": (0.112, 0.168, 1080)}
"""USD a second, silent and with sound; the shorter side in pixels."""

# What is accepted.

_IMAGE = image_source(data=True)
_SECONDS = one_of(*map(str, range(3, 16)))
_SHOT = object_of({"prompt": text(may_be_blank=False), "duration": _SECONDS}, "prompt")
_ELEMENT = object_of(
    {
        "frontal_image_url": _IMAGE,
        "reference_image_urls": list_of(_IMAGE, least=1, most=3),
        "video_url": _IMAGE,
    }
)
_COMMON: dict[str, Check] = {
    "prompt": text(longest=2500),
    "duration": _SECONDS,
    "multi_prompt": list_of(_SHOT),
    "generate_audio": boolean,
    "negative_prompt": text(),
    "cfg_scale": number(0, 1),
}
_FROM_TEXT: dict[str, Check] = {
    **_COMMON,
    "aspect_ratio": one_of("16:9", "9:16", "1:1"),
    "shot_type": one_of("customize", "intelligent"),
    "elements": list_of(anything, most=0),  # an empty list is none
}
_FROM_IMAGE: dict[str, Check] = {
    **_COMMON,
    "start_image_url": _IMAGE,
    "end_image_url": _IMAGE,
    "shot_type": one_of("customize"),
    "elements": list_of(_ELEMENT),
}


def _from_text(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _FROM_TEXT)
    _prompt_or_shots(body, validation)


def _from_image(body: Mapping[str, Any], validation: Validation) -> None:
    validation.check_fields(body, "", _FROM_IMAGE, required=("start_image_url",))
    _prompt_or_shots(body, validation)
    if validation.valid("elements"):
        _check_elements(body.get("elements", []), validation)


def _check_elements(elements: list[Json], validation: Validation) -> None:
    """Accept sets of images, one of them frontal, or videos: the page; one video in all."""
    for place, element in enumerate(elements):
        if {*element} not in ({"frontal_image_url", "reference_image_urls"}, {"video_url"}):
            validation.add(f"elements[{place}]", "must be images, one of them frontal, or a video")
    if sum("video_url" in element for element in elements) > 1:
        validation.add("elements", "may have one element with a video")


def _prompt_or_shots(body: Mapping[str, Any], validation: Validation) -> None:
    if not validation.valid("prompt", "multi_prompt"):
        return
    prompt, shots = body.get("prompt", "").strip(), body.get("multi_prompt")
    if bool(prompt) == bool(shots):
        validation.add("prompt", "or multi_prompt must be given, and only one of them")


# What the video shows.

_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def _scene(tier: str) -> Any:
    short = _TIERS[tier][2]

    def scene(incoming: Incoming, backend: Backend) -> Scene:
        body = incoming.json
        width, height = _RATIO[body.get("aspect_ratio", "16:9")]
        unit = short // min(width, height)
        listed = body.get("multi_prompt") or []
        shots = tuple(Shot(each["prompt"], int(each.get("duration", "5"))) for each in listed)
        prompt = body.get("prompt") or shots[0].prompt
        first, last = (
            backend.picture(body[name], label) if name in body else None
            for name, label in (("start_image_url", "first frame"), ("end_image_url", "last frame"))
        )
        return Scene(
            variant=f"fal / {tier}",
            prompt=prompt,
            width=width * unit,
            height=height * unit,
            shots=shots or (Shot(prompt, int(body.get("duration", "5"))),),
            sound=body.get("generate_audio", True),
            first=first,
            last=last,
            negative_prompt=body.get("negative_prompt", ""),
        )

    return scene


def _price(tier: str) -> Any:
    silent, with_sound, _ = _TIERS[tier]
    return lambda _, scene: round((with_sound if scene.sound else silent) * scene.seconds, 4)


# What is answered. The addresses leave out a part of the endpoint, and are to be used as given.


def _addresses(task: GatewayTask) -> Json:
    here = f"{task.base_url}/{_APP}/requests/{task.id}"
    return {
        "request_id": task.id,
        "response_url": here,
        "status_url": f"{here}/status",
        "cancel_url": f"{here}/cancel",
    }


def _submitted(view: TaskView) -> Json:
    addresses = _addresses(view.task)
    return {"status": "IN_QUEUE", "queue_position": 0, **addresses}


_WORDS = {"queued": "IN_QUEUE", "in_progress": "IN_PROGRESS"}


def _status(view: TaskView) -> Reply:
    told: Json = {"status": _WORDS.get(view.state, "COMPLETED")}
    told |= _addresses(view.task)
    if view.state == "queued":
        told["queue_position"] = 0
    else:
        told["logs"] = None
    if view.ended:
        told["metrics"] = {"inference_time": 12.5}
    if view.state == "failed":
        told |= {"error": view.failure, "error_type": "content_policy_violation"}
    if view.state == "cancelled":
        told |= {"error": "the request was cancelled", "error_type": "client_cancelled"}
    return Reply(told, 200 if view.ended else 202)


def _result(view: TaskView) -> Any:
    if not view.ended:
        raise Refused(400, "Request is still in progress")
    if view.state != "completed":
        issue = {"loc": ["body", "prompt"], "msg": view.failure or "the request was cancelled",
                 "type": "content_policy_violation"}  # fmt: skip
        return Reply({"detail": [issue]}, 422)
    video = {
        "url": view.url,
        "content_type": "video/mp4",
        "file_name": "output.mp4",
        "file_size": 1_000_000,
    }
    return {"video": video} if view.url else {}


def _cancel(incoming: Incoming, backend: Backend) -> Reply:
    found = by_id(incoming, backend)
    if not found:
        return Reply({"status": "NOT_FOUND"}, 404)
    if backend.view(found[0]).ended:
        return Reply({"status": "ALREADY_COMPLETED"}, 400)
    backend.cancel(found[0])
    return Reply({"status": "CANCELLATION_REQUESTED"}, 202)


def _initiate(incoming: Incoming, backend: Backend) -> Json:
    """Say where a file is to be sent, and where it will be."""
    body = incoming.json
    for name in ("content_type", "file_name"):
        if not isinstance(body.get(name), str):
            raise Refused(422, "Field required", name)
    name = uuid.uuid4().hex
    return {
        "upload_url": f"{backend.storage_url}/files/{name}",
        "file_url": f"{backend.uploads_url}/{name}",
    }


def _store(incoming: Incoming, backend: Backend) -> Reply:
    name = incoming.parameters["name"]
    backend.store(incoming.body, max_bytes=10 * 1024 * 1024, name=name)
    return Reply(b"", 200)


_TYPES = {400: "bad_request", 500: "internal_error", 504: "request_timeout"}


def _error(http: int, message: str, param: str) -> Reply:
    if http == 402:
        words = f"User is locked. Reason: Exhausted balance. {message}"
        return Reply({"detail": words}, 403)
    if http in (400, 422) and param:
        issue = {"loc": ["body", *param.split(".")], "msg": message, "type": "value_error"}
        return Reply({"detail": [issue]}, 422)
    kind = _TYPES.get(http)
    if kind is None:
        return Reply({"detail": message}, http)
    return Reply({"detail": message, "error_type": kind}, http, {"x-fal-error-type": kind})


def _submits() -> list[Submit]:
    return [
        Submit(
            path=f"/{_APP}/v3/{tier}/{mode}-to-video",
            models={f"kling-v3-{tier}": check},
            model_in=None,
            scene=_scene(tier),
            answer=_submitted,
            price=_price(tier),
            new_id=lambda _: str(uuid.uuid4()),
            task_id="request_id",
        )
        for tier in _TIERS
        for mode, check in (("text", _from_text), ("image", _from_image))
    ]


def _signing_key() -> Any:
    """Return the key that the sandbox signs with, always the same."""
    # Only notifications need it: everything else works without the library.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"rushes sandbox").digest())


def _keys(_incoming: Incoming, _backend: Backend) -> Json:
    """Tell the public key that notifications are signed with."""
    public = _signing_key().public_key().public_bytes_raw()
    x = base64.urlsafe_b64encode(public).decode().rstrip("=")
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}


def _notify(view: TaskView, _secret: str, now: float) -> Reply:
    told: Json = {"request_id": view.task.id, "gateway_request_id": view.task.id}
    if view.state == "completed":
        told |= {"status": "OK", "payload": _result(view)}
    else:
        told |= {"status": "ERROR", "error": "Invalid status code: 422", "payload": None}
    body = json.dumps(told).encode()
    signed = view.task.id, "user-1", f"{now:.0f}"
    message = "\n".join([*signed, hashlib.sha256(body).hexdigest()]).encode()
    values = *signed, _signing_key().sign(message).hex()
    names = ("Request-Id", "User-Id", "Timestamp", "Signature")
    headers = {f"X-Fal-Webhook-{name}": value for name, value in zip(names, values, strict=True)}
    return Reply(body, headers=headers)


protocol = Protocol(
    id="fal",
    endpoints=(
        *_submits(),
        Status(
            path=f"/{_APP}/requests/{{id}}/status",
            answer=_status,
            shows=("status",),
            own_id="request_id",
            word="status",
        ),
        Status(path=f"/{_APP}/requests/{{id}}", answer=_result, shows=("result",)),
        Route(method="PUT", path=f"/{_APP}/requests/{{id}}/cancel", handle=_cancel),
        Route(method="POST", path="/storage/upload/initiate", handle=_initiate, step="upload"),
        Route(method="GET", path="/.well-known/jwks.json", handle=_keys, needs_key=False),
        Route(method="PUT", path="/files/{name}", handle=_store, storage=True),
    ),
    error=_error,
    key=KeyHeader(scheme="Key"),
    ends=frozenset({"failed"}),
    scenery="skyline",
    notify=_notify,
    callback=lambda incoming: incoming.query.get("fal_webhook"),
)
