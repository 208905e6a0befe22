"""Google Veo on the Gemini API as its pages describe it, for `rushes sandbox`.

It knows nothing of the plugin. The pages, read on 2026-11-22:
https://ai.google.dev/gemini-api/docs/video (calls, parameters), /docs/pricing,
/docs/troubleshooting.
The models have ended; this is the service as it was until 2026-10-22.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from rushes_sandbox import (
    Backend,
    Check,
    Incoming,
    KeyHeader,
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
    fixed,
    integer,
    integer_of,
    list_of,
    object_of,
    one_of,
    text,
)

Json = dict[str, Any]

_USD = {
    "veo-3.1-generate-preview": {"720p": 0.40, "1080p": 0.40, "4k": 0.60},
    "veo-3.1-fast-generate-preview": {"720p": 0.10, "1080p": 0.12, "4k": 0.30},
    "veo-3.1-lite-generate-preview": {"720p": 0.05, "1080p": 0.08},
}
"""USD a second, by the resolutions that each model has."""

# What is accepted.


#: What is not base64, or not an image, is refused when the scene is made of it.
_FILLED = text(may_be_blank=False)
_IMAGE = object_of(
    {"bytesBase64Encoded": _FILLED, "mimeType": _FILLED}, "bytesBase64Encoded", "mimeType"
)
_REFERENCE = object_of({"image": _IMAGE, "referenceType": fixed("asset")}, "image", "referenceType")


def _check(model: str) -> Any:
    lite = "lite" in model
    instance: dict[str, Check] = {"prompt": text(), "image": _IMAGE, "lastFrame": _IMAGE}
    if not lite:
        instance["referenceImages"] = list_of(_REFERENCE, most=3)
    fields: dict[str, Check] = {
        "instances": list_of(object_of(instance), least=1, most=1),
        "parameters": object_of(
            {
                "aspectRatio": one_of("16:9", "9:16"),
                "resolution": one_of(*_USD[model]),
                "durationSeconds": integer_of(4, 6, 8),
                "negativePrompt": text(),
                "seed": integer(0, 2**32 - 1),
                "personGeneration": one_of("allow_all", "allow_adult"),
                "sampleCount": integer_of(1),
            }
        ),
    }

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=("instances",))
        if validation.valid("instances", "parameters"):
            _check_together(body["instances"][0], body.get("parameters", {}), validation)

    return check


def _check_together(
    instance: Mapping[str, Any], parameters: Mapping[str, Any], validation: Validation
) -> None:
    references, first = instance.get("referenceImages"), instance.get("image")
    if "lastFrame" in instance and first is None:
        validation.add("instances[0].lastFrame", "needs image, the first frame")
    if references and (first or "lastFrame" in instance):
        validation.add("instances[0].referenceImages", "are not supported with frames")
    if not instance.get("prompt", "").strip() and (references or not first):
        validation.add("instances[0].prompt", "is required")
    long = references or parameters.get("resolution", "720p") != "720p"
    if long and parameters.get("durationSeconds", 8) != 8:
        validation.add("parameters.durationSeconds", "must be 8 with references, 1080p or 4k")
    # Without an image, it depends on the country: allow_adult is all that some have.
    if (first or references) and parameters.get("personGeneration") == "allow_all":
        validation.add("parameters.personGeneration", "must be allow_adult with images")


# What the video shows.

_SIZE = {"720p": 720, "1080p": 1080, "4k": 2160}


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    (instance,), parameters = incoming.json["instances"], incoming.json.get("parameters", {})
    short = _SIZE[parameters.get("resolution", "720p")]
    size = short * 16 // 9, short
    width, height = size if parameters.get("aspectRatio", "16:9") == "16:9" else size[::-1]
    prompt = instance.get("prompt", "")

    def picture(name: str, label: str) -> Picture | None:
        image = instance.get(name)
        return backend.inline_picture(image["bytesBase64Encoded"], label) if image else None

    return Scene(
        variant=f"google / {incoming.parameters['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=(Shot(prompt, parameters.get("durationSeconds", 8)),),
        sound=True,
        first=picture("image", "first frame"),
        last=picture("lastFrame", "last frame"),
        references=tuple(
            backend.inline_picture(each["image"]["bytesBase64Encoded"], f"reference {number}")
            for number, each in enumerate(instance.get("referenceImages", []), 1)
        ),
        negative_prompt=parameters.get("negativePrompt", ""),
    )


def _price(incoming: Incoming, scene: Scene) -> float:
    resolution = incoming.json.get("parameters", {}).get("resolution", "720p")
    return round(_USD[incoming.parameters["model"]][resolution] * scene.seconds, 4)


# What is answered.

_ANSWER = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"


def _submitted(view: TaskView) -> Json:
    return {"name": view.task.id}


def _status(view: TaskView) -> Json:
    told: Json = {"name": view.task.id}
    if not view.ended:
        return told
    told["done"] = True
    if view.state == "cancelled":
        return {**told, "error": {"code": 1, "message": view.failure or "cancelled"}}
    made: Json = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [view.failure]}
    if view.state == "completed":
        video = {"uri": view.url} if view.url else {}
        made = {"generatedSamples": [{"video": video}]}
    return {**told, "response": {"@type": _ANSWER, "generateVideoResponse": made}}


def _download(incoming: Incoming, backend: Backend) -> Reply:
    """Lead on to another host, which does not get the key."""
    task = backend.by_token(incoming.parameters["token"])
    if task is None:
        raise Refused(404, "there is no such file")
    return Reply(b"", 302, {"location": backend.film_url(task)})


_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _error(http: int, message: str, _param: str) -> Reply:
    details: list[Json] = []
    word = _STATUS.get(http, "INVALID_ARGUMENT" if http < 500 else "INTERNAL")
    if http == 401:
        http = 400
        message = f"API key not valid. Please pass a valid API key. ({message})"
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        details = [{"@type": kind, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    if http == 402:
        http, word = 400, "FAILED_PRECONDITION"
    if http in (413, 422):
        http = 400
    error: Json = {"code": http, "message": message, "status": word}
    return Reply({"error": {**error, "details": details} if details else error}, http)


def _new_id(incoming: Incoming) -> str:
    return f"models/{incoming.parameters['model']}/operations/{secrets.token_hex(6)}"


def _notify(view: TaskView, secret: str, now: float) -> Reply:
    about = {"id": view.task.id, "output_file_uri": view.url, "file_name": view.task.token}
    event = {
        "type": "video.generated",
        "version": "v1",
        "timestamp": "2026-01-22T12:00:00Z",
        "data": about,
    }
    return _signed(view.task.token[:12], json.dumps(event).encode(), secret, now)


def _signed(event: str, body: bytes, secret: str, now: float) -> Reply:
    """Sign as https://www.standardwebhooks.com says."""
    time = f"{now:.0f}"
    message = f"{event}.{time}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
    headers = {
        "webhook-id": event,
        "webhook-timestamp": time,
        "webhook-signature": f"v1,{signature}",
    }
    return Reply(body, headers=headers)


protocol = Protocol(
    id="google",
    endpoints=(
        Submit(
            path="/models/{model}:predictLongRunning",
            models={model: _check(model) for model in _USD},
            model_in=None,
            scene=_scene,
            answer=_submitted,
            task_id="name",
            new_id=_new_id,
            price=_price,
        ),
        Route(method="GET", path="/files/{token}:download", handle=_download),
        Status(path="/{id:path}", answer=_status, own_id="name"),
    ),
    error=_error,
    key=KeyHeader("x-goog-api-key", scheme=""),
    max_bytes=20 * 1024 * 1024,
    link="{base}/files/{token}:download?alt=media",
    ends=frozenset({"failed"}),
    scenery="islands",
    notify=_notify,
    signed_with_secret=True,
)
