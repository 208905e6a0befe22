"""The conformance kit on the Kling models at ToAPIs."""

import hashlib
import hmac
from typing import Any

from rushes import Delivery, Event, Image, Request, Result, Status
from rushes.testing import VariantConformance
from rushes_toapis import kling_v2_6, kling_v3, kling_v3_omni

URL = "https://pictures.example.com/a.png"
FIRST = {"url": URL, "role": "first_frame"}
LAST = {"url": URL, "role": "last_frame"}
REFERENCE = {"url": URL, "role": "reference_image"}
BLOCKED = {"code": "content_policy_violation", "message": "no"}
EXCHANGES: dict[str, list[Any]] = {"upload": [{"data": {"url": URL}}], "look_up": [{"id": "t"}]}
V3 = {"model": "kling-v3", "prompt": "A red kite"}
V26 = {"model": "kling-v2-6", "prompt": "A red kite"}
OMNI = {"model": "kling-v3-omni", "prompt": "A red kite"}
CITED = {**OMNI, "prompt": "<<<image_2>>> meets <<<image_1>>>"}
REJECTED = {"cited_images_exist": {**CITED, "image_urls": [URL]}}
NOTED = {"other_tags_pass": {**OMNI, "prompt": "<<<video_1>>>"}}


SECRET = "whsec-0123456789"
EVENT = b'{"type": "generation.completed", "data": {"task_id": "t"}}'
SIGNATURE = hmac.new(SECRET.encode(), b"evt_1.1800000000." + EVENT, hashlib.sha256).hexdigest()
HEADERS = {"x-toapis-webhook-id": "evt_1", "x-toapis-webhook-timestamp": "1800000000"}
SIGNED = Delivery({**HEADERS, "x-toapis-webhook-signature": f"v1={SIGNATURE}"}, EVENT)
WHILE_REPLACED = Delivery(
    {**HEADERS, "x-toapis-webhook-signature": f"v1={'0' * 64},v1={SIGNATURE}"}, EVENT
)
GENERATED = Event(remote_id="t", verified=True, id="evt_1")


class Kling(VariantConformance):
    """The answers of ToAPIs, which are the same for every model."""

    __test__ = False
    receipts = (({"id": "t", "object": "generation.task", "status": "queued"}, "t"),)
    statuses = (
        (
            {"id": "t", "status": "completed", "expires_at": 9, "result": {"data": [{"url": URL}]}},
            Status(state="completed", remote_id="t", results=(Result(url=URL, expires_at=9),)),
        ),
        (
            {"status": "completed", "progress": "90%", "url": URL},
            Status(state="completed", progress=90, results=(Result(url=URL),)),
        ),
        (
            {"status": "failed", "error": BLOCKED},
            Status(state="failed", reason="no"),
        ),
    )
    refusals = (
        (422, {"error": BLOCKED}, "content"),
        (402, {"error": {"message": "no credit"}}, "balance"),
    )
    exchanges = EXCHANGES
    webhook_secrets = (SECRET,)
    deliveries = ((SIGNED, GENERATED), (WHILE_REPLACED, GENERATED))


class TestV3(Kling):
    __test__ = True
    plugin = kling_v3.plugin
    accepted = (
        V3,
        {**V3, "duration": 15, "mode": "pro", "audio": True, "aspect_ratio": "1:1"},
        {**V3, "image_with_roles": [FIRST, LAST]},
        {**V3, "image_with_roles": [FIRST, LAST, REFERENCE]},
        {**V3, "image_with_roles": [FIRST, LAST], "reference_images": [URL]},
        {**V3, "image_with_roles": [REFERENCE], "metadata": {"watermark": True}},
        Request("k", negative_prompt="l", images=[Image(URL, "first_frame")]),
    )


class TestV26(Kling):
    __test__ = True
    plugin = kling_v2_6.plugin
    accepted = (
        V26,
        {**V26, "duration": 10, "mode": "pro", "audio": True, "aspect_ratio": "1:1"},
        {**V26, "negative_prompt": "blur", "image_with_roles": [FIRST, LAST]},
        {**V26, "image_with_roles": [FIRST, LAST], "reference_images": [URL]},
        {**V26, "image_with_roles": [FIRST, REFERENCE]},
        Request("k", watermark=True, images=[Image(URL, "first_frame")]),
    )


class TestV3Omni(Kling):
    __test__ = True
    plugin = kling_v3_omni.plugin
    accepted = (
        OMNI,
        {**OMNI, "mode": "pro", "duration": 10, "metadata": {"a": [1]}},
        {**OMNI, "image_urls": [URL]},
        {**CITED, "image_urls": [URL, URL]},
        Request("k", images=[Image(URL, "reference")]),
        Request("k", extra={"image_urls": [URL]}),
        Request(images=[Image(URL, "reference")], extra={"prompt": "k"}),
    )
    rejected = REJECTED
    noted = NOTED
