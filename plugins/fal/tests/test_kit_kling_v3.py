"""The conformance kit on Kling v3 at fal."""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rushes import Answer, Delivery, Event, Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_fal import kling_v3

URL = "https://pictures.example.com/a.png"
FILM: dict[str, Any] = {
    "url": "https://v3.fal.media/films/1.mp4",
    "content_type": "video/mp4",
    "file_size": 9,
}
QUEUE = "https://gateway.example.com/fal-ai/kling-video/requests/r-1"
SUBMITTED = {
    "status": "IN_QUEUE",
    "request_id": "r-1",
    "response_url": QUEUE,
    "status_url": f"{QUEUE}/status",
    "cancel_url": f"{QUEUE}/cancel",
    "queue_position": 0,
}
DONE = {"status": "COMPLETED", "request_id": "r-1", "metrics": {"inference_time": 61.5}}
PLACE = {"upload_url": "https://store.example.com/1?sig=x", "file_url": URL}
BLOCKED = [{"loc": ["body", "prompt"], "msg": "Not this.", "type": "content_policy_violation"}]
LOCKED = "User is locked. Reason: Exhausted balance."

TEXT = {"prompt": "A red kite"}
FRAME = {"prompt": "A red kite", "start_image_url": URL}
IMAGES = {"frontal_image_url": URL, "reference_image_urls": [URL]}
FILMED = {"video_url": "https://pictures.example.com/a.mp4"}
SHOTS = [{"prompt": "Up", "duration": "3"}, {"prompt": "Down", "duration": "4"}]
ELEMENTS: dict[str, Any] = {
    "one_element_has_a_video": {**FRAME, "elements": [FILMED, FILMED]},
}
EXCHANGES: dict[str, list[Any]] = {
    "poll": [DONE, {"video": FILM, "seed": 7}],
    "upload": [PLACE, {}],
    "cancel": [{"status": "CANCELLATION_REQUESTED"}],
}

KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)]


