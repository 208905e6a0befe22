"""The conformance kit on the Veo models."""

import base64
import datetime
import hashlib
import hmac
import json
from typing import Any

from rushes import Answer, Call, Delivery, Event, Request, Result, Status
from rushes.testing import VariantConformance
from rushes_google import veo_3_1

NAME = "models/veo-3.1-generate-preview/operations/abc123"
VIDEO = "https://generativelanguage.googleapis.com/v1beta/files/a936dm:download?alt=media"
OTHER = "https://generativelanguage.googleapis.com/v1beta/files/b936dm:download?alt=media"
TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
IMAGE = {"bytesBase64Encoded": "iVBORw0KGgo=", "mimeType": "image/png"}
ASSET = {"image": IMAGE, "referenceType": "asset"}
SECRET = "whsec_" + base64.b64encode(b"a key of the test's").decode()
BODY = (
    b'{"type": "video.generated", "version": "v1", "timestamp": "2026-01-22T12:00:00Z", '
    b'"data": {"id": "' + NAME.encode() + b'", "output_file_uri": "u", "file_name": "f"}}'
)


def signature(message: bytes, key: bytes = b"a key of the test's") -> str:
    """Sign a message as Standard Webhooks does."""
    return "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


RIGHT = signature(b"msg_1.1800000000." + BODY)
HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": "1800000000"}
SIGNED = Delivery({**HEADERS, "webhook-signature": RIGHT}, BODY)
WHILE_ROTATED = Delivery({**HEADERS, "webhook-signature": f"{signature(b'')} {RIGHT}"}, BODY)
ODD_SECRET = "whsec_b2Rk IQ=="
"""It is not Base64: whoever leaves out the space would sign with b"odd!"."""
ODDLY_SIGNED = Delivery(
    {**HEADERS, "webhook-signature": signature(b"msg_1.1800000000." + BODY, b"odd!")}, BODY
)
NAMELESS = Delivery(
    {**HEADERS, "webhook-id": "", "webhook-signature": signature(b".1800000000." + BODY)}, BODY
)
MADE = Event(remote_id=NAME, verified=True, id="msg_1")


def done(**response: Any) -> dict[str, Any]:
    """Return an operation that has ended, with this in its answer."""
    return {"name": NAME, "done": True, "response": {"@type": TYPE, **response}}


def error(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    """Return an error as every Google API answers."""
    found = {"code": code, "message": message, "status": status}
    return {"error": {**found, "details": list(details)} if details else found}


INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
}


DELAYS = {
    "34s": 34.0, "1.5s": 1.5, "0s": 0.0, "123456789s": 123456789.0,
    "34": None, "s": None, "-3s": None, "1e9s": None, "\u0663s": None, "1234567890s": None,
}  # fmt: skip


