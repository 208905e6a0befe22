"""The conformance kit on the models of the snapshot.

The answers have the documented shapes; nothing here is recorded from the live service.
"""

import hashlib
import hmac
import json
from typing import Any

import pytest
from rushes import Answer, Call, Delivery, Event, Image, Request, Result, Status, Video
from rushes.testing import VariantConformance
from rushes_openrouter import variants
from rushes_openrouter.listing import read

URL = "https://pictures.example.com/a.png"
SIGNED = "https://store.example.com/v.mp4?sig=x"
CONTENT = "https://openrouter.ai/api/v1/videos/gen-vid-1/content?index=0"
FIRST, LAST = (
    {"type": "image_url", "image_url": {"url": URL}, "frame_type": role}
    for role in ("first_frame", "last_frame")
)
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
CLIP = {"type": "video_url", "video_url": {"url": URL}}
SOUND = {"type": "audio_url", "audio_url": {"url": URL}}

TASK = {
    "id": "gen-vid-1",
    "generation_id": "gen-1",
    "polling_url": "https://openrouter.ai/api/v1/videos/gen-vid-1",
    "status": "completed",
    "unsigned_urls": [CONTENT],
    "usage": {"cost": 0.63, "is_byok": False},
}
FETCHED = Result(call=Call.get(CONTENT))


def error(code: int, **metadata: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "metadata": metadata}}


SECRET = "whsec-0123456789"
EVENT = json.dumps({"type": "video.generation.completed", "data": TASK}).encode()
NAMELESS = json.dumps({"type": "video.generation.completed", "data": {**TASK, "id": None}}).encode()


def signed(body: bytes, space: str = "") -> Delivery:
    """Return an event as OpenRouter signs it."""
    signature = hmac.new(SECRET.encode(), b"1800000000," + body, hashlib.sha256).hexdigest()
    return Delivery({"x-openrouter-signature": f"t=1800000000,{space}v1={signature}"}, body)


COMPLETED = Event(
    remote_id="gen-vid-1",
    verified=True,
    id="gen-vid-1-completed",
    answer=Answer(200).with_json(TASK),
)


class Routed(VariantConformance):
    """The answers of OpenRouter, which are the same for every model."""

    __test__ = False
    receipts = (
        ({"id": "gen-vid-1", "polling_url": "/api/v1/videos/gen-vid-1", "status": "pending"},
         "gen-vid-1"),
    )  # fmt: skip
    statuses = (
        (
            TASK,
            Status(state="completed", remote_id="gen-vid-1", results=(FETCHED,), cost=0.63),
        ),
        (
            {**TASK, "urls": [SIGNED], "expires_at": 1800000900},
            Status(
                state="completed",
                remote_id="gen-vid-1",
                results=(
                    Result(url=SIGNED, expires_at=1800000900),
                    Result(call=Call.get(CONTENT), expires_at=1800000900),
                ),
                cost=0.63,
            ),
        ),
        (
            {"id": "gen-vid-1", "status": "failed", "error": "Content policy violation"},
            Status(state="failed", remote_id="gen-vid-1", reason="Content policy violation"),
        ),
        (
            {"id": "gen-vid-1", "status": "failed", "error": {"message": "no"}},
            Status(state="failed", remote_id="gen-vid-1", reason="no"),
        ),
        ({"id": "gen-vid-1", "status": "expired"}, Status(state="expired", remote_id="gen-vid-1")),
    )
    refusals = (
        (400, error(400, error_type="invalid_request"), "refused"),
        (400, error(400, error_type="content_policy_violation"), "content"),
        (400, error(400, error_type="refusal"), "content"),
        (400, error(400, error_type="authentication"), "key"),
        (400, error(400, error_type="payment_required"), "balance"),
        (400, error(400, error_type="rate_limit_exceeded"), "wait"),
        (401, error(401), "key"),
        (402, error(402), "balance"),
        (403, error(403, error_type="permission_denied"), "key"),
        (403, error(403, reasons=["violence"], flagged_input="k"), "content"),
        (403, error(403, patterns=["ignore all"]), "content"),
        (400, error(400, reasons=["violence"]), "refused"),
        (409, error(409), "unknown"),
        (413, error(413, error_type="payload_too_large"), "refused"),
        (429, error(429), "wait"),
        (502, error(502, error_type="provider_unavailable"), "unknown"),
    )
    webhook_secrets = (SECRET,)
    deliveries = (
        (signed(EVENT), COMPLETED),
        (signed(EVENT, " "), COMPLETED),
        (signed(NAMELESS), None),
    )


