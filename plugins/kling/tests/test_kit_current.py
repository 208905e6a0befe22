"""The conformance kit on Kling's newer generation: 3.0 and 3.0 Omni."""

import base64
import hmac
import json
from typing import Any

from rushes import Answer, Delivery, Event, Image, Request, Result, Shot, Status, Video
from rushes.testing import VariantConformance
from rushes_kling import kling_3, kling_3_omni

URL = "https://pictures.example.com/a.png"
CLIP = "https://pictures.example.com/a.mp4"
FILM = "https://films.example.com/1.mp4"
TASK = {"id": "r-1", "create_time": 1_800_000_000_500, "external_id": "job-1"}
CHARGE = {"charge_type": "cash", "cash_type": "recharge", "amount": "0.42", "currency": "USD"}
MADE = {
    **TASK,
    "status": "succeeded",
    "message": "",
    "outputs": [{"type": "video", "id": "v-1", "url": FILM, "watermark_url": f"{FILM}?w"}],
    "billing": [CHARGE],
}
OTHER = {**MADE, "id": "r-2"}
FAILED = {**TASK, "status": "failed", "message": "The picture is too dark"}
SUBMITTED = {**TASK, "status": "submitted"}
SECRET = "whsec_" + base64.b64encode(b"a secret of the test").decode()
HALVES = [{**CHARGE, "amount": "0.2"}, {**CHARGE, "amount": "0.1"}]
UNITS = {"charge_type": "unit", "package_type": "video", "amount": "3"}
YUAN = {**CHARGE, "currency": "CNY"}


def good(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "q-1", "data": data}


def bad(code: int) -> dict[str, Any]:
    return {"code": code, "message": "No.", "request_id": "q-1"}


def delivered(task: Any) -> Delivery:
    """Return a callback, signed as Standard Webhooks says."""
    body = json.dumps(task).encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, b"e-1.1800000000." + body, "sha256")
    signature = f"v1,{base64.b64encode(digest).decode()}"
    names = {"id": "e-1", "timestamp": "1800000000", "signature": signature}
    return Delivery({f"webhook-{name}": text for name, text in names.items()}, body)


def event(task: Any, *, verified: bool = True) -> Event:
    """Return the event of a callback."""
    answer = json.dumps({"code": 0, "data": [task]}, separators=(",", ":")).encode()
    name = "e-1" if verified else None
    return Event(remote_id="r-1", verified=verified, id=name, answer=Answer(200, {}, answer))


def billed(*charges: Any) -> tuple[Delivery, Event]:
    """Return a callback that says what was billed, which is not all in USD."""
    task = {**MADE, "billing": list(charges)}
    return delivered(task), event(task)


EXCHANGES: dict[str, list[Any]] = {"poll": [good([MADE])], "look_up": [good([MADE])]}
LOOK_UPS: tuple[tuple[Any, list[str]], ...] = (
    (good([MADE]), ["r-1"]),
    (good([]), []),
    (good([MADE, OTHER]), ["r-1", "r-2"]),
)


class Current(VariantConformance):
    """The answers, which are the same for both models."""

    __test__ = False
    receipts = ((good(SUBMITTED), "r-1"),)
    statuses = (
        (
            good([{**MADE, "usd": 0.42}]),
            Status(state="completed", remote_id="r-1", results=(Result(url=FILM),), cost=0.42),
        ),
        (
            good([FAILED]),
            Status(state="failed", remote_id="r-1", reason="The picture is too dark"),
        ),
    )
    exchanges = EXCHANGES
    look_ups = LOOK_UPS
    refusals = (
        (401, bad(1002), "key"),
        (429, bad(1102), "balance"),
        (200, bad(1303), "wait"),
        (400, bad(1301), "content"),
        (200, bad(1201), "refused"),
    )
    webhook_secrets = (SECRET,)
    deliveries = (
        (delivered(MADE), event({**MADE, "usd": 0.42})),
        (delivered({**MADE, "billing": HALVES}), event({**MADE, "billing": HALVES, "usd": 0.3})),
        billed(),
        billed(UNITS),
        billed(CHARGE, UNITS),
        billed(YUAN),
        billed({**CHARGE, "amount": "much"}),
        billed({**CHARGE, "amount": None}),
        (delivered(FAILED), event(FAILED)),
        (Delivery({}, json.dumps(FAILED).encode()), event(FAILED, verified=False)),
    )


PROMPT = {"type": "prompt", "text": "A red kite"}
FIRST = {"type": "first_frame", "url": URL}
LAST = {"type": "last_frame", "url": URL}
REFER = {"type": "refer_image", "url": URL}
FEATURE = {"type": "feature_video", "url": CLIP}
BASE = {"type": "base_video", "url": CLIP}
KITE = {"type": "element", "element_id": "7", "id": "kite"}
TEXT = {"prompt": "A red kite"}
FRAMED = {"contents": [PROMPT, FIRST]}
WRITTEN = {
    "callback_url": "https://me.example.com/kling",
    "watermark_info": {"enabled": True},
}


def elements(number: int) -> list[dict[str, str]]:
    return [{**KITE, "id": f"kite_{place}"} for place in range(number)]


