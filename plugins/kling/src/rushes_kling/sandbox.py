"""Kling itself, both generations, as its pages describe it, for `rushes sandbox`.

It knows nothing of the plugin. The pages, read on 2026-11-22: https://kling.ai/document-api,
api/get-started/{authentication,error-codes}, api/video/3-0-omni/{text-to-video,image-to-video,
video-omni} (new), apiReference/model/{textToVideo,imageToVideo} (legacy).
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
    GatewayTask,
    Incoming,
    KeyHeader,
    Picture,
    Protocol,
    Refused,
    Reply,
    Scene,
    Shot,
    Status,
    Submit,
    TaskView,
    Validation,
)
from rushes_sandbox.checks import (
    anything,
    blank,
    boolean,
    http_url,
    image_source,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    public_url,
    text,
)

Json = dict[str, Any]

_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
_SHORT_SIDE = {"std": 720, "pro": 1080, "4k": 2160, "720p": 720, "1080p": 1080}


def _base64_or_url(value: Any, path: str, validation: Validation) -> None:
    """Accept an image's address, or its bytes as base64 without `data:`."""
    if isinstance(value, str) and len(value) > 40 and "://" not in value:
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            validation.add(path, "must be a URL, or base64 without a prefix")
        return
    public_url(value, path, validation)


def _picture(backend: Backend, given: str | None, label: str) -> Picture | None:
    if not given:
        return None
    return backend.picture(given, label) if "://" in given else backend.inline_picture(given, label)


# Legacy: what is accepted.

_SHOT = object_of(
    {
        "index": integer(1),
        "prompt": text(longest=512, may_be_blank=False),
        "duration": one_of(*map(str, range(1, 16))),
    },
    "index",
    "prompt",
    "duration",
)
_LEGACY: dict[str, Check] = {
    "model_name": anything,
    "prompt": text(longest=2500),
    "negative_prompt": text(longest=2500),
    "sound": one_of("on", "off"),
    "watermark_info": object_of({"enabled": boolean}),
    "callback_url": http_url,
    "external_task_id": text(may_be_blank=False),
}
_OF_MODEL: dict[str, dict[str, Check]] = {
    "kling-v2-6": {"duration": one_of("5", "10"), "mode": one_of("std", "pro")},
    "kling-v3": {
        "duration": one_of(*map(str, range(3, 16))),
        "mode": one_of("std", "pro", "4k"),
        "cfg_scale": number(0, 1),
        "multi_shot": boolean,
        "shot_type": one_of("customize", "intelligence"),
        "multi_prompt": list_of(_SHOT, most=6),  # an empty list is none
    },
}
_LONG = integer(-(2**63), 2**63 - 1)
_VOICE = object_of({"voice_id": text(may_be_blank=False)}, "voice_id")
_WITH_IMAGE: dict[str, dict[str, Check]] = {
    "kling-v2-6": {"voice_list": list_of(_VOICE, most=2)},
    "kling-v3": {"element_list": list_of(object_of({"element_id": _LONG}, "element_id"), most=3)},
}


def _legacy(model: str, *, with_image: bool) -> Any:
    fields = {**_LEGACY, **_OF_MODEL[model]}
    if with_image:
        frames = {"image": _base64_or_url, "image_tail": _base64_or_url}
        fields |= {**frames, **_WITH_IMAGE[model]}
    else:
        fields["aspect_ratio"] = one_of(*_RATIO)
        # An empty list is none; clients leave it out.
        fields |= dict.fromkeys(_WITH_IMAGE[model], list_of(anything, most=0))

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields)
        if not validation.valid("prompt", "multi_shot", "shot_type", "mode", "sound"):
            return
        if not (with_image and model == "kling-v2-6"):  # there the image may be enough
            _check_prompt(body, validation)
        if with_image and "image" not in body:
            validation.add("image", "is required")
        if model == "kling-v2-6":
            _check_v2_6(body, validation)
        elif body.get("multi_shot"):
            _check_shots(body, validation)
        elif body.get("multi_prompt") or body.get("shot_type"):
            validation.add("multi_shot", "must be true for shot_type and multi_prompt to count")

    return check