def unlisted_option(base: dict[str, Any]) -> dict[str, Any]:
    """Return what gets the note about options that every model has."""
    options = {"google-vertex": {"parameters": {"bogus": 1}}}
    return {"unlisted_options_are_dropped": {**base, "provider": {"options": options}}}


def noted(base: dict[str, Any]) -> dict[str, Any]:
    """Return what gets it of a model that has a note about its sound, too."""
    return unlisted_option({**base, "generate_audio": True})


STD: dict[str, Any] = {"model": "kwaivgi/kling-v3.0-std", "prompt": "A red kite"}
OPTIONS = {"options": {"kling": {"parameters": {"cfg_scale": 0.5}}}}
KLING: tuple[dict[str, Any], ...] = (
    {"duration": 3, "size": "720x720"},
    {"duration": 15, "resolution": "720p", "aspect_ratio": "1:1", "generate_audio": False},
    {"duration": 5, "aspect_ratio": "9:16", "generate_audio": False, "frame_images": [FIRST, LAST]},
    {"duration": 5, "frame_images": [LAST], "provider": OPTIONS},
    {
        "duration": 5,
        "input_references": [IMAGE, CLIP],
        "callback_url": "https://hooks.example.com/a",
    },
    {"generate_audio": False, "previous_job_id": "gen-vid-0"},
)
KITE = Request("k", duration=4, images=[Image(URL, "first_frame")], audio=True)
STD_NOTED = noted(STD)


class TestStd(Routed):
    __test__ = True
    plugin = variants.kling_v3_0_std
    accepted = (STD, *({**STD, **more} for more in KLING), KITE)
    noted = STD_NOTED


PRO: dict[str, Any] = {"model": "kwaivgi/kling-v3.0-pro", "prompt": "A red kite"}
PRO_NOTED = noted(PRO)


class TestPro(Routed):
    __test__ = True
    plugin = variants.kling_v3_0_pro
    accepted = (PRO, *({**PRO, **more} for more in KLING), KITE)
    noted = PRO_NOTED


FAST: dict[str, Any] = {"model": "bytedance/seedance-2.0-fast", "prompt": "A red kite"}
SEEDANCE: tuple[dict[str, Any], ...] = (
    {"duration": 4, "size": "1280x720"},
    {"duration": 15, "resolution": "480p", "aspect_ratio": "21:9", "generate_audio": False},
    {"duration": 5, "resolution": "720p", "aspect_ratio": "3:4", "seed": 7},
    {"duration": 5, "resolution": "720p", "frame_images": [FIRST, LAST]},
    {"duration": 5, "resolution": "480p", "aspect_ratio": "9:21"},
    {"duration": 5, "size": "854x480", "input_references": [IMAGE, SOUND]},
    {"duration": 5, "size": "854x480", "input_references": [IMAGE, CLIP]},
    {"frame_images": [FIRST], "callback_url": "https://hooks.example.com/a"},
    {"previous_job_id": "gen-vid-0", "provider": {"options": {"x": {"watermark": False}}}},
)
FAST_NOTED = noted(FAST)


class TestSeedance(Routed):
    __test__ = True
    plugin = variants.seedance_2_0_fast
    accepted = (
        FAST,
        *({**FAST, **more} for more in SEEDANCE),
        KITE,
        Request("k", images=[Image(URL, "reference")], videos=[Video(URL, "reference")]),
    )
    noted = FAST_NOTED


VEO: tuple[dict[str, Any], ...] = (
    {"duration": 4, "size": "1080x1920"},
    {"duration": 4, "size": "720x1280", "generate_audio": False},
    {"duration": 6, "resolution": "1080p", "aspect_ratio": "16:9", "generate_audio": False},
    {"duration": 8, "resolution": "720p", "seed": 7, "frame_images": [FIRST, LAST]},
    {"duration": 8, "aspect_ratio": "9:16", "input_references": [IMAGE, CLIP]},
    {"generate_audio": False, "callback_url": "https://hooks.example.com/a"},
    {"previous_job_id": "gen-vid-0", "provider": {"options": {}}},
)
LARGE: tuple[dict[str, Any], ...] = (
    {"duration": 4, "size": "3840x2160"},
    {"duration": 4, "resolution": "4K", "generate_audio": False},
)
VEO31: dict[str, Any] = {"model": "google/veo-3.1", "prompt": "A red kite"}
VEO31_NOTED = noted(VEO31)


