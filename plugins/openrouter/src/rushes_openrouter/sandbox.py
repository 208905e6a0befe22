"""OpenRouter's video API as its pages describe it, for `rushes sandbox`.

It knows nothing of the plugin. The pages, read on 2026-11-22:
https://openrouter.ai/docs/api_reference/videos, /docs/api_reference/errors-and-debugging,
/docs/guides/overview/multimodal/video-generation. What the models can do is from the answer of GET
/videos/models of 2026-10-09.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rushes_sandbox import (
    Backend,
    Check,
    Incoming,
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
    fixed,
    http_url,
    image_source,
    integer,
    integer_of,
    list_of,
    object_of,
    one_of,
    text,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class _Model:
    """What one model can do; USD a second by size, silent and with sound, or USD a token."""

    durations: tuple[int, ...]
    resolutions: tuple[str, ...]
    ratios: tuple[str, ...]
    sizes: tuple[str, ...]
    seed: bool
    usd: Mapping[str, tuple[float, float]]
    usd_per_token: float = 0.0


_VEO_SIZES = ("1280x720", "720x1280", "1920x1080", "1080x1920")
_VEO_4K = (*_VEO_SIZES, "3840x2160", "2160x3840")


def _kling(silent: float, loud: float) -> _Model:
    sizes = ("1280x720", "720x1280", "720x720")
    ratios = ("16:9", "9:16", "1:1")
    usd = {"720p": (silent, loud)}
    return _Model(tuple(range(3, 16)), ("720p",), ratios, sizes, seed=False, usd=usd)


def _veo(sizes: tuple[str, ...], usd: Mapping[str, tuple[float, float]]) -> _Model:
    return _Model((4, 6, 8), tuple(usd), ("16:9", "9:16"), sizes, seed=True, usd=usd)


_MODELS = {
    "kwaivgi/kling-v3.0-std": _kling(0.084, 0.126),
    "kwaivgi/kling-v3.0-pro": _kling(0.112, 0.168),
    "google/veo-3.1": _veo(
        _VEO_4K, {"720p": (0.20, 0.40), "1080p": (0.20, 0.40), "4K": (0.40, 0.60)}
    ),
    "google/veo-3.1-fast": _veo(
        _VEO_4K, {"720p": (0.08, 0.10), "1080p": (0.10, 0.12), "4K": (0.25, 0.30)}
    ),
    "google/veo-3.1-lite": _veo(_VEO_SIZES, {"720p": (0.03, 0.05), "1080p": (0.05, 0.08)}),
    "bytedance/seedance-2.0-fast": _Model(
        tuple(range(4, 16)),
        ("480p", "720p"),
        ("1:1", "3:4", "9:16", "4:3", "16:9", "21:9", "9:21"),
        (
            "480x480", "480x640", "480x854", "640x480", "854x480", "1120x480", "720x720", "720x960",
            "720x1280", "720x1680", "960x720", "1280x720", "1680x720",
        ),
        seed=True,
        usd={},
        usd_per_token=0.0000042,
    ),
}  # fmt: skip

# What is accepted.


def _part(kind: str, **more: Check) -> Check:
    source = image_source(data=True)
    fields = {"type": fixed(kind), kind: object_of({"url": source}, "url"), **more}
    return object_of(fields, *fields)


_FRAME = _part("image_url", frame_type=one_of("first_frame", "last_frame"))


def _reference(value: Any, path: str, validation: Validation) -> None:
    """Accept an image, a sound or a video."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in ("image_url", "audio_url", "video_url"):
        validation.add(f"{path}.type", "must be one of image_url, audio_url, video_url")
    else:
        _part(kind)(value, path, validation)


def _check(model: _Model) -> Any:
    fields: dict[str, Check] = {
        "model": anything,
        "prompt": text(),
        "duration": integer_of(*model.durations),
        "resolution": one_of(*model.resolutions),
        "aspect_ratio": one_of(*model.ratios),
        "size": one_of(*model.sizes),
        "generate_audio": boolean,
        "frame_images": list_of(_FRAME, most=2),
        "input_references": list_of(_reference),
        "previous_job_id": text(),
        "callback_url": http_url,
        "provider": object_of({"options": object_of({}, open_to_others=True)}),
    }
    if model.seed:
        fields["seed"] = integer(0)

    def check(body: Mapping[str, Any], validation: Validation) -> None:
        validation.check_fields(body, "", fields, required=("prompt",))
        if "size" in body and ("resolution" in body or "aspect_ratio" in body):
            validation.add("size", "is given instead of resolution and aspect_ratio")
        if validation.valid("frame_images"):
            kinds = [frame["frame_type"] for frame in body.get("frame_images", [])]
            if len(set(kinds)) < len(kinds):
                validation.add("frame_images", "has two frames of one type")
        if validation.valid("prompt") and not body.get("prompt", "").strip():
            validation.add("prompt", "is required")

    return check


# What the video shows.

_SHORT_SIDE = {"480p": 480, "720p": 720, "1080p": 1080, "4K": 2160}


def _size(body: Mapping[str, Any]) -> tuple[int, int]:
    if "size" in body:
        width, height = map(int, body["size"].split("x"))
        return width, height
    wide, high = map(int, body.get("aspect_ratio", "16:9").split(":"))
    unit = _SHORT_SIDE[body.get("resolution", "720p")] / min(wide, high)
    return round(wide * unit / 2) * 2, round(high * unit / 2) * 2