def _check_prompt(body: Mapping[str, Any], validation: Validation) -> None:
    customized = body.get("multi_shot") and body.get("shot_type") == "customize"
    if not customized and not body.get("prompt", "").strip():
        validation.add("prompt", "is required")


def _check_v2_6(body: Mapping[str, Any], validation: Validation) -> None:
    pro, loud = body.get("mode") == "pro", body.get("sound") == "on"
    if loud and not pro:
        validation.add("sound", "is available only in mode pro")
    if "image_tail" in body and (not pro or loud):
        validation.add("image_tail", "is available only in mode pro, without sound")
    if body.get("voice_list") and not loud:
        validation.add("voice_list", "needs sound")


def _check_shots(body: Mapping[str, Any], validation: Validation) -> None:
    if "image_tail" in body:
        validation.add("image_tail", "is not available with several shots")
    if "shot_type" not in body:
        validation.add("shot_type", "is required when multi_shot is true")
    if not validation.valid("multi_prompt", "duration"):
        return
    shots = body.get("multi_prompt", [])
    if body.get("shot_type") == "customize":
        if not shots:
            validation.add("multi_prompt", "is required with shot_type customize")
        if body.get("prompt", "").strip():
            validation.add("prompt", "does not count beside multi_prompt")
    if not shots:
        return
    if [shot["index"] for shot in shots] != [*range(1, len(shots) + 1)]:
        validation.add("multi_prompt", "must have the shots' sequence numbers as index")
    total, duration = sum(int(shot["duration"]) for shot in shots), body.get("duration", "5")
    if total != int(duration):
        validation.add("multi_prompt", f"lasts {total} seconds in all, but duration is {duration}")


# Legacy: what the video shows, and what is answered.


def _legacy_scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    seconds = int(body.get("duration", "5"))
    prompt = body.get("prompt", "")
    shots = [Shot(prompt, seconds)]
    if body.get("multi_shot") and body["shot_type"] == "customize":
        shots = [Shot(shot["prompt"], int(shot["duration"])) for shot in body["multi_prompt"]]
    width, height = _RATIO[body.get("aspect_ratio", "16:9")]
    unit = _SHORT_SIDE[body.get("mode", "std")] // min(width, height)
    return Scene(
        variant=f"kling / {body['model_name']}",
        prompt=prompt or shots[0].prompt,
        width=width * unit,
        height=height * unit,
        shots=tuple(shots),
        sound=body.get("sound") == "on",
        first=_picture(backend, body.get("image"), "first frame"),
        last=_picture(backend, body.get("image_tail"), "last frame"),
        negative_prompt=body.get("negative_prompt", ""),
        watermark=body.get("watermark_info", {}).get("enabled", False),
    )


_USD = {
    ("kling-v2-6", 720): (0.042, 0.042),
    ("kling-v2-6", 1080): (0.07, 0.14),
    ("kling-v3", 720): (0.084, 0.126),
    ("kling-v3", 1080): (0.112, 0.168),
    ("kling-v3", 2160): (0.42, 0.42),
    ("kling-3.0-omni", 720): (0.084, 0.112),
    ("kling-3.0-omni", 1080): (0.112, 0.14),
    ("kling-3.0-omni", 2160): (0.42, 0.42),
}
"""USD a second, silent and with sound."""
_USD_WITH_VIDEO = {720: 0.126, 1080: 0.168, 2160: 0.42}
"""USD a second of 3.0 Omni with a video among the inputs."""
_USD_WITH_VOICES = 0.168
"""USD a second of v2.6."""


