"""The conformance kit on Runway's models."""

from typing import Any

from rushes import Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_runway import gen4_5, kling_3_0

TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"
CREATED = "2026-11-21T10:00:00.000Z"
IMAGE = "https://pictures.example.com/a.png"
VIDEO = "https://videos.example.com/a.mp4?_jwt=x"
FIRST = {"uri": IMAGE, "position": "first"}
LAST = {"uri": IMAGE, "position": "last"}
DOC = "https://docs.dev.runwayml.com/api"
PLACE = {
    "uploadUrl": "https://uploads.example.com/bucket",
    "fields": {"key": "assets/a.png", "policy": "p"},
    "runwayUri": "runway://a",
}
EXCHANGES: dict[str, list[Any]] = {"upload": [PLACE, b""], "cancel": [b""]}
GEN = {"model": "gen4.5", "promptText": "A red kite", "ratio": "1280:720", "duration": 5}
OVER_HTTP = "http://pictures.example.com/a.png"
REFUSED = {"image_over_https": {**GEN, "promptImage": OVER_HTTP}}


def task(status: str, **more: Any) -> dict[str, Any]:
    """Return a task as GET /v1/tasks/{id} answers."""
    return {"id": TASK, "createdAt": CREATED, "status": status, **more}


class Runway(VariantConformance):
    """The answers of Runway, which are the same for every model."""

    __test__ = False
    receipts = (({"id": TASK, "estimatedCost": {"credits": 60}}, TASK),)
    statuses = (
        (
            task("THROTTLED", estimatedCost={"credits": 60}),
            Status(state="queued", remote_id=TASK),
        ),
        (
            task("RUNNING", estimatedCost={"credits": 60}, progress=0.25),
            Status(state="in_progress", progress=25, remote_id=TASK),
        ),
        (
            task("SUCCEEDED", cost={"credits": 60}, output=[VIDEO]),
            Status(state="completed", remote_id=TASK, cost=0.6, results=(Result(url=VIDEO),)),
        ),
        (
            task(
                "FAILED", cost={"credits": 0}, failure="Blocked.", failureCode="SAFETY.INPUT.TEXT"
            ),
            Status(state="failed", remote_id=TASK, cost=0, reason="Blocked."),
        ),
        (
            task("FAILED", cost={"credits": 60}, failureCode="INTERNAL"),
            Status(state="failed", remote_id=TASK, cost=0.6, reason="INTERNAL"),
        ),
        (
            task("CANCELLED", cost={"credits": 60}),
            Status(state="cancelled", remote_id=TASK, cost=0.6),
        ),
    )
    refusals = (
        (
            400,
            {"error": "You do not have enough credits to run this task.", "docUrl": DOC},
            "balance",
        ),
        (
            400,
            {
                "error": "Validation of body failed",
                "issues": [{"code": "too_big", "path": ["promptText"], "message": "Too long"}],
                "docUrl": DOC,
            },
            "refused",
        ),
        (401, {"error": "Invalid API key"}, "key"),
        (429, {"error": "Too many requests"}, "wait"),
        (503, {"error": "You do not have enough credits to run this task."}, "unknown"),
    )
    exchanges = EXCHANGES


class TestGen45(Runway):
    __test__ = True
    plugin = gen4_5.plugin
    accepted = (
        GEN,
        {**GEN, "ratio": "720:1280", "duration": 10, "seed": 4294967295, "outputFormat": "hdr10"},
        {**GEN, "duration": 2, "promptImage": IMAGE, "ratio": "1104:832", "seed": 0},
        {**GEN, "promptImage": IMAGE, "contentModeration": {"publicFigureThreshold": "low"}},
        Request("A kite"),
        Request("A kite", duration=4, aspect_ratio="21:9", images=[Image(IMAGE, "first_frame")]),
    )
    rejected = REFUSED


def kling(model: str, ratio: str) -> tuple[Any, ...]:
    """Return payloads that one tier of Kling 3.0 accepts."""
    base = {"model": model, "promptText": "A red kite"}
    text = {**base, "ratio": ratio, "duration": 5, "audio": True}
    return (
        text,
        {**text, "audio": False, "duration": 15, "cfgScale": 0.2},
        {**base, "duration": 3, "promptImage": [FIRST]},
        {**base, "ratio": ratio, "audio": False, "promptImage": [FIRST, LAST]},
        {"model": model, "ratio": ratio, "providerSettings": {"multiPrompt": shots(3)}},
        {"model": model, "ratio": ratio, "providerSettings": {"multiPrompt": shots(7, 8)}},
        {**text, "providerSettings": {"shotType": "intelligence", "multiPrompt": shots(2, 3)}},
        Request("A kite"),
        Request("A kite", aspect_ratio="9:16", duration=4, shots=[Shot("a", 1), Shot("b", 3)]),
        Request("A kite", images=[Image(IMAGE, "first_frame")]),
        Request("A kite", extra={"promptImage": [FIRST]}),
    )


def shots(*seconds: int) -> list[dict[str, Any]]:
    """Return segments of these lengths."""
    return [{"prompt": "A kite", "duration": length} for length in seconds]


def refused(model: str, ratio: str) -> dict[str, Any]:
    """Return what breaks each `@rule` of one tier."""
    base = {"model": model, "ratio": ratio, "promptText": "A red kite"}
    return {
        "shots_fit": [
            {**base, "providerSettings": {"multiPrompt": shots(2)}},
            {**base, "providerSettings": {"multiPrompt": shots(8, 8)}},
        ],
        "images_over_https": {**base, "promptImage": [FIRST, {**LAST, "uri": OVER_HTTP}]},
    }


class TestStandard(Runway):
    __test__ = True
    plugin = kling_3_0.standard
    accepted = kling("kling3.0_standard", "1280:720")
    rejected = refused("kling3.0_standard", "1280:720")


class TestPro(Runway):
    __test__ = True
    plugin = kling_3_0.pro
    accepted = kling("kling3.0_pro", "1440:1440")
    rejected = refused("kling3.0_pro", "1440:1440")