class Veo(VariantConformance):
    """The answers of Google, which are the same for every model."""

    __test__ = False
    receipts = (({"name": NAME}, NAME), ({"name": NAME, "done": False}, NAME))
    statuses = (
        ({"name": NAME}, Status(state="in_progress", remote_id=NAME)),
        ({"name": NAME, "done": False}, Status(state="in_progress", remote_id=NAME)),
        (
            done(generateVideoResponse={"generatedSamples": [{"video": {"uri": VIDEO}}]}),
            Status(state="completed", remote_id=NAME, results=(Result(call=Call.get(VIDEO)),)),
        ),
        (
            done(
                generateVideoResponse={
                    "generatedSamples": [{"video": {"uri": VIDEO}}, {"video": {"uri": OTHER}}],
                    "raiMediaFilteredReasons": ["The sound of one was blocked."],
                }
            ),
            Status(
                state="completed",
                remote_id=NAME,
                results=(Result(call=Call.get(VIDEO)), Result(call=Call.get(OTHER), video=2)),
            ),
        ),
        (
            done(
                generateVideoResponse={
                    "raiMediaFilteredCount": 1,
                    "raiMediaFilteredReasons": ["It shows a celebrity."],
                }
            ),
            Status(state="failed", remote_id=NAME, reason="It shows a celebrity."),
        ),
        (
            done(generateVideoResponse={}),
            Status(
                state="failed", remote_id=NAME, reason="nothing was made, and Google says no more"
            ),
        ),
        (
            {"name": NAME, "done": True, "error": {"code": 13, "message": "Internal error."}},
            Status(state="failed", remote_id=NAME, reason="Internal error."),
        ),
        (
            {"name": NAME, "done": True, "error": {"code": 8}},
            Status(state="failed", remote_id=NAME, reason="code 8"),
        ),
    )
    refusals = (
        (400, error(400, "INVALID_ARGUMENT", "API key not valid.", INVALID_KEY), "key"),
        (400, error(400, "INVALID_ARGUMENT", "The value is wrong."), "refused"),
        (400, error(400, "FAILED_PRECONDITION", "Enable billing."), "refused"),
        (403, error(403, "PERMISSION_DENIED", "No."), "key"),
        (404, error(404, "NOT_FOUND", "The model is no longer available."), "refused"),
        (429, error(429, "RESOURCE_EXHAUSTED", "Quota."), "wait"),
        (503, error(503, "UNAVAILABLE", "Overloaded.", INVALID_KEY), "unknown"),
    )
    webhook_secrets = (SECRET, ODD_SECRET)
    deliveries = ((SIGNED, MADE), (WHILE_ROTATED, MADE), (ODDLY_SIGNED, None), (NAMELESS, None))

    def test_an_operation_is_read_from_an_answer_without_an_error_alone(self) -> None:
        made = done(generateVideoResponse={"generatedSamples": [{"video": {"uri": VIDEO}}]})
        odd = {"name": NAME, "done": True, "response": None}
        for http, said in ((500, made), (404, {"name": NAME}), (200, odd)):
            answer = Answer(http, {}, json.dumps(said).encode())
            assert self.ask("parse_status", answer=answer) is None

    def test_the_model_has_ended(self) -> None:
        assert self.variant.ends == datetime.date(2026, 10, 22)

    def test_the_seconds_to_wait_may_stand_in_the_body(self) -> None:
        for delay, seconds in DELAYS.items():
            info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
            found = error(429, "RESOURCE_EXHAUSTED", "Quota.", {"violations": []}, info)
            body = json.dumps(found).encode()
            for headers, least in (({}, seconds), ({"retry-after": "7"}, 7.0)):
                refusal = self.ask("parse_refusal", answer=Answer(429, headers, body))
                assert (refusal.kind, refusal.retry_after) == ("wait", least)


PROMPT = {"prompt": "A red kite"}


def body(instance: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
    """Return a payload with one instance."""
    made: dict[str, Any] = {"instances": [{**PROMPT, **(instance or {})}]}
    return {**made, "parameters": parameters} if parameters else made


SMALL = (
    body(),
    body(durationSeconds=4, personGeneration="allow_all", seed=0, negativePrompt="blur"),
    body(resolution="1080p", durationSeconds=8, aspectRatio="9:16", seed=4294967295),
    body({"image": IMAGE}, durationSeconds=6, personGeneration="allow_adult", sampleCount=1),
    body({"image": IMAGE, "lastFrame": IMAGE}),
    {"instances": [{"image": IMAGE}]},
    Request("A kite", negative_prompt="blur", duration=4, seed=7),
)
LARGE = (
    *SMALL,
    body(resolution="4k"),
    body({"referenceImages": [ASSET, ASSET, ASSET]}, durationSeconds=8),
)


class TestVeo31(Veo):
    __test__ = True
    plugin = veo_3_1.plugin
    accepted = LARGE


class TestFast(Veo):
    __test__ = True
    plugin = veo_3_1.fast
    accepted = LARGE


class TestLite(Veo):
    __test__ = True
    plugin = veo_3_1.lite
    accepted = SMALL