def _price(model: str, body: Mapping[str, Any], scene: Scene) -> float:
    model = "kling-v3" if model == "kling-3.0" else model
    short = min(scene.width, scene.height)
    rate = _USD[model, short][scene.sound]
    if any(item.get("type") in _CLIPS for item in body.get("contents", ())):
        rate = _USD_WITH_VIDEO[short]
    if body.get("voice_list"):
        rate = _USD_WITH_VOICES
    return round(rate * scene.seconds, 4)


def _enveloped(data: Any) -> Json:
    return {"code": 0, "message": "SUCCEED", "request_id": secrets.token_hex(8), "data": data}


_LEGACY_WORDS = {
    "queued": "submitted",
    "in_progress": "processing",
    "completed": "succeed",
}


def _legacy_task(view: TaskView, word: str) -> Json:
    task = view.task
    now = int(task.created * 1000)
    about = {"external_task_id": task.client_id} if task.client_id else {}
    return {
        "task_id": task.id,
        "task_status": word,
        "task_info": about,
        "created_at": now,
        "updated_at": now,
    }


def _legacy_submitted(view: TaskView) -> Json:
    return _enveloped(_legacy_task(view, "submitted"))


def _legacy_status(view: TaskView) -> Json:
    data = _legacy_task(view, _LEGACY_WORDS.get(view.state, view.state))
    data["task_status_msg"] = view.failure
    if view.state == "completed":
        seconds = f"{view.task.requested.seconds:g}"
        video = {"id": secrets.token_hex(8), "url": view.url, "duration": seconds}
        data["task_result"] = {"videos": [video] if view.url else []}
        data["final_unit_deduction"] = f"{view.task.cost / 0.14:g}"
    return _enveloped(data)


def _legacy_find(path: str) -> Any:
    """Find a task at the path at which it was created, by its id or the client's own."""

    def find(incoming: Incoming, backend: Backend) -> list[GatewayTask]:
        name = incoming.parameters["id"]
        task = backend.find(name)
        found = [task] if task else backend.named(name)
        return [each for each in found if each.path == path][:1]

    return find


def _legacy_name(incoming: Incoming) -> str | None:
    return _name(incoming.json.get("external_task_id"))


def _name(given: object) -> str | None:
    return given if isinstance(given, str) and given else None


# New: what is accepted.

_OPTIONS = object_of(
    {
        "callback_url": http_url,
        "external_task_id": text(may_be_blank=False),
        "watermark_info": object_of({"enabled": boolean}),
    }
)
_SETTINGS: dict[str, Check] = {
    "multi_shot": boolean,
    "audio": one_of("native", "off"),
    "resolution": one_of("720p", "1080p", "4k"),
    "duration": integer(3, 15),
}
_RATIO_SETTINGS: dict[str, Check] = {**_SETTINGS, "aspect_ratio": one_of(*_RATIO)}
_OMNI_SETTINGS = {**_RATIO_SETTINGS, "audio": one_of("native", "original", "off")}
_FRAMES = ("first_frame", "last_frame")
_CLIPS = ("feature_video", "base_video")
_CONTENT: dict[str, Check] = {
    "type": text(),
    "text": text(longest=3072),
    "url": image_source(),
    "element_id": text(),
    "id": text(),
}


def _from_text(body: Mapping[str, Any], validation: Validation) -> None:
    fields: dict[str, Check] = {
        "prompt": text(longest=3072, may_be_blank=False),
        "contents": list_of(anything, most=0),  # none, like the lists above
        "settings": object_of(_RATIO_SETTINGS),
        "options": _OPTIONS,
    }
    validation.check_fields(body, "", fields, required=("prompt",))


def _no_text(value: Any, path: str, validation: Validation) -> None:
    """Accept a blank text, which is none; clients leave it out."""
    if not isinstance(value, str) or not blank(value):
        validation.add(path, "is one of the contents here")


