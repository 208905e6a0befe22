"""The conformance kit on the Seedance models at BytePlus.

The answers have the documented shapes; nothing here is recorded from the live service.
"""

import json
from typing import Any

from rushes import Answer, Delivery, Event, Image, Request, Result, Status, Video
from rushes.testing import VariantConformance
from rushes_byteplus import seedance_1_5_pro, seedance_2_0

URL = "https://pictures.example.com/a.png"
VIDEO = "https://store.example.com/v.mp4?X-Tos-Expires=86400"


def text(words: str = "A red kite") -> dict[str, Any]:
    return {"type": "text", "text": words}


def part(kind: str, role: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": kind, kind: {"url": URL}}
    return made | ({"role": role} if role else {})


ALONE = part("image_url")
FIRST, LAST = part("image_url", "first_frame"), part("image_url", "last_frame")
IMAGE = part("image_url", "reference_image")
CLIP = part("video_url", "reference_video")
SOUND = part("audio_url", "reference_audio")
DRAFT = {"type": "draft_task", "draft_task": {"id": "cgt-1"}}

TASK = {
    "id": "cgt-1",
    "model": "seedance-1-5-pro-251215",
    "status": "succeeded",
    "error": None,
    "content": {"video_url": VIDEO, "last_frame_url": URL},
    "usage": {"completion_tokens": 108900, "total_tokens": 108900},
    "created_at": 1800000000,
    "updated_at": 1800000100,
    "seed": 7,
    "resolution": "720p",
    "ratio": "16:9",
    "duration": 5,
    "framespersecond": 24,
    "service_tier": "default",
    "execution_expires_after": 172800,
}
BLOCKED = {
    "code": "OutputVideoSensitiveContentDetected.PolicyViolation",
    "message": "The output video may be related to copyright restrictions.",
}
DELIVERED = json.dumps({**TASK, "status": "running"}).encode()


EXCHANGES: dict[str, list[Any]] = {"cancel": [{}]}


def error(code: str, message: str = "no") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "type": "BadRequest", "param": ""}}


class Seedance(VariantConformance):
    """The answers of ModelArk, which are the same for every model but for the price of a token."""

    __test__ = False
    receipts = (({"id": "cgt-1"}, "cgt-1"),)
    refusals = (
        (400, error("InvalidParameter"), "refused"),
        (400, error("InputImageSensitiveContentDetected.PrivacyInformation"), "content"),
        (400, error("InputTextSensitiveContentDetected"), "content"),
        (400, error("SensitiveContentDetected.Violence"), "content"),
        (400, error("SensitiveContentDetected.SevereViolation"), "content"),
        (400, error("OutputVideoSensitiveContentDetected.PolicyViolation"), "content"),
        (400, error("InputAudioSensitiveContentDetected"), "content"),
        (400, error("OutputImageRiskDetection"), "content"),
        (400, error("InputTextRiskDetection"), "content"),
        (401, error("AuthenticationError"), "key"),
        (400, error("AuthenticationError"), "key"),
        (403, error("AccountOverdueError"), "balance"),
        (403, error("AccessDenied"), "key"),
        (404, error("ModelNotOpen"), "refused"),
        (429, error("SetLimitExceeded"), "balance"),
        (429, error("RateLimitExceeded.EndpointRPMExceeded"), "wait"),
        (500, error("InternalServiceError"), "unknown"),
    )
    deliveries = (
        (
            Delivery({}, DELIVERED),
            Event(remote_id="cgt-1", verified=False, answer=Answer(200, {}, DELIVERED)),
        ),
    )
    exchanges = EXCHANGES


def done(cost: float) -> Status:
    return Status(state="completed", remote_id="cgt-1", results=(Result(url=VIDEO),), cost=cost)


def statuses(cost: float) -> tuple[Any, ...]:
    """Return a finished task and failed ones, with what the finished one cost."""
    failed = {"id": "cgt-1", "status": "failed", "error": BLOCKED, "content": None}
    reason = BLOCKED["message"]
    return (
        (TASK, done(cost)),
        (failed, Status(state="failed", remote_id="cgt-1", reason=reason)),
        (
            {"id": "cgt-1", "status": "failed", "error": {"code": "x"}},
            Status(state="failed", remote_id="cgt-1", reason="x"),
        ),
    )


PRO: dict[str, Any] = {"model": "seedance-1-5-pro-251215", "content": [text()]}
PRO_REJECTED: dict[str, Any] = {
    "one_of_each_frame": [
        {**PRO, "content": [text(), FIRST, FIRST]},
        {**PRO, "content": [FIRST, LAST, LAST]},
    ],
    "last_frame_needs_first": {**PRO, "content": [text(), LAST]},
    "a_draft_comes_alone": [
        {**PRO, "content": [DRAFT, text()]},
        {**PRO, "content": [ALONE, DRAFT]},
    ],
    "text_is_there": {**PRO, "content": [{"type": "text"}]},
    "image_url_is_its_type": {**PRO, "content": [{**text(), "image_url": {"url": URL}}]},
    "only_media_have_roles": [
        {**PRO, "content": [{**text(), "role": "first_frame"}]},
        {**PRO, "content": [{**DRAFT, "role": "first_frame"}]},
    ],
    "images_have_roles": {**PRO, "content": [text(), ALONE, FIRST]},
}


