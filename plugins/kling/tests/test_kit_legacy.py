"""The conformance kit on Kling's older generation: v2.6 and v3."""

import base64
import hashlib
import hmac
import json
from typing import Any

from rushes import Answer, Delivery, Event, Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_kling import kling_v2_6, kling_v3

URL = "https://pictures.example.com/a.png"
FILM = {"id": "v-1", "url": "https://films.example.com/1.mp4", "duration": "5"}
TASK = {
    "task_id": "t-1",
    "task_info": {"external_task_id": "job-1"},
    "created_at": 1_800_000_000_500,
}
MADE = {
    **TASK,
    "task_status": "succeed",
    "task_status_msg": "",
    "task_result": {"videos": [{**FILM, "watermark_url": "https://films.example.com/w.mp4"}]},
    "final_unit_deduction": "1.5",
}
FAILED = {**TASK, "task_status": "failed", "task_status_msg": "The picture is too dark"}
SUBMITTED = {**TASK, "task_status": "submitted", "updated_at": 1_800_000_000_500}
SECRET = "whsec_" + base64.b64encode(b"a secret of the test").decode()
BALANCE = {"code": 1102, "message": "Your resource package is used up", "request_id": "r-1"}


def good(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "r-1", "data": data}


def bad(code: int) -> dict[str, Any]:
    return {"code": code, "message": "No.", "request_id": "r-1"}


def delivered(task: Any, *before: str) -> Delivery:
    """Return a callback, signed as Standard Webhooks says; `before` are other signatures."""
    body = json.dumps(task).encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, b"e-1.1800000000." + body, hashlib.sha256)
    signatures = " ".join((*before, f"v1,{base64.b64encode(digest).decode()}"))
    names = {"id": "e-1", "timestamp": "1800000000", "signature": signatures}
    return Delivery({f"webhook-{name}": text for name, text in names.items()}, body)


def event(task: Any, *, verified: bool = True) -> Event:
    """Return the event of a callback."""
    answer = Answer(200, {}, json.dumps({"code": 0, "data": task}, separators=(",", ":")).encode())
    name = "e-1" if verified else None
    return Event(remote_id="t-1", verified=verified, id=name, answer=answer)


EXCHANGES: dict[str, list[Any]] = {"look_up": [good(MADE)]}
LOOK_UPS: tuple[tuple[Any, list[str] | None], ...] = (
    (good(MADE), ["t-1"]),
    (good({**MADE, "created_at": None}), ["t-1"]),
    (good({**MADE, "task_info": {"external_task_id": "job-2"}}), None),
    (good({"task_info": {"external_task_id": "job-1"}}), None),
    (bad(1203), []),
    (bad(5000), None),
)


class Legacy(VariantConformance):
    """The answers, which are the same for both models."""

    __test__ = False
    receipts = ((good(SUBMITTED), "t-1"),)
    statuses = (
        (
            good(MADE),
            Status(state="completed", remote_id="t-1", results=(Result(url=FILM["url"]),)),
        ),
        (
            good(FAILED),
            Status(state="failed", remote_id="t-1", reason="The picture is too dark"),
        ),
    )
    exchanges = EXCHANGES
    look_ups = LOOK_UPS
    refusals = (
        *((401, bad(code), "key") for code in (1000, 1001, 1002, 1003, 1004)),
        (429, bad(1100), "refused"),
        (429, bad(1101), "balance"),
        (429, BALANCE, "balance"),
        (403, bad(1103), "refused"),
        *((200, bad(code), "refused") for code in (1200, 1201, 1202, 1203)),
        (400, bad(1300), "content"),
        (400, bad(1301), "content"),
        *((200, bad(code), "wait") for code in (1302, 1303)),
        (429, bad(1304), "refused"),
        *((200, bad(code), "unknown") for code in (5000, 5001, 5002)),
        (500, bad(5000), "unknown"),
        (200, bad(1999), "refused"),
        (429, bad(1999), "wait"),
    )
    webhook_secrets = (SECRET,)
    deliveries = (
        (delivered(MADE), event(MADE)),
        (delivered(FAILED, "v1,bm90aGluZw=="), event(FAILED)),
        (Delivery({}, json.dumps(MADE).encode()), event(MADE, verified=False)),
    )


V26: dict[str, Any] = {"model_name": "kling-v2-6", "prompt": "A red kite"}
FRAME = {"model_name": "kling-v2-6", "image": URL}


class TestV26(Legacy):
    __test__ = True
    plugin = kling_v2_6.plugin
    accepted = (
        V26,
        {**V26, "mode": "pro", "sound": "on", "duration": "10", "aspect_ratio": "9:16"},
        {**V26, "mode": "pro", "negative_prompt": "fog", "sound": "off"},
        FRAME,
        {**FRAME, "mode": "pro", "image_tail": URL},
        {
            **FRAME,
            "mode": "pro",
            "sound": "on",
            "voice_list": [{"voice_id": "v-1"}, {"voice_id": "v-2"}],
        },
        {**V26, "watermark_info": {"enabled": True}, "callback_url": "https://me.example.com/k"},
        Request("k", duration=10, images=[Image(URL, "first_frame")], watermark=False),
    )


V3: dict[str, Any] = {"model_name": "kling-v3", "prompt": "A red kite"}
SHOTS: dict[str, Any] = {
    "model_name": "kling-v3",
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "Up", "duration": "2"},
        {"index": 2, "prompt": "Down", "duration": "3"},
    ],
}


class TestV3(Legacy):
    __test__ = True
    plugin = kling_v3.plugin
    accepted = (
        V3,
        {**V3, "mode": "4k", "sound": "on", "duration": "15", "cfg_scale": 1},
        {**V3, "mode": "4k", "aspect_ratio": "1:1", "duration": "3"},
        {**V3, "mode": "pro", "sound": "on"},
        {**V3, "mode": "pro", "image": URL, "image_tail": URL, "negative_prompt": "fog"},
        {**V3, "image": URL, "element_list": [{"element_id": 7}], "sound": "on"},
        {**V3, "multi_shot": True, "shot_type": "intelligence"},
        {**V3, "watermark_info": {"enabled": True}, "callback_url": "https://me.example.com/k"},
        SHOTS,
        {**SHOTS, "image": URL},
        Request(shots=[Shot("k", 3), Shot("l", 4)], images=[Image(URL, "first_frame")]),
        Request(shots=[Shot("k", 3), Shot("l", 4)], duration=7),
        Request(shots=[Shot("k", 3), Shot("l", 4)], extra={"duration": "7"}),
    )