def _scene(incoming: Incoming, backend: Backend) -> Scene:
    body = incoming.json
    model = _MODELS[body["model"]]
    width, height = _size(body)
    frames = {
        frame["frame_type"]: backend.picture(
            frame["image_url"]["url"], frame["frame_type"].replace("_", " ")
        )
        for frame in body.get("frame_images", [])
    }
    images = [each["image_url"]["url"] for each in body.get("input_references", [])
              if each["type"] == "image_url"]  # fmt: skip
    seconds = body.get("duration", 5 if 5 in model.durations else model.durations[-1])
    return Scene(
        variant=f"openrouter / {body['model']}",
        prompt=body["prompt"],
        width=width,
        height=height,
        shots=(Shot(body["prompt"], seconds),),
        sound=body.get("generate_audio", True),
        first=frames.get("first_frame"),
        last=frames.get("last_frame"),
        references=tuple(backend.picture(url, f"image {n}") for n, url in enumerate(images, 1)),
    )


def _price(incoming: Incoming, scene: Scene) -> float:
    model = _MODELS[incoming.json["model"]]
    if model.usd_per_token:
        tokens = scene.width * scene.height * 24 * scene.seconds / 1024
        return round(tokens * model.usd_per_token, 6)
    short = min(scene.width, scene.height)
    silent, with_sound = next(
        rates for name, rates in model.usd.items() if _SHORT_SIDE[name] == short
    )
    return round((with_sound if scene.sound else silent) * scene.seconds, 4)


# What is answered.


def _submitted(view: TaskView) -> Reply:
    task = view.task
    address = f"{task.base_url}/videos/{task.id}"
    return Reply({"id": task.id, "polling_url": address, "status": "pending"}, 202)


_WORDS = {"queued": "pending"}


def _status(view: TaskView) -> Json:
    task = view.task
    told: Json = {
        "id": task.id,
        "polling_url": f"{task.base_url}/videos/{task.id}",
        "status": _WORDS.get(view.state, view.state),
    }
    if view.state == "completed":
        told |= {
            "generation_id": f"gen-{task.id}",
            "unsigned_urls": [view.url] if view.url else [],
            "usage": {"cost": task.cost, "is_byok": False},
        }
    if view.failure:
        told["error"] = view.failure
    return told


def _content(incoming: Incoming, backend: Backend) -> Reply:
    """Send the video, behind the key."""
    task = backend.find(incoming.parameters["id"])
    if task is None or incoming.query.get("index", "0") != "0":
        raise Refused(404, "there is no such video")
    return backend.film(task)


def _models(_incoming: Incoming, _backend: Backend) -> Json:
    def listed(name: str, model: _Model) -> Json:
        return {
            "id": name,
            "canonical_slug": name,
            "name": name,
            "supported_resolutions": model.resolutions,
            "supported_aspect_ratios": model.ratios,
            "supported_sizes": model.sizes,
            "supported_durations": model.durations,
            "supported_frame_images": ["first_frame", "last_frame"],
            "generate_audio": True,
            "seed": model.seed,
            "pricing_skus": _skus(model),
            "allowed_passthrough_parameters": [],
        }

    return {"data": [listed(name, model) for name, model in _MODELS.items()]}


def _skus(model: _Model) -> dict[str, str]:
    if model.usd_per_token:
        return {"video_tokens": f"{model.usd_per_token:.7f}"}
    found = {}
    for size, (silent, with_sound) in model.usd.items():
        found[f"duration_seconds_without_audio_{size.lower()}"] = f"{silent:g}"
        found[f"duration_seconds_with_audio_{size.lower()}"] = f"{with_sound:g}"
    return found


_KINDS = {
    400: "invalid_request",
    401: "authentication",
    402: "payment_required",
    403: "permission_denied",
    404: "not_found",
    413: "payload_too_large",
    422: "content_policy_violation",
    429: "rate_limit_exceeded",
    503: "provider_unavailable",
}


def _error(http: int, message: str, _param: str) -> Json:
    kind = _KINDS.get(http, "invalid_request" if http < 500 else "server")
    return {"error": {"code": http, "message": message, "metadata": {"error_type": kind}}}


def _notify(view: TaskView, secret: str, now: float) -> Reply:
    told = _status(view)
    about = {name: value for name, value in told.items() if name != "polling_url"}
    event = {
        "type": f"video.generation.{view.state}",
        "created_at": "2026-11-22T12:00:00Z",
        "data": {"model": view.task.model, **about},
    }
    body = json.dumps(event).encode()
    headers = {"X-OpenRouter-Idempotency-Key": f"{view.task.id}-{view.state}"}
    if secret:
        time = f"{now:.0f}"
        message = f"{time},".encode() + body
        signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        headers["X-OpenRouter-Signature"] = f"t={time},v1={signature}"
    return Reply(body, headers=headers)


protocol = Protocol(
    id="openrouter",
    endpoints=(
        Submit(
            path="/videos",
            models={name: _check(model) for name, model in _MODELS.items()},
            scene=_scene,
            answer=_submitted,
            task_id="id",
            new_id=lambda _: f"gen-vid-1790000000-{secrets.token_hex(10)}",
            price=_price,
        ),
        Route(method="GET", path="/videos/models", handle=_models, needs_key=False),
        Route(method="GET", path="/videos/{id}/content", handle=_content, step="download"),
        Status(path="/videos/{id}", answer=_status, own_id="id", word="status"),
    ),
    error=_error,
    max_bytes=50 * 1024 * 1024,
    link="{base}/videos/{id}/content?index=0",
    scenery="domes",
    notify=_notify,
    signed_with_secret=True,
    callback=lambda incoming: incoming.json.get("callback_url"),
)