def _from_contents(kinds: tuple[str, ...], settings: Mapping[str, Check]) -> Any:
    fields: dict[str, Check] = {
        "prompt": _no_text,
        "contents": list_of(anything, least=1),
        "settings": object_of(settings),
        "options": _OPTIONS,
    }

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=("contents",))
        if validation.valid("contents") and "contents" in body:
            _check_contents(body["contents"], kinds, validation)
        if validation.valid("contents", "settings") and "contents" in body:
            _check_inputs(body, kinds, validation)

    return check


def _check_contents(contents: Any, kinds: tuple[str, ...], validation: Validation) -> None:
    for place, item in enumerate(contents):
        path = f"contents[{place}]"
        object_of({**_CONTENT, "url": _base64_or_url})(item, path, validation)
        if not validation.valid(path):
            continue
        kind = item.get("type")
        if kind not in kinds:
            validation.add(f"{path}.type", f"must be one of {', '.join(kinds)}")
            continue
        for name in {"prompt": ("text",), "element": ("element_id", "id")}.get(kind, ("url",)):
            if not item.get(name, "").strip():
                validation.add(f"{path}.{name}", "is required")


def _check_inputs(body: Mapping[str, Any], kinds: tuple[str, ...], validation: Validation) -> None:
    given = [item["type"] for item in body["contents"]]
    ids = [item["id"] for item in body["contents"] if item.get("id")]
    if len({*ids}) < len(ids):
        validation.add("contents", "has an id twice")
    if "prompt" not in given:
        validation.add("contents", "needs a prompt")
    for kind in ("prompt", *_FRAMES):
        if given.count(kind) > 1:
            validation.add("contents", f"has more than one {kind}")
    if "last_frame" in given and "first_frame" not in given:
        validation.add("contents", "has a last_frame without a first_frame")
    if "refer_image" not in kinds:
        if "first_frame" not in given:
            validation.add("contents", "needs a first_frame")
        if given.count("element") > 3:
            validation.add("contents", "has more than 3 elements")
        return
    _check_omni(body.get("settings", {}), given, validation)


def _check_omni(settings: Mapping[str, Any], given: list[str], validation: Validation) -> None:
    clips = [kind for kind in given if kind in _CLIPS]
    if len(clips) > 1:
        validation.add("contents", "has more than one video")
    limit = 4 if clips else 7
    if given.count("refer_image") + given.count("element") > limit:
        validation.add("contents", f"has more than {limit} reference images and elements")
    if any(kind in given for kind in _FRAMES) and given.count("element") > 3:
        validation.add("contents", "has more than 3 elements beside a frame")
    if "feature_video" in given:
        if settings.get("audio", "off") != "off":
            validation.add("settings.audio", "must be off with a feature_video")
        if settings.get("multi_shot", True) is not True:
            validation.add("settings.multi_shot", "must be true with a feature_video")
    if "base_video" in given:
        _check_base_video(settings, given, validation)
    elif settings.get("audio") == "original":
        validation.add("settings.audio", "there is no video whose original sound could be kept")


def _check_base_video(
    settings: Mapping[str, Any], given: list[str], validation: Validation
) -> None:
    if any(kind in given for kind in _FRAMES):
        validation.add("contents", "has frames beside a base_video")
    if settings.get("multi_shot", True):
        validation.add("settings.multi_shot", "must be false with a base_video")
    if settings.get("audio") == "native":
        validation.add("settings.audio", "must not be native with a base_video")


# New: what the video shows, and what is answered.


