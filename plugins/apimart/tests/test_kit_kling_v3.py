"""The conformance kit on Kling v3 at APIMart."""

import json

from rushes import Answer, Delivery, Event, Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_apimart import kling_v3

URL = "https://pictures.example.com/a.png"
BASE = {"model": "kling-v3", "prompt": "A red kite"}
KITE = {"name": "kite", "description": "red", "element_input_urls": [URL, URL]}
SHOTS = {
    "model": "kling-v3",
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "Up", "duration": 2},
        {"index": 2, "prompt": "Down", "duration": 3},
    ],
}
TASK = {"id": "t", "status": "completed", "cost": 0.3, "result": {"videos": [{"url": [URL]}]}}
SENT = json.dumps({"data": TASK}).encode()
EXCHANGES = {"upload": [{"url": URL}]}


class TestKlingV3(VariantConformance):
    plugin = kling_v3.plugin
    accepted = (
        BASE,
        SHOTS,
        {**BASE, "mode": "4k", "duration": 15, "image_urls": [URL, URL]},
        {**BASE, "prompt": "@kite flies", "element_list": [KITE]},
        Request(shots=[Shot("k", 3)], images=[Image(URL, "first_frame")]),
        Request(shots=[Shot("k", 2), Shot("l", 3)], extra={"duration": 5}),
    )
    receipts = (
        ({"data": [{"task_id": "t"}]}, "t"),
        ({"data": {"task_id": "t"}}, "t"),
    )
    statuses = (
        (
            {"data": TASK},
            Status(state="completed", remote_id="t", results=(Result(url=URL),), cost=0.3),
        ),
    )
    refusals = (
        (200, {"code": 402, "error": {"message": "no money"}}, "balance"),
        (200, {"code": 400}, "refused"),
    )
    exchanges = EXCHANGES
    deliveries = (
        (
            Delivery({}, SENT),
            Event(remote_id="t", verified=False, answer=Answer(200, {}, SENT)),
        ),
    )