class TestPro(Seedance):
    __test__ = True
    plugin = seedance_1_5_pro.plugin
    accepted = (
        PRO,
        {**PRO, "resolution": "1080p", "ratio": "21:9", "duration": 12, "seed": -1},
        {**PRO, "generate_audio": False, "service_tier": "flex", "return_last_frame": True},
        {**PRO, "generate_audio": False, "duration": 4},
        {**PRO, "service_tier": "flex", "duration": 4},
        {**PRO, "content": [text(), FIRST, LAST], "ratio": "9:16", "camera_fixed": True},
        {**PRO, "content": [ALONE], "execution_expires_after": 3600},
        {**PRO, "draft": True, "resolution": "480p"},
        {**PRO, "draft": True, "safety_identifier": "a" * 64},
        {**PRO, "content": [DRAFT], "resolution": "1080p"},
        {**PRO, "duration": -1},
        Request("k", duration=7, images=[Image(URL, "first_frame")], audio=False),
    )
    rejected = PRO_REJECTED
    statuses = (
        *statuses(0.26136),
        (TASK, done(0.13068), {**PRO, "generate_audio": False}),
        ({**TASK, "generate_audio": False}, done(0.13068), PRO),
        (TASK, done(0.13068), {**PRO, "service_tier": "flex"}),
        ({**TASK, "generate_audio": False}, done(0.06534), {**PRO, "service_tier": "flex"}),
    )


V2: dict[str, Any] = {"model": "dreamina-seedance-2-0-260128", "content": [text()]}
V2_REJECTED: dict[str, Any] = {
    "one_of_each_frame": [
        {**V2, "content": [text(), FIRST, FIRST]},
        {**V2, "content": [FIRST, LAST, LAST]},
    ],
    "last_frame_needs_first": {**V2, "content": [text(), LAST]},
    "frames_or_references": [
        {**V2, "content": [FIRST, IMAGE]},
        {**V2, "content": [FIRST, CLIP]},
        {**V2, "content": [FIRST, LAST, IMAGE, SOUND]},
    ],
    "nine_reference_images": {**V2, "content": [text(), *[IMAGE] * 10]},
    "three_videos_three_sounds": [
        {**V2, "content": [*[CLIP] * 4]},
        {**V2, "content": [CLIP, *[SOUND] * 4]},
    ],
    "sounds_need_pictures": {**V2, "content": [text(), SOUND]},
    "text_is_there": {**V2, "content": [{"type": "text"}]},
    "only_media_have_roles": {**V2, "content": [{**text(), "role": "first_frame"}]},
    "video_url_is_its_type": {**V2, "content": [text(), {**IMAGE, "video_url": {"url": URL}}]},
    "video_url_roles": {**V2, "content": [text(), part("video_url", "reference_image")]},
    "image_url_roles": [
        {**V2, "content": [text(), part("image_url", "reference_video")]},
        {**V2, "content": [text(), IMAGE, part("image_url", "reference_audio")]},
    ],
    "images_have_roles": [
        {**V2, "content": [text(), ALONE, IMAGE]},
        {**V2, "content": [ALONE, CLIP]},
        {**V2, "content": [text(), ALONE, IMAGE, part("audio_url")]},
    ],
}


class TestV2(Seedance):
    __test__ = True
    plugin = seedance_2_0.plugin
    accepted = (
        V2,
        {**V2, "resolution": "1080p", "ratio": "4:3", "duration": 15, "priority": 9},
        {**V2, "resolution": "4k", "ratio": "1:1", "duration": 4, "generate_audio": False},
        {**V2, "resolution": "480p", "ratio": "3:4", "seed": 7, "watermark": True},
        {**V2, "content": [text(), FIRST, LAST], "ratio": "9:16", "return_last_frame": True},
        {**V2, "content": [ALONE], "execution_expires_after": 259200},
        {**V2, "content": [text(), *[IMAGE] * 9, *[CLIP] * 3, *[SOUND] * 3]},
        {**V2, "content": [text(), CLIP, SOUND]},
        {**V2, "content": [part("video_url"), part("audio_url")], "safety_identifier": "a" * 64},
        {**V2, "content": [IMAGE], "duration": -1},
        Request("k", duration=7, images=[Image(URL, "reference")], sounds=[URL]),
        Request("k", videos=[Video(URL, "reference")], resolution="4k"),
    )
    rejected = V2_REJECTED
    statuses = (
        *statuses(0.7623),
        (TASK, done(0.46827), {**V2, "content": [text(), CLIP]}),
        (TASK, done(0.83853), {**V2, "resolution": "1080p"}),
        (TASK, done(0.4356), {**V2, "resolution": "4k"}),
        (TASK, done(0.26136), {**V2, "content": [CLIP], "resolution": "4k"}),
    )