def _scene(model: str) -> Any:
    def scene(incoming: Incoming, backend: Backend) -> Scene:
        body = incoming.json
        settings, contents = body.get("settings", {}), body.get("contents", [])
        prompts = [item["text"] for item in contents if item["type"] == "prompt"]
        prompt = body.get("prompt") or next(iter(prompts), "")
        urls = [(item["type"], item["url"]) for item in contents if item["type"] != "prompt"
                and "url" in item]  # fmt: skip
        pictures = {kind: _picture(backend, url, kind.replace("_", " ")) for kind, url in urls}
        references = [backend.picture(url, "reference") for kind, url in urls
                      if kind == "refer_image"]  # fmt: skip
        width, height = _RATIO[settings.get("aspect_ratio", "16:9")]
        unit = _short_side(settings) // min(width, height)
        return Scene(
            variant=f"kling / {model}",
            prompt=prompt,
            width=width * unit,
            height=height * unit,
            shots=(Shot(prompt, settings.get("duration", 5)),),
            sound=settings.get("audio", "off") != "off",
            first=pictures.get("first_frame"),
            last=pictures.get("last_frame"),
            references=tuple(references),
            watermark=body.get("options", {}).get("watermark_info", {}).get("enabled", False),
        )

    return scene


def _short_side(settings: Mapping[str, Any]) -> int:
    return _SHORT_SIDE[settings.get("resolution", "720p")]


_WORDS = {"queued": "submitted", "in_progress": "processing", "completed": "succeeded"}


def _task(view: TaskView) -> Json:
    task = view.task
    now = int(task.created * 1000)
    told: Json = {
        "id": task.id,
        "status": _WORDS.get(view.state, view.state),
        "message": view.failure,
        "create_time": now,
        "update_time": now,
    }
    if task.client_id:
        told["external_id"] = task.client_id
    if view.state == "completed":
        seconds = f"{task.requested.seconds:g}"
        output = {"type": "video", "id": task.token[:12], "url": view.url, "duration": seconds}
        told["outputs"] = [output] if view.url else []
        amount = f"{task.cost:g}"
        bill = {"charge_type": "cash", "amount": amount, "currency": "USD", "list_price": amount}
        told["billing"] = [bill]
    return told


def _submitted(view: TaskView) -> Json:
    return _enveloped(_task(view))


def _find(incoming: Incoming, backend: Backend) -> list[GatewayTask]:
    """Find the tasks of a list of ids, or of a list of the client's own."""
    ids, names = incoming.query.get("task_ids"), incoming.query.get("external_task_ids")
    if (ids is None) == (names is None):
        raise Refused(400, "give task_ids or external_task_ids, and not both")
    if ids is not None:
        found = [task for name in ids.split(",") if (task := backend.find(name))]
    else:
        found = [task for name in (names or "").split(",") for task in backend.named(name)]
    return [task for task in found if not task.path.startswith("/v1/")]


def _new_name(incoming: Incoming) -> str | None:
    options = incoming.json.get("options")
    return _name(options.get("external_task_id")) if isinstance(options, dict) else None


# Keys and errors.


def _secrets(key: str) -> dict[str, str]:
    return {"access_key": f"{key}-access", "secret_key": f"{key}-secret"}


def _is_token(given: str, key: str, now: float) -> bool:
    """Whether this is a JSON Web Token of the account, signed (HS256) and valid now."""
    try:
        head, claims, signature = given.split(".")
        own = _secrets(key)
        message = f"{head}.{claims}".encode("ascii")
        expected = hmac.digest(own["secret_key"].encode(), message, hashlib.sha256)
        header, said = _decoded(head), _decoded(claims)
        return (
            hmac.compare_digest(_bytes(signature), expected)
            and header == {"alg": "HS256", "typ": "JWT"}
            and said["iss"] == own["access_key"]
            and said["nbf"] <= now < said["exp"] <= now + 1800 + 60
        )
    except (ValueError, TypeError, KeyError):
        return False


def _decoded(part: str) -> Any:
    return json.loads(_bytes(part))


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _tokens_are_for_the_old_calls(incoming: Incoming) -> None:
    given = incoming.headers.get("authorization", "")
    if given.count(".") == 2 and not incoming.path.startswith("/v1/"):
        raise Refused(401, "a token signed with the secret key is not accepted here")