def published(*keys: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the JWKS of keys."""
    raw = [key.public_key().public_bytes_raw() for key in keys]
    texts = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in raw]
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": text} for text in texts]}


def delivered(about: dict[str, Any], key: Ed25519PrivateKey = KEYS[1]) -> Delivery:
    """Return a delivery, signed as fal's page says."""
    body = json.dumps({"request_id": "r-1", "gateway_request_id": "g-1", **about}).encode()
    signed = {"request-id": "r-1", "user-id": "u-1", "timestamp": "1800000000"}
    message = "\n".join((*signed.values(), hashlib.sha256(body).hexdigest()))
    headers = {**signed, "signature": key.sign(message.encode()).hex()}
    return Delivery({f"x-fal-webhook-{name}": text for name, text in headers.items()}, body)


def event(about: dict[str, Any] | None) -> Event:
    """Return the event of a delivery, with what a poll would be answered."""
    answer = None
    if about is not None:
        body = {"request_id": "r-1", "gateway_request_id": "g-1", **about}
        answer = Answer(200, {}, json.dumps(body, separators=(",", ":")).encode())
    return Event(remote_id="r-1", verified=True, id="r-1", answer=answer)


EXCHANGES["parse_webhook"] = [published(*KEYS)]


QUEUED = {"status": "IN_QUEUE", "request_id": "r-1", "queue_position": 2}
VIDEO: dict[str, Any] = {"video": FILM, "seed": 7}


def ended(state: str, reason: str) -> Status:
    """Return the status of a task without a video."""
    return Status(state=state, remote_id="r-1", reason=reason)  # type: ignore[arg-type]


def answer(http: int, body: Any) -> Answer:
    """Return an answer that is not HTTP 200."""
    return Answer(http, {}, json.dumps(body).encode())


FOLLOWED = (
    ([QUEUED], Status(state="queued", remote_id="r-1")),
    (
        [DONE, VIDEO],
        Status(state="completed", remote_id="r-1", results=(Result(url=FILM["url"]),)),
    ),
    ([{**DONE, "error": "Gone"}], ended("failed", "Gone")),
    ([{**DONE, "error": "Gone", "error_type": "runner_error"}], ended("failed", "Gone")),
    ([{**DONE, "error_type": "runner_error"}], ended("failed", "runner_error")),
    ([{**DONE, "error_type": "client_cancelled"}], ended("cancelled", "client_cancelled")),
    ([DONE, answer(422, {"detail": BLOCKED})], ended("failed", "Not this.")),
    ([DONE, answer(400, {"detail": "Too long."})], ended("failed", "Too long.")),
    ([DONE, answer(500, VIDEO)], None),
    ([DONE, answer(300, VIDEO)], None),
    ([DONE, []], None),
)


class KlingV3(VariantConformance):
    """The answers of fal, and the input, which are the same for both tiers."""

    __test__ = False
    accepted = (
        TEXT,
        {**TEXT, "aspect_ratio": "1:1", "cfg_scale": 1, "generate_audio": False, "duration": "15"},
        {**TEXT, "shot_type": "intelligent", "fal_webhook": "https://me.example.com/fal?a=1&b=2"},
        {"multi_prompt": SHOTS, "duration": "7"},
        {"multi_prompt": [{"prompt": "Up"}]},
        {**FRAME, "end_image_url": URL, "negative_prompt": "fog", "shot_type": "customize"},
        {**FRAME, "elements": [IMAGES, FILMED]},
        Request(shots=[Shot("k", 3), Shot("l", 4)], images=[Image(URL, "first_frame")]),
        Request(shots=[Shot("k", 3), Shot("l", 4)], duration=8, audio=False),
        Request(shots=[Shot("k", 3), Shot("l", 4)], extra={"duration": "9"}),
        Request(shots=[Shot("k", 9), Shot("l", 9)]),
        Request(shots=[Shot("k", 3), Shot("l")]),
    )
    rejected = ELEMENTS
    receipts = ((SUBMITTED, "r-1"),)
    statuses = (
        (
            {**DONE, "payload": {"video": FILM}},
            Status(state="completed", remote_id="r-1", results=(Result(url=FILM["url"]),)),
        ),
        (
            {**DONE, "status": "ERROR", "error": "Gone", "error_type": "runner_disconnected"},
            Status(state="failed", remote_id="r-1", reason="Gone"),
        ),
        (
            {**DONE, "status": "ERROR", "payload": {"detail": BLOCKED}, "error": "422"},
            Status(state="failed", remote_id="r-1", reason="Not this."),
        ),
        (
            {**DONE, "status": "ERROR", "payload": {"detail": "Too long."}},
            Status(state="failed", remote_id="r-1", reason="Too long."),
        ),
        (
            {**DONE, "status": "CANCELLED", "error_type": "client_cancelled"},
            Status(state="cancelled", remote_id="r-1", reason="client_cancelled"),
        ),
    )
    refusals = (
        (403, {"detail": LOCKED}, "balance"),
        (403, {"detail": "Forbidden"}, "key"),
        (401, {"detail": "No user found for Key ID and Secret"}, "key"),
        (422, {"detail": BLOCKED}, "content"),
        (422, {"detail": [{"msg": "field required", "type": "missing"}]}, "refused"),
    )
    exchanges = EXCHANGES
    followed = FOLLOWED
    deliveries = (
        (
            delivered({"status": "OK", "payload": {"video": FILM}}),
            event({"status": "COMPLETED", "payload": {"video": FILM}}),
        ),
        (
            delivered({"status": "ERROR", "payload": {"detail": BLOCKED}}, KEYS[0]),
            event({"status": "ERROR", "payload": {"detail": BLOCKED}}),
        ),
        (delivered({"status": "OK", "payload": None, "payload_error": "too odd"}), event(None)),
        (delivered({"request_id": None, "status": "OK", "payload": {"video": FILM}}), None),
    )


class TestStandard(KlingV3):
    __test__ = True
    plugin = kling_v3.standard


class TestPro(KlingV3):
    __test__ = True
    plugin = kling_v3.pro