MISMAPPED: dict[str, Any] = {
    "length": [
        Request(shots=[Shot("k", 1)] * 7),
        Request(shots=[Shot("k" * 513, 3)]),
        Request(shots=[Shot("k" * 512, 1)] * 6),  # in one prompt
    ],
    "shot_length": [
        Request(shots=[Shot("k", 3), Shot("l")]),
        Request(shots=[Shot("k", 3.5)]),
        Request(shots=[Shot("k", 3), Shot("l", 0.5)]),
    ],
    "semicolon": Request(shots=[Shot("Up; down", 3)]),
    "shots_fill_the_duration": Request(shots=[Shot("k", 3), Shot("l", 4)], duration=8),
}
REJECTED: dict[str, Any] = {
    **MISMAPPED,
    "three_elements": {"contents": [PROMPT, FIRST, *elements(4)]},
    "one_of_each": [
        {"contents": [PROMPT, PROMPT, FIRST]},
        {"contents": [PROMPT, FIRST, FIRST]},
        {"contents": [PROMPT, FIRST, LAST, LAST]},
    ],
    "ids_differ": {"contents": [{**PROMPT, "text": "@kite"}, FIRST, KITE, KITE]},
}
NOTED: dict[str, Any] = {
    "contents_are_cited": {"contents": [PROMPT, FIRST, KITE]},
}


class TestKling3(Current):
    __test__ = True
    plugin = kling_3.plugin
    accepted = (
        TEXT,
        {**TEXT, "settings": {"multi_shot": False, "audio": "native", "duration": 15}},
        {**TEXT, "settings": {"resolution": "1080p", "aspect_ratio": "9:16", "audio": "native"}},
        {**TEXT, "settings": {"resolution": "4k", "duration": 3, "multi_shot": True}},
        {**TEXT, "options": WRITTEN},
        {**FRAMED, "settings": {"resolution": "1080p", "multi_shot": False}},
        {**FRAMED, "settings": {"resolution": "4k", "audio": "native"}},
        {"contents": [{**PROMPT, "text": "@kite_0 @kite_1 @kite_2"}, FIRST, LAST, *elements(3)]},
        Request("k", images=[Image(URL, "last_frame"), Image(URL, "first_frame")]),
        Request("k", watermark=False, extra={"options": WRITTEN}),
        Request(shots=[Shot("k", 3), Shot("l", 4)], images=[Image(URL, "first_frame")]),
        Request(shots=[Shot("k", 3), Shot("l", 4)], duration=7),
        Request(shots=[Shot("k", 1)] * 6, extra={"settings": {"duration": 6}}),
        Request(shots=[Shot("k" * 512, 3.0)]),
    )
    rejected = REJECTED
    noted = NOTED


SILENT = {"audio": "off", "multi_shot": True}
EDITED = {"multi_shot": False}
OMNI_REJECTED: dict[str, Any] = {
    **MISMAPPED,
    "edits_take_no_frames": {"contents": [PROMPT, FIRST, BASE], "settings": EDITED},
    "one_of_each": [
        {"contents": [PROMPT, PROMPT]},
        {"contents": [PROMPT, FIRST, FIRST]},
        {"contents": [PROMPT, FIRST, LAST, LAST]},
        {"contents": [PROMPT, FEATURE, FEATURE]},
        {"contents": [PROMPT, BASE, BASE], "settings": EDITED},
    ],
    "not_too_many": [
        {"contents": [PROMPT, *[REFER] * 8]},
        {"contents": [PROMPT, *[REFER] * 5, *elements(3)]},
        {"contents": [PROMPT, FEATURE, *[REFER] * 4, *elements(1)]},
        {"contents": [PROMPT, BASE, *[REFER] * 5], "settings": EDITED},
        {"contents": [PROMPT, FIRST, *elements(4)]},
    ],
    "ids_differ": {
        "contents": [{**PROMPT, "text": "@a"}, {**REFER, "id": "a"}, {**FIRST, "id": "a"}]
    },
}
OMNI_NOTED: dict[str, Any] = {
    "contents_are_cited": {"contents": [PROMPT, {**REFER, "id": "image_1"}]},
}


class TestOmni(Current):
    __test__ = True
    plugin = kling_3_omni.plugin
    accepted = (
        {"contents": [PROMPT]},
        {"contents": [PROMPT], "settings": {"audio": "native", "aspect_ratio": "1:1"}},
        {"contents": [PROMPT], "settings": {"resolution": "1080p", "duration": 15}},
        {"contents": [PROMPT], "settings": {"resolution": "1080p", "audio": "native"}},
        {"contents": [PROMPT], "settings": {"resolution": "4k", "multi_shot": False}},
        {"contents": [PROMPT], "settings": {"resolution": "4k", "audio": "native"}},
        {"contents": [PROMPT], "options": WRITTEN},
        {"contents": [PROMPT, FIRST, LAST]},
        {"contents": [{**PROMPT, "text": "@kite_0 @kite_1 @kite_2"}, FIRST, *elements(3)]},
        {"contents": [PROMPT, *[REFER] * 7]},
        {"contents": [{**PROMPT, "text": "@kite"}, KITE]},
        {"contents": [PROMPT, FEATURE, *[REFER] * 4], "settings": SILENT},
        {"contents": [PROMPT, FEATURE], "settings": {"resolution": "1080p", "duration": 10}},
        {"contents": [PROMPT, FEATURE], "settings": {"resolution": "4k"}},
        {"contents": [PROMPT, BASE], "settings": {**EDITED, "audio": "original"}},
        {"contents": [PROMPT, BASE, *[REFER] * 4], "settings": EDITED},
        Request("k", images=[Image(URL, "reference")] * 2, videos=[Video(CLIP, "reference")]),
        Request("k", images=[Image(URL, "first_frame")], watermark=False),
        Request("k", videos=[Video(CLIP, "edit")]),
        Request("k", videos=[Video(CLIP, "edit")], extra={"settings": {"multi_shot": False}}),
        Request("k", videos=[Video(CLIP, "edit")], extra={"settings": {"audio": "original"}}),
        Request(shots=[Shot("k", 3), Shot("l", 4)], videos=[Video(CLIP, "reference")]),
        Request(shots=[Shot("k", 1)] * 6, extra={"settings": {"duration": 6}}),
    )
    rejected = OMNI_REJECTED
    noted = OMNI_NOTED