_CODES = {
    400: 1201,
    401: 1002,
    402: 1102,
    403: 1103,
    404: 1203,
    413: 1201,
    422: 1301,
    429: 1302,
    500: 5000,
    503: 5001,
    504: 5002,
}
_HTTP = {402: 429, 422: 400}


def _error(http: int, message: str, _param: str) -> Reply:
    code = _CODES.get(http, 5000 if http >= 500 else 1200)
    body = {"code": code, "message": message, "request_id": secrets.token_hex(8)}
    return Reply(body, _HTTP.get(http, http))


def _new_id(_incoming: Incoming) -> str:
    return str(secrets.randbelow(9 * 10**17) + 10**17)


def _legacy_submit(path: str, *, with_image: bool) -> Submit:
    return Submit(
        path=path,
        models={model: _legacy(model, with_image=with_image) for model in _OF_MODEL},
        model_in="model_name",
        scene=_legacy_scene,
        answer=_legacy_submitted,
        task_id="data.task_id",
        new_id=_new_id,
        price=lambda incoming, scene: _price(incoming.json["model_name"], incoming.json, scene),
        client_id=_legacy_name,
    )


def _legacy_poll(path: str) -> Status:
    return Status(
        path=f"{path}/{{id}}",
        answer=_legacy_status,
        find=_legacy_find(path),
        own_id="data.task_id",
        word="data.task_status",
    )


def _submit(path: str, model: str, check: Any) -> Submit:
    return Submit(
        path=path,
        models={model: check},
        model_in=None,
        scene=_scene(model),
        answer=_submitted,
        task_id="data.id",
        new_id=_new_id,
        price=lambda incoming, scene: _price(model, incoming.json, scene),
        client_id=_new_name,
    )


_IMAGE_KINDS = ("prompt", *_FRAMES, "element")
_OMNI_KINDS = ("prompt", *_FRAMES, "refer_image", *_CLIPS, "element")


def _notify(view: TaskView, secret: str, now: float) -> Reply:
    """Send a task; the old calls' unsigned, the new ones' signed if there is a secret."""
    if view.task.path.startswith("/v1/"):
        return Reply(_legacy_status(view)["data"])
    body = json.dumps(_task(view)).encode()
    event = f"msg_{view.task.token[:12]}_{view.state}"
    return _signed(event, body, secret, now) if secret else Reply(body)


def _callback(incoming: Incoming) -> str | None:
    """Return the endpoint that the older calls name at the top, and the newer ones below."""
    body = incoming.json
    address = body.get("callback_url") or body.get("options", {}).get("callback_url")
    return address if isinstance(address, str) else None


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
    id="kling",
    endpoints=(
        _legacy_submit("/v1/videos/text2video", with_image=False),
        _legacy_submit("/v1/videos/image2video", with_image=True),
        _legacy_poll("/v1/videos/text2video"),
        _legacy_poll("/v1/videos/image2video"),
        _submit("/text-to-video/kling-3.0", "kling-3.0", _from_text),
        _submit("/image-to-video/kling-3.0", "kling-3.0", _from_contents(_IMAGE_KINDS, _SETTINGS)),
        _submit(
            "/omni-video/kling-3.0-omni",
            "kling-3.0-omni",
            _from_contents(_OMNI_KINDS, _OMNI_SETTINGS),
        ),
        Status(
            path="/tasks",
            answer=_task,
            find=_find,
            together=_enveloped,
            own_id="data[0].id",
            word="data[0].status",
        ),
    ),
    error=_error,
    key=KeyHeader(accepts=_is_token),
    secrets=_secrets,
    precondition=_tokens_are_for_the_old_calls,
    max_bytes=20 * 1024 * 1024,
    ends=frozenset({"failed"}),
    scenery="forest",
    notify=_notify,
    signed_with_secret=True,
    notifies_of=frozenset({"queued", "in_progress", "completed", "failed"}),
    callback=_callback,
)