class TestVeo(Routed):
    __test__ = True
    plugin = variants.veo_3_1
    accepted = (VEO31, *({**VEO31, **more} for more in VEO + LARGE), KITE)
    noted = VEO31_NOTED


VEO31_FAST: dict[str, Any] = {"model": "google/veo-3.1-fast", "prompt": "A red kite"}
VEO31_FAST_NOTED = noted(VEO31_FAST)


class TestVeoFast(Routed):
    __test__ = True
    plugin = variants.veo_3_1_fast
    accepted = (VEO31_FAST, *({**VEO31_FAST, **more} for more in VEO + LARGE), KITE)
    noted = VEO31_FAST_NOTED


VEO31_LITE: dict[str, Any] = {"model": "google/veo-3.1-lite", "prompt": "A red kite"}
VEO31_LITE_NOTED = noted(VEO31_LITE)


class TestVeoLite(Routed):
    __test__ = True
    plugin = variants.veo_3_1_lite
    accepted = (VEO31_LITE, *({**VEO31_LITE, **more} for more in VEO), KITE)
    noted = VEO31_LITE_NOTED


FILM: dict[str, Any] = {
    "id": "maker/film:free",
    "supported_durations": [4, 8],
    "supported_resolutions": ["480p", "720p", "1080p", "2K"],
    "supported_frame_images": ["first_frame"],
    "generate_audio": False,
    "pricing_skus": {
        "text_to_video_duration_seconds_720p": "0.1",
        "image_to_video_duration_seconds_720p": "0.2",
        "duration_seconds_720p": "0.3",
        "duration_seconds_1080p": "0.4",
        "duration_seconds": "0.5",
    },
}
CLAY: dict[str, Any] = {
    "id": "maker/clay",
    "supported_durations": [5, 10],
    "supported_sizes": ["1280x720", "1920x1080"],
    "generate_audio": True,
    "pricing_skus": {"video_tokens_1080p": "0.000004", "video_tokens_without_audio": "0.000002"},
}
WAN: dict[str, Any] = {
    "id": "alibaba/wan-2.7",
    "supported_durations": [5],
    "pricing_skus": {"duration_seconds": "0.1", "cents_per_second_output": "17"},
}
LIST = {"data": [FILM, CLAY, WAN, {"id": "other/film:free"}]}
FILM_VARIANT, CLAY_VARIANT, WAN_VARIANT, _ = variants.variants(read(json.dumps(LIST)))


def payloads(model: dict[str, Any], *more: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return a payload with nothing but a prompt, and others."""
    return tuple({"model": model["id"], "prompt": "A red kite", **each} for each in ({}, *more))


OTHERS = {"test_the_sandbox_agrees": "the sandbox has the models of the snapshot only"}


class Listed(Routed):
    """Models of a list that is made up, with what no model of the snapshot has."""

    overrides = OTHERS

    def test_the_sandbox_agrees(self) -> None:
        """Skip it."""
        pytest.skip(OTHERS["test_the_sandbox_agrees"])


FILMS = payloads(
    FILM,
    {"duration": 4},
    {"duration": 4, "resolution": "480p"},
    {"duration": 4, "resolution": "720p"},
    {"duration": 8, "resolution": "720p", "frame_images": [FIRST]},
    {"duration": 8, "resolution": "1080p"},
    {"duration": 8, "resolution": "2K"},
    {"duration": 8, "resolution": "720p", "input_references": [IMAGE, CLIP]},
    {"callback_url": "https://hooks.example.com/a"},
)
FILMS_NOTED = unlisted_option(FILMS[0])


class TestFilm(Listed):
    __test__ = True
    plugin = FILM_VARIANT
    accepted = FILMS
    noted = FILMS_NOTED


CLAYS = payloads(
    CLAY,
    {"duration": 5, "size": "1920x1080"},
    {"duration": 5, "size": "1920x1080", "generate_audio": False},
    {"duration": 10, "size": "1280x720", "generate_audio": False},
    {"duration": 10, "size": "1280x720"},
    {"duration": 10},
    {"input_references": [IMAGE, SOUND]},
)
CLAYS_NOTED = noted(CLAYS[0])


class TestClay(Listed):
    __test__ = True
    plugin = CLAY_VARIANT
    accepted = CLAYS
    noted = CLAYS_NOTED


WANS = payloads(WAN, {"duration": 5}, {"input_references": [IMAGE, CLIP, SOUND]})
WANS_NOTED = unlisted_option(WANS[0])


class TestWan(Listed):
    __test__ = True
    plugin = WAN_VARIANT
    accepted = WANS
    noted = WANS_NOTED
